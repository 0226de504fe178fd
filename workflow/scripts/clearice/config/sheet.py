"""The two tables a user fills: datasets, and the micrographs with their frozen batches and splits."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from os.path import normpath
from typing import Any

from clearice.config.complaints import parse_row, text_check
from clearice.config.folding import RowComplaints
from clearice.config.tables import DatasetRow, MicrographRow
from clearice.files.names import micrograph_name
from clearice.files.tables import as_number

KINDS = {"movie": ("movie",), "pair": ("even", "odd"), "single": ("single",)}
SOURCES = ("movie", "even", "odd", "single")
SPLITS = ("train", "validation", "test", "apply")
SHEET_COLUMNS = ("dataset", "micrograph", *SOURCES, "batch", "split")
Row = dict[str, str]

_HALF = re.compile(r"(^|[._-])(evn|even|odd)(?=$|[._-])", re.IGNORECASE)  # a word of its own, as in x_EVN


def kind_of(row: Mapping[str, str]) -> str:
    """Return what a sheet row gives: ``movie``, ``pair`` (even and odd sums) or ``single``.

    Raises
    ------
    ValueError
        The row fills none of these, or more than one.
    """
    filled = {name for name in SOURCES if row.get(name)}
    for kind, columns in KINDS.items():
        if filled == set(columns):
            return kind
    found = " and ".join(sorted(filled)) or "no file"
    raise ValueError(f"the row gives {found}, but must give a movie, or even and odd, or a single micrograph")


def sources_of(row: Mapping[str, str]) -> list[str]:
    """List the file names a sheet row gives."""
    return [row[name] for name in SOURCES if row.get(name)]


def check_datasets(rows: Sequence[Mapping[str, str]], name: str) -> dict[str, dict[str, Any]]:
    """Check and type the rows of ``datasets.tsv``.

    Returns
    -------
    dict
        Typed rows by dataset name, in the table's order; empty cells are None.

    Raises
    ------
    ValueError
        One line for each complaint, naming table and row.
    """
    datasets: dict[str, dict[str, Any]] = {}
    found = RowComplaints(name)
    for number, row in enumerate(rows, start=1):
        label = row.get("dataset") or ""
        try:
            values = parse_row(DatasetRow, row, found.place(number, label))
        except ValueError as error:
            found.add(number, label, str(error))
            continue
        if values["dataset"] in datasets:
            found.add(number, label, f"dataset {values['dataset']!r} stands twice; give each dataset one row")
        datasets[values["dataset"]] = values
    lines = found.lines()
    if not rows:
        lines.append(f"{name} has no row; add one row per dataset (config/README.md tells how)")
    if lines:
        raise ValueError("\n".join(lines))
    return datasets


def check_sheet(rows: Sequence[Mapping[str, str]], datasets: Mapping[str, Any], name: str) -> list[Row]:
    """Check the rows of ``micrographs.tsv``.

    Raises
    ------
    ValueError
        The sheet is empty; or one line for each kind of complaint, with the first rows it is about: unknown
        dataset, duplicate micrograph, none or several kinds of file.
    """
    if not rows:
        raise ValueError(
            f"{name} has no row; list your movies or micrographs with list_micrographs.py (config/README.md tells how)"
        )
    checked: list[Row] = []
    found = RowComplaints(name)
    fits = text_check(MicrographRow)
    seen: set[tuple[str, str]] = set()
    for number, row in enumerate(rows, start=1):
        label = row.get("micrograph") or ""
        try:
            fitting = dict(row) if fits(row) else parse_row(MicrographRow, row, found.place(number, label))
            values = {key: value or "" for key, value in fitting.items()}
            kind_of(values)
        except ValueError as error:
            found.add(number, label, str(error))
            continue
        key = (values["dataset"], values["micrograph"])
        if values["dataset"] not in datasets:
            known = ", ".join(datasets)
            found.add(
                number,
                label,
                f"dataset {values['dataset']!r} is in no row of the datasets table (known: {known})",
            )
        if key in seen:
            found.add(
                number, label, f"micrograph {key[1]!r} stands twice in dataset {key[0]!r}; rename or remove one"
            )
        seen.add(key)
        checked.append(values)
    if lines := found.lines():
        raise ValueError("\n".join(lines))
    return checked


def parse_structures(text: str | None, dataset: str) -> dict[str, float]:
    """Read the cell ``path:weight,path:weight`` of the datasets table; a weight left out is 1.

    Raises
    ------
    ValueError
        The cell is empty, names a path twice or none, or a weight is no positive number.
    """
    if not text:
        raise ValueError(
            f"dataset {dataset} names no structures to simulate; fill the column structures with path:weight"
        )
    weights: dict[str, float] = {}
    for item in text.split(","):
        path, colon, weight = item.strip().rpartition(":")
        path, weight = (path, weight) if colon else (weight, "1")
        value = as_number(weight)
        if value is None or not 0 < value < math.inf:
            raise ValueError(
                f"dataset {dataset}: weight {weight!r} of structure {path} is no positive number; write path:1"
            )
        if not path or path in weights:
            what = f"structure {path} stands twice" if path else f"{text!r} names a structure without a path"
            raise ValueError(f"dataset {dataset}: {what}; write path:weight,path:weight")
        weights[path] = value
    return weights


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
    batches = [int(row["batch"][1:]) for row in sheet if row["dataset"] == dataset]
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
