"""Append the movies, sums or micrographs that globs find to the sheet, with their batch and split."""

import logging
from collections import Counter
from pathlib import Path

from clearice.config.listing import append_rows, name_rows
from clearice.config.sheet import SHEET_COLUMNS
from clearice.files.found import found_files
from clearice.files.tables import read_table, write_table
from clearice.run.step import run

log = logging.getLogger(__name__)


def list_micrographs(
    *,
    dataset: str,
    sheet: Path = Path("config/micrographs.tsv"),
    movies: list[str] | None = None,
    even: list[str] | None = None,
    odd: list[str] | None = None,
    singles: list[str] | None = None,
    batch_size: int = 50,
    validation_fraction: float = 0.1,
    test_fraction: float = 0.1,
    seed: int = 0,
) -> None:
    """Append what the globs `movies`, or `even` and `odd`, or `singles` find to `sheet`.

    Quote the globs. Rows that are in the sheet stay as they are; new ones start a new batch. The first call
    for a dataset splits its rows into train, validation and test, later calls mark theirs `apply`.
    """
    found = {
        kind: found_files(patterns or [])
        for kind, patterns in (("movie", movies), ("even", even), ("odd", odd), ("single", singles))
    }
    rows = read_table(sheet, SHEET_COLUMNS) if sheet.exists() and sheet.stat().st_size else []
    new = append_rows(
        rows,
        name_rows(dataset, found),
        batch_size=batch_size,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        seed=seed,
    )
    if new:
        write_table(sheet, [*rows, *new], SHEET_COLUMNS)
    splits = Counter(row["split"] for row in new)
    log.info(
        "%d new of %d found; %s: %s",
        len(new),
        sum(map(len, found.values())),
        sheet,
        ", ".join(sorted({row["batch"] for row in new})) or "as it was",
    )
    log.info("marked %s", ", ".join(f"{count} {split}" for split, count in splits.items()) or "none")


run(list_micrographs, globals())
