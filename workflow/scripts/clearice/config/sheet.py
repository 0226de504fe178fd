"""The two tables a user fills: datasets, and the micrographs with their frozen batches and splits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from clearice.config.complaints import parse_row, text_check
from clearice.config.folding import RowComplaints
from clearice.config.tables import DatasetRow, MicrographRow
from clearice.files.tables import as_number

KINDS = {"movie": ("movie",), "pair": ("even", "odd"), "single": ("single",)}
SOURCES = ("movie", "even", "odd", "single")
SPLITS = ("train", "validation", "test", "apply")
SHEET_COLUMNS = ("dataset", "micrograph", *SOURCES, "batch", "split")
Row = dict[str, str]


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
        One line for each kind of complaint, with the first rows it is about: unknown
        dataset, duplicate micrograph, none or several kinds of file.
    """
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
        if key[0] not in datasets:
            known = ", ".join(datasets)
            why = f"dataset {key[0]!r} is in no row of the datasets table (known: {known})"
            found.add(number, label, why)
        if key in seen:
            why = f"micrograph {key[1]!r} stands twice in dataset {key[0]!r}; rename or remove one"
            found.add(number, label, why)
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
