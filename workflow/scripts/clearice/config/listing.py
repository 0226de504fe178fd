"""Rows of the sheet made of the files that were found, with the batch and the split that each row keeps."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from os.path import normpath

from clearice.config.sheet import SOURCES, Row, sources_of
from clearice.files.names import micrograph_name

_HALF = re.compile(r"(^|[._-])(evn|even|odd)(?=$|[._-])", re.IGNORECASE)  # a word of its own, as in x_EVN


def append_rows(
    sheet: Sequence[Row],
    new: Sequence[Row],
    *,
    batch_size: int,
    validation_fraction: float,
    test_fraction: float,
    seed: int,
) -> list[Row]:
    """Append new rows with their batch and split; rows that are there keep theirs and are not repeated.

    The first call for a dataset splits it into train, validation and test; rows found later start a new batch
    and are marked ``apply``, so that new movies never change what a model was trained on.

    Parameters
    ----------
    sheet
        Rows that exist.
    new
        Rows of one dataset without batch and split, in the order wanted.
    batch_size
        Most rows of a batch.
    validation_fraction, test_fraction
        Shares of the dataset's first rows, 0 to 1.
    seed
        Seed of the split.

    Returns
    -------
    list of dict
        The rows to append.

    Raises
    ------
    ValueError
        One name stands for two different files.
    """
    known = {(row["dataset"], row["micrograph"]): sources_of(row) for row in sheet}
    fresh: list[Row] = []
    for row in new:
        key = (row["dataset"], row["micrograph"])
        if key not in known:
            known[key] = sources_of(row)
            fresh.append(row)
        elif list(map(normpath, known[key])) != list(map(normpath, sources_of(row))):
            raise ValueError(
                f"micrograph {key[1]!r} of dataset {key[0]!r} would stand for {', '.join(known[key])} and for "
                f"{', '.join(sources_of(row))}; rename one file, or give the second its own dataset"
            )
    if not fresh:
        return []
    dataset = fresh[0]["dataset"]
    batches = [_number_of(row) for row in sheet if row["dataset"] == dataset]
    first = max(batches, default=0) + 1
    splits = (
        ["apply"] * len(fresh)
        if batches
        else _split([row["micrograph"] for row in fresh], validation_fraction, test_fraction, seed)
    )
    return [
        {**row, "batch": f"b{first + index // batch_size:04d}", "split": split}
        for index, (row, split) in enumerate(zip(fresh, splits, strict=True))
    ]


def _number_of(row: Row) -> int:
    """Return the number of a row's batch."""
    if not re.fullmatch("b[0-9]{4,9}", row["batch"]):
        raise ValueError(
            f"micrograph {row['micrograph']} of the sheet is in batch {row['batch']!r}; correct that row"
        )
    return int(row["batch"][1:])


def _split(names: Sequence[str], validation_fraction: float, test_fraction: float, seed: int) -> list[str]:
    """Mark names train, validation or test, by a shuffle that depends on the seed and the names alone."""
    order = sorted(range(len(names)), key=lambda i: hashlib.sha256(f"{seed}/{names[i]}".encode()).digest())
    validation = _share(len(names), validation_fraction, keep=2)
    test = _share(len(names), test_fraction, keep=2 + validation)
    marks = ["train"] * len(names)
    for rank, index in enumerate(order[: validation + test]):
        marks[index] = "validation" if rank < validation else "test"
    return marks


def _share(count: int, fraction: float, keep: int) -> int:
    """Round a share of `count` to at least one where asked for, but leave `keep` for others."""
    wanted = max(1, round(count * fraction)) if fraction > 0 else 0
    return max(0, min(wanted, count - keep))


def name_rows(dataset: str, found: Mapping[str, Sequence[str]]) -> list[Row]:
    """Make rows without batch and split from the files that were found.

    A micrograph is named by its file's name without suffixes; halves are paired by their names less a mark
    such as ``_EVN``/``_ODD``, ``_even``/``_odd``, or by equal names in two folders.

    Parameters
    ----------
    dataset
        Name of the dataset.
    found
        Paths under ``movie``, ``even``, ``odd`` and ``single``.

    Raises
    ------
    ValueError
        Nothing was found, two files would have one name, or a half lacks its partner.
    """
    if not any(found.values()):
        raise ValueError("no file matches; give quoted globs to --movies, --singles, or --even and --odd")
    rows = []
    for kind in ("movie", "single"):
        rows += [
            _row(dataset, name, **{kind: path})
            for name, path in _by_name(found.get(kind, []), halves=False).items()
        ]
    even, odd = (_by_name(found.get(kind, []), halves=True) for kind in ("even", "odd"))
    alone = sorted(set(even) ^ set(odd))
    if alone:
        raise ValueError(
            f"{len(alone)} micrographs have one half only, e.g. {alone[0]}; each even sum needs an odd sum of the same name"
        )
    rows += [_row(dataset, name, even=path, odd=odd[name]) for name, path in even.items()]
    return rows


def _row(dataset: str, name: str, **sources: str) -> Row:
    """Fill a sheet row without batch and split."""
    empty = dict.fromkeys(SOURCES, "")
    return {"dataset": dataset, "micrograph": name, **empty, **sources, "batch": "", "split": ""}


def _by_name(paths: Sequence[str], *, halves: bool) -> dict[str, str]:
    """Map micrograph names to paths.

    Raises
    ------
    ValueError
        Two paths give one name.
    """
    named: dict[str, str] = {}
    for path in paths:
        name = micrograph_name(path)
        name = _HALF.sub("", name) if halves else name
        if name in named:
            raise ValueError(
                f"{named[name]} and {path} would both be micrograph {name!r}; list them as two datasets or rename one"
            )
        named[name] = path
    return named
