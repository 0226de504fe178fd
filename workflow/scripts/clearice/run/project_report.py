"""What is told of a project that was started: its files, its values and whose they are, what to type next."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from clearice.config.acquisition import Acquisition, text_of
from clearice.config.sheet import SPLITS, Row
from clearice.config.tables import DatasetRow
from clearice.run.project import DATASETS, SETTINGS, SHEET, unknown_columns

ROOT = Path(__file__).resolve().parents[4]


def report(
    folder: Path, dataset: str, found: Acquisition, rows: Sequence[Row], methods: Sequence[str] | None
) -> str:
    """Describe what was written, what is known and whose it is, what is not, and what to type next.

    Parameters
    ----------
    folder
        The project's.
    dataset
        Name of the dataset.
    found
        What is known of it.
    rows
        Its new rows of the sheet.
    methods
        The methods of new settings; None where settings were there.
    """
    splits = Counter(row["split"] for row in rows)
    batches = len({row["batch"] for row in rows})
    show, do = commands(folder)
    settings = (
        "as it was; see that its methods suit this dataset (a method may name its datasets)"
        if methods is None
        else f"methods {', '.join(methods)}"
    )
    left_out = (
        ["    n2n is left out: it learns from movies, or from even and odd sums, of which it needs three"]
        if methods is not None and "n2n" not in methods
        else []
    )
    lines = [
        f"new project in {folder}" if methods is not None else f"one dataset more in {folder}",
        "",
        "Written",
        f"  {folder / DATASETS}: dataset {dataset}",
        f"  {folder / SHEET}: {len(rows)} rows in {batches} {'batch' if batches == 1 else 'batches'}: "
        + ", ".join(f"{splits[name]} {name}" for name in SPLITS if splits[name]),
        f"  {folder / SETTINGS}: {settings}",
        *left_out,
        "",
        f"Known of {dataset}",
        *(
            f"  {column:<24} {text_of(found.values[column]):<12} {found.origins[column]}"
            for column in DatasetRow.model_fields
            if column in found.values
        ),
    ]
    unknown = unknown_columns(found.values)
    if unknown:
        lines += [
            "",
            f"Not known (fill in {folder / DATASETS}, then add nt2c to the methods in {folder / SETTINGS})",
        ]
        lines += [f"  {column:<24} needed for {use}" for column, use in unknown.items()]
    if found.notes:
        lines += ["", "To check", *(f"  - {note}" for note in found.notes)]
    lines += ["", "Type next", f"  {show}    # shows what would be done", f"  {do}    # does it"]
    return "\n".join(lines)


def commands(folder: Path) -> tuple[str, str]:
    """Write the commands that show what a project would do, and do it, for the shell that is open."""
    here = os.path.relpath(ROOT)
    root = ROOT if here.startswith("..") else Path(here)
    words = ["--profile", str(root / "profiles" / "local")]
    if root != Path():
        words = ["--snakefile", str(root / "Snakefile"), *words]
    words += ["--directory", str(folder), "--configfile", str(folder / SETTINGS)]
    return shlex.join(["snakemake", "-n", *words]), shlex.join(["snakemake", *words])
