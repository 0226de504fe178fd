"""Tables of scores, of picks, and of regions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clearice.files.tables import read_table, write_table

SCORE_COLUMNS = ("method", "part", "batch", "micrograph", "metric", "value")


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
        A table lacks a column of scores.
    """
    rows = []
    for path in paths:
        for row in read_table(path):
            if set(SCORE_COLUMNS) - set(row):
                raise ValueError(f"{path} is no table of scores: its columns are {sorted(row)}; remake it")
            rows.append(row)
    return rows


def read_candidates(candidates: Path, summary: Path) -> dict[str, Candidates]:
    """Read what pick_particles wrote, by micrograph."""
    places: dict[str, list[tuple[float, float, float]]] = {}
    for row in read_table(candidates):
        place = (float(row["y_px"]), float(row["x_px"]), float(row["score"]))
        places.setdefault(row["micrograph"], []).append(place)
    found = {}
    for row in read_table(summary):
        table = np.array(places.get(row["micrograph"], []), dtype=np.float64).reshape(-1, 3)
        shape = int(row["height_px"]), int(row["width_px"])
        found[row["micrograph"]] = Candidates(
            table[:, :2],
            table[:, 2],
            shape,
            float(row["diameter_px"]),
            float(row["threshold"]),
            row.get("picker", ""),
        )
    return found
