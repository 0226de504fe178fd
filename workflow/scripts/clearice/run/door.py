"""What is found before anything starts: files that are missing, and sizes that do not fit the images there are.

Done once a run, in the main process: no more than the header of one file of a dataset is read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clearice.config.registry import all_pickers
from clearice.config.sheet import Row, parse_structures, sources_of
from clearice.config.variants import kind_of_method
from clearice.run.batches import OK, read_manifest
from clearice.run.field_sizes import check_simulation, check_sizes, simulates, where
from clearice.run.plan import Plan
from clearice.run.products import manifest_of

MOST_NAMED = 3


def check_door(plan: Plan) -> list[str]:
    """Check what a run needs of files, and whether its sizes fit them.

    Returns
    -------
    list of str
        What stops nothing and should be known.

    Raises
    ------
    ValueError
        One line for each complaint.
    """
    found, doubts = list(_networks(plan)), list(_folders(plan))
    for dataset in plan.datasets:
        found += [*_structures(plan, dataset), *check_simulation(plan, dataset), *_corrections(plan, dataset)]
    for dataset in plan.filled():
        present, missing, unmade = _sources(plan, dataset)
        names = ", ".join(missing[:MOST_NAMED]) + (", ..." if len(missing) > MOST_NAMED else "")
        if missing and len(missing) == unmade and not present:
            found.append(
                f"{plan.config['micrographs']}: none of the {len(missing)} files of dataset {dataset} is there ({names}); paths "
                "are relative to the folder in which snakemake is started; correct them, or list the files again"
            )
        elif missing:
            doubts.append(
                f"{plan.config['micrographs']}: {len(missing)} files of dataset {dataset} are missing ({names}); "
                "their micrographs will be failed rows"
            )
        found += check_sizes(plan, dataset, present)
    if found:
        raise ValueError("\n".join(dict.fromkeys(found)))
    return doubts


def _structures(plan: Plan, dataset: str) -> Iterator[str]:
    """Complain of atomic models that are not there."""
    needed = any(all_pickers()[name].templates for name in plan.config["picking"]["pickers"])
    text = plan.simulated_row(dataset).get("structures")
    if not text or not (needed or simulates(plan, dataset)):
        return
    for path in parse_structures(text, dataset):
        if not Path(path).is_file():
            yield f"{where(plan, dataset)}: structures names {path}, but there is no such file; correct the path"


def _corrections(plan: Plan, dataset: str) -> Iterator[str]:
    """Complain of a gain or a list of defects that is not there, while there are sums to make."""
    unmade = [batch for batch in plan.batches[dataset] if not _sums_of(dataset, batch).is_file()]
    for name in ("gain", "defects"):
        path = plan.column(dataset, name)
        if path and unmade and not Path(path).is_file():
            yield (
                f"{where(plan, dataset)}: {name} is {path}, but there is no such file; correct the path, or leave the "
                "cell empty"
            )


def _networks(plan: Plan) -> Iterator[str]:
    """Complain of networks that a user gives and that are not there."""
    for name in plan.scored_methods:
        path = plan.config["methods"][name].get("file")
        if "network" in kind_of_method(plan.config, name).needs and path and not Path(path).is_file():
            yield f"config: methods.{name}.file is {path}, but there is no such file; correct the path"


def _folders(plan: Plan) -> Iterator[str]:
    """Name folders of the evaluation that a user gives and that are not there: then nothing is compared with them."""
    for name in ("coordinates", "second_exposure"):
        folder = plan.config["evaluation"][name]
        if plan.config["evaluation"]["batches"] and folder != name and not Path(folder).is_dir():
            yield f"config: evaluation.{name} is {folder}, but there is no such folder; scores go without it"


def _sources(plan: Plan, dataset: str) -> tuple[str, list[str], int]:
    """Find the first file of a dataset that is there, those that are missing and not summed yet, and how many are to sum."""
    present, missing, unmade = "", [], 0
    folders: dict[str, set[str]] = {}
    for batch, rows in plan.batches[dataset].items():
        made = _made(dataset, batch)
        for row in rows:
            for source in () if row["micrograph"] in made else sources_of(row):
                unmade += 1
                if not _is_there(source, folders):
                    missing.append(source)
                else:
                    present = present or source
    return present or _first_there(plan.batches[dataset].values()), missing, unmade


def _first_there(batches: Any) -> str:
    """Find a source of the first row, where all are summed."""
    first: Row = next(iter(batches))[0]
    return next((source for source in sources_of(first) if Path(source).is_file()), "")


def _is_there(source: str, folders: dict[str, set[str]]) -> bool:
    """Return whether a file exists, by one look into its folder."""
    folder, name = os.path.split(source)
    if folder not in folders:
        try:
            folders[folder] = set(os.listdir(folder or "."))  # noqa: PTH208 (ten thousand names)
        except OSError:
            folders[folder] = set()
    return name in folders[folder]


def _made(dataset: str, batch: str) -> frozenset[str]:
    """Name the micrographs of a batch whose sums are made."""
    manifest = _sums_of(dataset, batch)
    if not manifest.is_file():
        return frozenset()
    return frozenset(row.micrograph for row in read_manifest(manifest) if row.status == OK)


def _sums_of(dataset: str, batch: str) -> Path:
    """Name the manifest of the sums of a batch."""
    return Path(manifest_of(dataset, "sums", "full", batch))
