"""Tables of scores, of picks, and of regions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clearice.files.extent import check_inside
from clearice.files.tables import as_number, number_of, read_table, whole_number_of, write_table

SCORE_COLUMNS = ("method", "part", "batch", "micrograph", "metric", "value")
_PLACE = ("y_px", "x_px", "score")
_SIZE = ("height_px", "width_px")


@dataclass(frozen=True)
class Candidates:
    """What a picker saw on one micrograph.

    Attributes
    ----------
    centres
        (n, 2) as (y, x) in pixels.
    scores
        (n,) score of each centre.
    shape
        Micrograph shape (h, w).
    diameter_px
        Particle diameter in pixels.
    threshold
        Score from which a candidate was a pick.
    picker
        The picker's name; empty where the table does not say.
    """

    centres: NDArray[np.float64]
    scores: NDArray[np.float64]
    shape: tuple[int, int]
    diameter_px: float
    threshold: float
    picker: str = ""


def write_scores(
    path: Path, method: str, part: str, batch: str, scores: Mapping[str, Mapping[str, float]]
) -> None:
    """Write one line for each micrograph and metric, so that tables of all methods can simply be joined.

    Parameters
    ----------
    path
        Table with the columns method, part, batch, micrograph, metric, value.
    method, part, batch
        Where the numbers belong.
    scores
        Values by metric by micrograph.
    """
    rows = [
        dict(zip(SCORE_COLUMNS, (method, part, batch, micrograph, metric, f"{value:.6g}"), strict=True))
        for micrograph, values in scores.items()
        for metric, value in values.items()
    ]
    write_table(path, rows, SCORE_COLUMNS)


def read_scores(paths: Iterable[Path]) -> list[dict[str, str]]:
    """Read and join tables of scores.

    Raises
    ------
    ValueError
        A table lacks a column of scores, or a value is no number (it may be nan or infinite).
    """
    rows = []
    for path in paths:
        for index, row in enumerate(read_table(path, SCORE_COLUMNS)):
            if as_number(row["value"]) is None:
                raise ValueError(
                    f"{path}, row {index + 1}: value is {row['value']!r} where a number is expected; make the table again"
                )
            rows.append(row)
    return rows


def read_candidates(candidates: Path, summary: Path) -> dict[str, Candidates]:
    """Read what pick_particles wrote, by micrograph.

    Raises
    ------
    ValueError
        A table lacks a column, a value is no number, or a candidate lies outside its micrograph.
    """
    places: dict[str, list[tuple[float, float, float]]] = {}
    for index, row in enumerate(read_table(candidates, ("micrograph", *_PLACE))):
        y, x, score = (number_of(candidates, row, name, index) for name in _PLACE)
        places.setdefault(row["micrograph"], []).append((y, x, score))
    found = {}
    for index, row in enumerate(read_table(summary, ("micrograph", *_SIZE, "diameter_px", "threshold"))):
        table = np.array(places.get(row["micrograph"], []), dtype=np.float64).reshape(-1, 3)
        height, width = (whole_number_of(summary, row, name, index) for name in _SIZE)
        check_inside(table[:, :2], (height, width), f"{candidates} ({row['micrograph']})")
        found[row["micrograph"]] = Candidates(
            table[:, :2],
            table[:, 2],
            (height, width),
            number_of(summary, row, "diameter_px", index),
            number_of(summary, row, "threshold", index, finite=False),
            row.get("picker", ""),
        )
    return found


def read_positions(path: Path) -> dict[str, list[tuple[int, int]]]:
    """Read where noise patches were cut: upper left corners as (y, x) in pixels, by micrograph.

    Raises
    ------
    ValueError
        The table lacks a column, or a place is no whole number.
    """
    places: dict[str, list[tuple[int, int]]] = {}
    for index, row in enumerate(read_table(path, ("micrograph", "y_px", "x_px"))):
        corner = whole_number_of(path, row, "y_px", index), whole_number_of(path, row, "x_px", index)
        places.setdefault(row["micrograph"], []).append(corner)
    return places
