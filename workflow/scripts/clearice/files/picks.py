"""Our own picks, which say of each how many of those at least as good are false."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clearice.files.coordinates import Q_VALUE, Coordinates, read_coordinates
from clearice.files.star import read_star

STEP = 5e-7
"""What a q-value may lose or gain by being written, with six digits after the point."""


def read_picks(path: Path, shape: tuple[int, int]) -> Coordinates:
    """Read the picks of one micrograph from a STAR file, with their q-values where it has some.

    Parameters
    ----------
    path
        The file.
    shape
        Micrograph shape (h, w).

    Raises
    ------
    ValueError
        As for `read_coordinates`; or a q-value is no number from 0 to 1.
    """
    found = read_coordinates(path, shape)
    tables = [table for table in read_star(path).values() if Q_VALUE in table]
    if path.suffix.lower() != ".star" or not tables:
        return found
    try:
        q_values = tables[0][Q_VALUE].to_numpy(dtype=np.float64)
    except (ValueError, TypeError):
        q_values = np.full(len(found.centres), np.nan)
    if q_values.shape != found.scores.shape or not ((q_values >= 0) & (q_values <= 1)).all():
        raise ValueError(f"{path} has a {Q_VALUE} that is no number from 0 to 1; pick the micrograph again")
    return replace(found, q_values=q_values)


def chosen(picks: Coordinates, kept: NDArray[np.bool_]) -> Coordinates:
    """Return some of the picks, marked in `kept` (n,)."""
    q_values = None if picks.q_values is None else picks.q_values[kept]
    return Coordinates(picks.centres[kept], picks.scores[kept], q_values)


def within_rate(picks: Coordinates, rate: float | None) -> Coordinates:
    """Return the picks whose q-value is at most a rate; all of them without a rate or q-values."""
    if rate is None or picks.q_values is None:
        return picks
    return chosen(picks, picks.q_values <= rate + STEP)
