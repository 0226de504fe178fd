"""What a run makes: the files of its targets, as paths under ``results/``."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path

from clearice.config.registry import all_pickers
from clearice.config.variants import kind_of_method, model_owner, runs_on, stages_of_method, variant_of
from clearice.run.places import SIMULATED_TEST, noise_of
from clearice.run.plan import Plan
from clearice.run.simulated import simulated_batches, simulated_splits

Values = str | Iterable[str]
"""A value of a wildcard, or several."""

DENOISED = "results/{dataset}/denoised/{method}/{part}/{batch}/manifest.tsv"


class Products:
    """The files of a run.

    Attributes
    ----------
    simulated_sizes, movie_sizes
        Batches of simulated micrographs to learn from, and of simulated movies, with the number in each.
    simulated_splits
        Split of every simulated micrograph to learn from.
    scored_datasets
        Datasets with micrographs of which the particle's diameter is known.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan, self._config = plan, plan.config
        settings = self._config["simulation"]
        self.simulated_sizes = simulated_batches(settings["micrographs"], settings["batch_size"])
        self.movie_sizes = simulated_batches(settings["movies"], settings["batch_size"], "m")
        self.simulated_splits = simulated_splits(self.simulated_sizes, settings["validation_fraction"])
        self.scored_datasets = [
            name
            for name in plan.filled()
            if self._config["evaluation"]["batches"] and plan.column(name, "particle_diameter_A")
        ]
        self._pickers = list(self._config["picking"]["pickers"])

    @property
    def scored_methods(self) -> list[str]:
        """List the methods that are scored, or that are run where nothing is."""
        return list(self._plan.scored_methods if self.scored_datasets else self._plan.methods)

    def each_batch(self, pattern: str, **wanted: Values) -> list[str]:
        """Fill a path pattern for all batches of all datasets, and for all values of further wildcards."""
        return [
            path
            for dataset, batches in self._plan.batches.items()
            for batch in batches
            for path in filled(pattern, dataset=dataset, batch=batch, **self._of_dataset(dataset, wanted))
        ]

    def each_shown_batch(self, pattern: str, **wanted: Values) -> list[str]:
        """Fill a path pattern for the batches whose pictures the report shows: the first of all datasets."""
        previews = self._config["previews"]
        count = -(-previews["in_report"] // max(1, previews["per_batch"]))
        return [
            path
            for dataset in self._plan.filled()
            for path in filled(
                pattern,
                dataset=dataset,
                batch=list(self._plan.batches[dataset])[:count],
                **self._of_dataset(dataset, wanted),
            )
        ]

    def each_dataset(self, pattern: str) -> list[str]:
        """Fill a path pattern for all datasets that have micrographs."""
        return filled(pattern, dataset=self._plan.filled())

    def each_scored_dataset(self, pattern: str) -> list[str]:
        """Fill a path pattern for all datasets that are scored."""
        return filled(pattern, dataset=self.scored_datasets)

    def simulated_movies(self, pattern: str) -> list[str]:
        """Fill a path pattern for all simulated movies of all datasets."""
        return filled(pattern, dataset=self._plan.batches, batch=self.movie_sizes)

    def simulated(self, dataset: str, what: str) -> list[str]:
        """List the manifests of all simulated batches to learn from: noisy, clean or truth."""
        return [manifest_of(dataset, "simulated", what, batch) for batch in self.simulated_sizes]

    def reweighted(self, dataset: str, variant: str, what: str) -> list[str]:
        """List the manifests of all re-weighted batches of a variant: noisy or clean."""
        return [manifest_of(dataset, "reweighted", variant, what, batch) for batch in self.simulated_sizes]

    def simulated_in(self, batch: str) -> int:
        """Count the micrographs of a simulated batch."""
        if batch == SIMULATED_TEST:
            return int(self._config["simulation"]["test_micrographs"])
        return self.simulated_sizes[batch]

    def needs_templates(self, picker: str) -> bool:
        """Return whether a picker compares with projections of the dataset's structures."""
        return all_pickers()[picker].templates is not None

    def network(self, method: str, dataset: str) -> str:
        """Find the network file a method denoises a dataset with."""
        stage = kind_of_method(self._config, method).network
        if not stage:
            return str(self._config["methods"][method]["file"])
        owner, variant = model_owner(self._config, method, dataset), variant_of(self._config, method, stage)
        return f"results/{owner}/models/{stage}/{variant}.pt"

    def networks(self) -> list[str]:
        """List the networks that are trained for the methods of the run."""
        trained = [name for name in self._plan.methods if kind_of_method(self._config, name).network]
        return sorted(
            {
                self.network(name, dataset)
                for dataset in self._plan.filled()
                for name in self._plan.methods_of(dataset, trained)
            }
        )

    def learned_from(self, stage: str) -> list[str]:
        """List the manifests that networks of the run learn from, of stage simulated, noise or reweighted.

        Those that lie there, and those of networks that are not made yet: who clears them away after a
        training must not have them made again for a list of failures.
        """
        listed = []
        for method, dataset in itertools.product(self.scored_methods, self._plan.filled()):
            if not runs_on(self._config, method, dataset):
                continue
            kind, stages = kind_of_method(self._config, method), stages_of_method(self._config, method)
            made = bool(kind.network) and Path(self.network(method, dataset)).exists()
            found: list[str] = []
            if stage == "simulated" and "simulation" in kind.needs:
                found = self.simulated(dataset, "noisy")
            elif stage == "noise" and "extract_noise" in stages:
                variant = variant_of(self._config, method, "extract_noise")
                found = [
                    manifest_of(dataset, "noise", variant, batch) for batch in self._noisy(method, dataset)
                ]
            elif stage == "reweighted" and "reweight" in stages:
                found = self.reweighted(dataset, variant_of(self._config, method, "reweight"), "noisy")
            listed += [path for path in found if not made or Path(path).exists()]
        return list(dict.fromkeys(listed))

    def _of_dataset(self, dataset: str, wanted: Mapping[str, Values]) -> dict[str, Values]:
        """Leave out the methods that are not run on a dataset."""
        if "method" not in wanted:
            return dict(wanted)
        named = wanted["method"]
        methods = [named] if isinstance(named, str) else named
        return {**wanted, "method": self._plan.methods_of(dataset, methods)}

    def _noisy(self, method: str, dataset: str) -> list[str]:
        """List the batches whose noise patches a method rests on.

        A network learns from those of some batches, a filter is told of those of every batch it has not filtered yet.
        """
        if kind_of_method(self._config, method).network:
            return self._plan.batches_to_learn(dataset)
        return [
            batch
            for batch in self._plan.batches[dataset]
            if not Path(manifest_of(dataset, "denoised", method, self._plan.parts[0], batch)).exists()
            or Path(
                manifest_of(dataset, "noise", variant_of(self._config, method, "extract_noise"), batch)
            ).exists()
        ]

    def scored_batches(self, dataset: str) -> tuple[list[str], list[str]]:
        """List the scored batches of a dataset: the first of the sheet, and the simulated test batch."""
        real = list(self._plan.batches[dataset])[: self._config["evaluation"]["batches"]]
        methods = self._plan.methods_of(dataset, self.scored_methods)
        simulates = any("simulation" in kind_of_method(self._config, name).needs for name in methods)
        test = simulates and self._config["simulation"]["test_micrographs"]
        return real, [SIMULATED_TEST] if test else []

    def scores_of_dataset(self, dataset: str) -> list[str]:
        """List all tables of scores of a dataset: every method and part, with the picks of every picker."""
        real, test = self.scored_batches(dataset)
        table = f"results/{dataset}/scores/{{method}}/{{part}}/{{batch}}{{picks}}.tsv"
        picks = ["", *(f".{picker}" for picker in self._pickers)]
        methods = self._plan.methods_of(dataset, self.scored_methods)
        return [
            *filled(table, method=methods, part=self._plan.parts, batch=real, picks=picks),
            *filled(table, method=methods, part="full", batch=test, picks=picks),
        ]

    def summaries_of_picks(self) -> list[str]:
        """List the summaries of the picks of all scored batches of real micrographs."""
        pattern = "results/{dataset}/picks/{picker}/{method}/{part}/{batch}/summary.tsv"
        return self.scored(pattern, "real", picker=self._pickers, method=self.scored_methods)

    def scored(self, pattern: str, *kinds: str, **wanted: Values) -> list[str]:
        """Fill a path pattern for the scored batches of some kinds: real, noise or simulated."""
        found = []
        for dataset in self.scored_datasets:
            real, test = self.scored_batches(dataset)
            batches = {"real": real, "noise": [noise_of(name) for name in real], "simulated": test}
            for kind in kinds:
                parts = ["full"] if kind == "simulated" else self._plan.parts
                values = {"dataset": dataset, "batch": batches[kind], "part": parts, **wanted}
                found += filled(pattern, **self._of_dataset(dataset, values))
        return list(dict.fromkeys(found))

    def denoised_for_scores(self) -> list[str]:
        """List what is denoised for the scores alone: pure noise, simulated micrographs, all by a control."""
        controls = [name for name in self.scored_methods if name not in self._plan.methods]
        return [
            *self.scored(DENOISED, "noise", "simulated", method=self.scored_methods),
            *self.scored(DENOISED, "real", method=controls),
        ]

    def counted(self) -> list[str]:
        """List the manifests whose failures count: sums, and what the methods of the run denoised."""
        return [
            *self.each_batch("results/{dataset}/sums/full/{batch}/manifest.tsv"),
            *self.each_batch(DENOISED, method=self._plan.methods, part=self._plan.parts),
        ]

    def watched(self) -> list[str]:
        """List all manifests whose failures are told, in the order of the stages: first those that count."""
        return [*self.counted(), *self.behind_scores()]

    def behind_scores(self) -> list[str]:
        """List the manifests of all that trainings and scores rest on, beside those that count."""
        folder = "results/{dataset}/"
        of_full = "full" in self._plan.parts
        return [
            *self.learned_from("simulated"),
            *self.scored(f"{folder}simulated/noisy/{{batch}}/manifest.tsv", "simulated"),
            *self.learned_from("noise"),
            *self.learned_from("reweighted"),
            *self.scored(f"{folder}reference_coordinates/{{batch}}/manifest.tsv", "real", "simulated"),
            *(self.scored(f"{folder}second_exposure/{{batch}}/manifest.tsv", "real") if of_full else []),
            *self.scored(f"{folder}regions/{{batch}}/manifest.tsv", "real", "simulated"),
            *self.scored(f"{folder}null/{{part}}/{{batch}}/manifest.tsv", "noise"),
            *self.denoised_for_scores(),
            *self.scored(
                f"{folder}picks/{{picker}}/{{method}}/{{part}}/{{batch}}/manifest.tsv",
                "real",
                "noise",
                "simulated",
                picker=self._pickers,
                method=self.scored_methods,
            ),
        ]


def manifest_of(dataset: str, *folders: str) -> str:
    """Name the manifest of a batch folder of a dataset."""
    return f"results/{dataset}/{'/'.join(folders)}/manifest.tsv"


def filled(pattern: str, **wanted: Values) -> list[str]:
    """Fill a path pattern for all values of its wildcards; a text is one value."""
    values = [[value] if isinstance(value, str) else list(value) for value in wanted.values()]
    return [pattern.format(**dict(zip(wanted, choice, strict=True))) for choice in itertools.product(*values)]
