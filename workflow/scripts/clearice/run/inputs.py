"""Which files a job reads; every function's parameters are named like the wildcards of its rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from clearice.config.registry import all_pickers
from clearice.config.sheet import parse_structures
from clearice.config.variants import (
    kind_of_method,
    members_of,
    stage_setting,
    stages_of_method,
    variant_before,
    variant_of,
)
from clearice.files.companions import companion_files
from clearice.files.names import bare_name
from clearice.run.places import Kind, batch_kind, noise_of, real_of
from clearice.run.plan import Plan, sources_of_batch
from clearice.run.products import Products, manifest_of

Inputs = Mapping[str, str | Sequence[str]]


class JobInputs:
    """The files that jobs read."""

    def __init__(self, plan: Plan, products: Products) -> None:
        self._plan, self._config, self._products = plan, plan.config, products

    def sources_of_sums(self, dataset: str, batch: str) -> list[str]:
        """List the files the sums of a batch depend on; missing movies do not stop the plan.

        Raises
        ------
        ValueError
            No row of the sheet is in that batch.
        """
        if batch not in self._plan.batches.get(dataset, {}):
            raise ValueError(f"no row of {self._config['micrographs']} is in batch {batch} of {dataset}")
        row = self._plan.datasets[dataset]
        return sources_of_batch(
            self._plan.batches[dataset][batch],
            Path(f"results/{dataset}/sums/full/{batch}/manifest.tsv"),
            [row[name] for name in ("gain", "defects") if row[name]],
        )

    def sums_of_dataset(self, dataset: str) -> list[str]:
        """List the manifests of all full sums of a dataset."""
        return [manifest_of(dataset, "sums", "full", batch) for batch in self._plan.batches[dataset]]

    def micrographs(self, dataset: str, part: str, batch: str) -> str:
        """Find the manifest a denoiser reads: sums (b0001), simulated (s0001) or pure noise (n0001)."""
        folders = {
            Kind.REAL: ("sums", part),
            Kind.SIMULATED: ("simulated", "noisy"),
            Kind.NOISE: ("null", part),
        }
        return manifest_of(dataset, *folders[batch_kind(batch)], batch)

    def statistics(self, dataset: str, part: str, batch: str) -> str | list[str]:
        """Find the real micrographs whose statistics hold for pure noise; none for other batches."""
        if batch_kind(batch) != Kind.NOISE:
            return []
        return manifest_of(dataset, "sums", part, real_of(batch))

    def other_half(self, dataset: str, part: str, number: str) -> str:
        """Find the raw half of a dose whose noise is independent of that of a half."""
        return manifest_of(dataset, "sums", {"even": "odd", "odd": "even"}[part], f"b{number}")

    def network(self, method: str, dataset: str) -> str:
        """Find the network file a method denoises a dataset with."""
        return self._products.network(method, dataset)

    def evidence(self, method: str, dataset: str, part: str, batch: str) -> Inputs:
        """Find what a filter is told of the noise, if it asks: noise patches or particle-free boxes.

        Noise patches are places in real micrographs; in simulated ones the particle-free boxes are known.
        """
        if "noise" not in kind_of_method(self._config, method).needs:
            return {}
        real = real_of(batch)
        if "extract_noise" in stages_of_method(self._config, method) and batch_kind(batch) != Kind.SIMULATED:
            variant = variant_of(self._config, method, "extract_noise")
            folder = f"results/{dataset}/noise/{variant}/{real}"
            found = {"patches": f"{folder}/manifest.tsv", "positions": f"{folder}/positions.tsv"}
        else:
            found = {"regions": manifest_of(dataset, "regions", real)}
        return {**found, "statistics": self.statistics(dataset, part, batch)}

    def training_pairs(self, stage: str, dataset: str, variant: str) -> Inputs:
        """List what a denoiser learns from: noisy images, targets (none for single ones), first weights."""
        if stage == "noise2noise":
            paired = stage_setting(self._config, variant, stage, "pairing") == "noise2noise"
            return {
                "noisy": self._sums_to_learn(dataset, "even" if paired else "full"),
                "target": self._sums_to_learn(dataset, "odd") if paired else [],
            }
        if stage == "coarse":
            return {
                "noisy": self._products.simulated(dataset, "noisy"),
                "target": self._products.simulated(dataset, "clean"),
            }
        before = variant_before(self._config, variant, "reweight")
        found: dict[str, str | Sequence[str]] = {
            "noisy": self._products.reweighted(dataset, before, "noisy"),
            "target": self._products.reweighted(dataset, before, "clean"),
        }
        if stage_setting(self._config, variant, stage, "warm_start"):
            coarse = variant_before(self._config, variant, "coarse")
            found["start"] = f"results/{dataset}/models/coarse/{coarse}.pt"
        return found

    def splits_to_learn(self, stage: str, dataset: str) -> dict[str, str]:
        """Map what learning may use to its split: dataset/micrograph, or simulated micrographs by name."""
        if stage != "noise2noise":
            return self._products.simulated_splits
        return {
            f"{member}/{name}": split
            for member in members_of(self._config, dataset)
            for name, split in self._plan.splits(member).items()
        }

    def truth_folder(self, dataset: str, batch: str) -> str:
        """Name the folder that holds the truth about a simulated batch."""
        return f"results/{dataset}/simulated/truth/{batch}"

    def structures(self, dataset: str) -> list[str]:
        """List the atomic models of a dataset."""
        return list(parse_structures(self._plan.simulated_row(dataset)["structures"], dataset))

    def detector_files(self, dataset: str) -> list[str]:
        """List the MTF file of a dataset whose detector is given as one."""
        detector = self._plan.simulated_row(dataset)["detector"]
        return [detector] if detector.endswith(".star") else []

    def templates(self, picker: str, dataset: str) -> str | list[str]:
        """Find the projections a picker compares with, where it needs them."""
        return f"results/{dataset}/templates/{picker}.mrcs" if self._products.needs_templates(picker) else []

    def decoys(self, picker: str, dataset: str, method: str, part: str, batch: str) -> Inputs:
        """List what a picker found in pure noise, which tells how many picks of real micrographs are false.

        That of the scored batches, whichever batch is picked: they are the first ones, so a batch that is
        appended reruns none. There is none for simulated micrographs, whose noise is another one.
        """
        asked = all_pickers()[picker].scores_compare
        known = dataset in self._products.scored_datasets and method in self._plan.scored_methods
        if not asked or not known or batch_kind(batch) is not Kind.REAL:
            return {}
        real, _ = self._products.scored_batches(dataset)
        folder = f"results/{dataset}/picks/{picker}/{method}/{part}"
        return {
            f"decoy_{name}": [f"{folder}/{noise_of(one)}/{name}.tsv" for one in real]
            for name in ("candidates", "summary")
        }

    def guide(self, dataset: str, batch: str) -> str:
        """Find the denoised micrographs that show where noise is pure."""
        return manifest_of(dataset, "denoised", self._config["nt2c"]["guide"], "full", batch)

    def noise_to_learn(self, dataset: str, variant: str) -> list[str]:
        """List the noise patches of the batches that learning may use."""
        before = variant_before(self._config, variant, "extract_noise")
        return [
            manifest_of(dataset, "noise", before, batch) for batch in self._plan.batches_to_learn(dataset)
        ]

    def sources_of_noise(self, dataset: str, variant: str) -> Inputs:
        """List what synthetic noise is drawn from: patches, and a generator where the source is gan."""
        found: dict[str, str | Sequence[str]] = {"noise": self.noise_to_learn(dataset, variant)}
        if stage_setting(self._config, variant, "sample_noise", "source") == "gan":
            before = variant_before(self._config, variant, "noise_gan")
            found["model"] = f"results/{dataset}/models/noise_gan/{before}.pt"
        return found

    def synthetic_noise(self, dataset: str, variant: str) -> str:
        """Find the synthetic noise that simulated pairs are re-weighted with."""
        before = variant_before(self._config, variant, "sample_noise")
        return f"results/{dataset}/noise/{before}/synthetic.mrcs"

    def companions(self, key: str) -> Callable[..., list[str]]:
        """Make the function that lists the files given beside a batch's micrographs in a folder.

        Those that exist: one that appears later makes its batch anew.
        """

        def found(dataset: str, batch: str) -> list[str]:
            folder = Path(self._config["evaluation"][key], dataset)
            own = {
                path
                for row in self._plan.rows(dataset, batch)
                for path in companion_files(folder, row["micrograph"])
            }
            return sorted(map(str, own | set(companion_files(folder.parent, folder.name))))

        return found

    def names_alike(self, dataset: str, batch: str) -> list[str]:
        """List micrographs of other batches that the names of a batch's could be taken for, but for decorations."""
        batches = self._plan.batches[dataset]
        own = {row["micrograph"] for row in batches.get(batch, [])}  # a simulated batch is in no sheet
        bare = {bare_name(name) for name in own}
        names = {row["micrograph"] for rows in batches.values() for row in rows} - own
        return sorted(name for name in names if bare_name(name) in bare)

    def companion_folder(self, key: str) -> Callable[..., str]:
        """Make the function that names that folder."""
        return lambda dataset: str(Path(self._config["evaluation"][key], dataset))

    def _sums_to_learn(self, owner: str, part: str) -> list[str]:
        """List the manifests of the batches with rows to learn from, of a dataset or of all in a group."""
        return [
            manifest_of(dataset, "sums", part, batch)
            for dataset in members_of(self._config, owner)
            for batch in self._plan.batches_to_learn(dataset)
        ]
