"""What a run is made of: datasets, their batches, and the files a batch comes from."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from clearice.config.automatic import Taken, for_dataset, taken_for, with_quality
from clearice.config.checks import check_halves, check_together
from clearice.config.experiment import facts_of_owner, known_row, taken_columns
from clearice.config.plausible import check_plausible
from clearice.config.registry import all_pickers
from clearice.config.sheet import Row, check_datasets, check_sheet, kind_of, sources_of
from clearice.config.sizes import AUTO
from clearice.config.variants import kind_of_method, runs_on, stages_of_method
from clearice.config.whole import check_config
from clearice.files.tables import read_table
from clearice.run.batches import OK, read_manifest
from clearice.run.controls import scored_methods
from clearice.run.gpus import has_gpu

log = logging.getLogger(__name__)

LEARN = ("train", "validation")


@dataclass(frozen=True)
class Plan:
    """The configuration and the checked tables of a run.

    Attributes
    ----------
    config
        The merged configuration, with the values of its quality; `auto` stands where a value follows from a dataset.
    datasets
        Typed rows of the datasets table by name.
    batches
        Sheet rows by dataset and batch.
    methods
        The methods of the run.
    scored_methods
        Those that are scored: the methods of the run and the controls it lacks.
    """

    config: Mapping[str, Any]
    datasets: Mapping[str, Mapping[str, Any]]
    batches: Mapping[str, Mapping[str, Sequence[Row]]]
    methods: tuple[str, ...]
    scored_methods: tuple[str, ...]

    @property
    def parts(self) -> list[str]:
        """Return the sums that are denoised: full, even, odd."""
        return list(self.config["run"]["parts"])

    def rows(self, dataset: str, batch: str) -> list[Row]:
        """Return the sheet rows of a batch without batch and split, which no step on a batch depends on."""
        return [
            {key: value for key, value in row.items() if key not in {"batch", "split"}}
            for row in self.batches[dataset][batch]
        ]

    def batches_to_learn(self, dataset: str) -> list[str]:
        """List the batches that hold a train or validation row: appended batches never do."""
        return [
            batch
            for batch, rows in self.batches[dataset].items()
            if any(row["split"] in LEARN for row in rows)
        ]

    def splits(self, dataset: str) -> dict[str, str]:
        """Map the micrographs that learning may use to ``train`` or ``validation``."""
        rows = [row for batch in self.batches[dataset].values() for row in batch]
        return {row["micrograph"]: row["split"] for row in rows if row["split"] in LEARN}

    def column(self, dataset: str, name: str) -> Any:
        """Return a dataset's value of a column of the datasets table, None if unknown."""
        return self.datasets[dataset][name]

    def methods_of(self, dataset: str, methods: Iterable[str]) -> list[str]:
        """Choose those of some methods that are run on a dataset."""
        return [name for name in methods if runs_on(self.config, name, dataset)]

    def filled(self) -> list[str]:
        """List the datasets that have micrographs."""
        return [name for name, batches in self.batches.items() if batches]

    def config_of(self, owner: str) -> Mapping[str, Any]:
        """Return the configuration of a dataset, or of a group whose datasets make one network: without `auto`.

        What no dataset tells (its particle's diameter is unknown) still says `auto`.
        """
        if owner not in self._configs:
            facts = facts_of_owner(self.config, owner, self.datasets)
            self._configs[owner] = for_dataset(self.config, facts)
        return self._configs[owner]

    def simulated_row(self, dataset: str) -> dict[str, Any]:
        """Return a row of the datasets table as a simulation takes it: empty columns have usual values."""
        return known_row(self.datasets[dataset])

    def taken(self) -> dict[str, list[Taken]]:
        """List by dataset what is taken where the user leaves a choice, as far as the run asks for it."""
        found = {}
        for dataset in self.filled():
            methods = self.methods_of(dataset, self.scored_methods)
            stages = {stage for name in methods for stage in stages_of_method(self.config, name)}
            simulates = self.config["simulation"]["movies"] > 0 or any(
                "simulation" in kind_of_method(self.config, name).needs for name in methods
            )
            sections = [*stages, *(["training"] if stages else []), *(["simulation"] if simulates else [])]
            sections += ["evaluation", "picking"] if self.column(dataset, "particle_diameter_A") else []
            row = self.datasets[dataset]
            compared = any(all_pickers()[name].templates for name in self.config["picking"]["pickers"])
            columns = [
                one
                for one in taken_columns(row)
                if simulates or (compared and one.name == "structures" and row["structures"] == AUTO)
            ]
            facts = facts_of_owner(self.config, dataset, self.datasets)
            found[dataset] = columns + taken_for(self.config, facts, sections)
        return found

    @cached_property
    def _configs(self) -> dict[str, Mapping[str, Any]]:
        """Keep the configurations of datasets that were asked for."""
        return {}


def make_plan(config: Mapping[str, Any]) -> Plan:
    """Check the configuration and read its tables.

    The controls of the scores are run on the scored batches alone, but checked like every method.

    Parameters
    ----------
    config
        The merged configuration.

    Raises
    ------
    ValueError
        One line for each complaint about the configuration or a table.
    """
    check_config(config)
    config = with_quality(config)
    if config["gpus_per_job"] == AUTO:
        config["gpus_per_job"] = int(has_gpu())
    scored = scored_methods(config)
    checked = {**config, "run": {**config["run"], "methods": scored}}
    tables = {}
    for name in ("datasets", "micrographs"):
        path = Path(config[name])
        if not path.is_file():
            raise ValueError(f"config: {name} is {path}, but there is no such file; see config/README.md")
        tables[name] = read_table(path)
    datasets = check_datasets(tables["datasets"], config["datasets"])
    check_plausible(datasets, config["datasets"])
    rows = check_sheet(tables["micrographs"], datasets, config["micrographs"])
    check_together(checked, datasets)
    kinds: dict[str, set[str]] = {}
    for row in rows:
        kinds.setdefault(row["dataset"], set()).add(kind_of(row))
    check_halves(checked, kinds)
    batches: dict[str, dict[str, list[Row]]] = {dataset: {} for dataset in datasets}
    for row in rows:
        batches[row["dataset"]].setdefault(row["batch"], []).append(row)
    return Plan(config, datasets, batches, tuple(config["run"]["methods"]), tuple(scored))


def sources_of_batch(rows: Sequence[Row], manifest: Path, shared: Sequence[str]) -> list[str]:
    """List the files a batch of sums depends on: those that exist, and those its sums were made from.

    A file that is missing from the start is not listed, so the plan stands and the step writes a failed row;
    when it appears, the list grows and the batch is made again. A file removed after success stays listed:
    its sums are then older material without a source, which Snakemake keeps as they are. Where the manifest
    alone is gone (`retry_failures.py`), sums that lie there count as made: Snakemake then misses the source
    and stops, instead of clearing the folder.

    Parameters
    ----------
    rows
        Sheet rows of the batch.
    manifest
        Where the batch's manifest is, or will be.
    shared
        Further files of the dataset (gain, defects).
    """
    made = (
        _made_before(manifest, manifest.stat().st_mtime_ns)
        if manifest.is_file()
        else frozenset(path.stem for path in manifest.parents[2].glob(f"*/{manifest.parent.name}/*.mrc"))
    )
    listed, gone = [], []
    for row in rows:
        for source in sources_of(row):
            if os.path.exists(source):  # noqa: PTH110 (ten thousand movies: Path costs twice as much)
                listed.append(source)
            elif row["micrograph"] in made:
                listed.append(source)
                gone.append(source)
    if gone:
        log.warning(
            "%s: %d source files are gone; the sums made from them are kept", manifest.parent, len(gone)
        )
    return [*listed, *(path for path in shared if Path(path).exists() or made)]


@lru_cache(maxsize=100_000)
def _made_before(manifest: Path, changed_ns: int) -> frozenset[str]:
    """Name the micrographs whose sums exist; read once for each time the manifest changes."""
    try:
        return frozenset(row.micrograph for row in read_manifest(manifest) if row.status == OK)
    except ValueError:
        return frozenset()
