"""Signal and background regions of a micrograph, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clearice.files.documents import read_json, write_json

Square = tuple[int, int, int]
"""Upper row, left column and side in pixels."""


@dataclass(frozen=True)
class Regions:
    """Squares of one micrograph, each as top, left, side in pixels.

    Attributes
    ----------
    pairs
        Pairs of a signal and a background square.
    free
        All particle-free squares.
    """

    pairs: list[tuple[Square, Square]]
    free: list[Square]


def write_regions(path: Path, pairs: Sequence[tuple[Square, Square]], free: Sequence[Square]) -> None:
    """Write the regions of one micrograph, each square as [top_px, left_px, side_px]."""
    write_json(
        path,
        {"pairs": [[list(one), list(other)] for one, other in pairs], "free": [list(box) for box in free]},
    )


def read_regions(path: Path) -> Regions:
    """Read the regions of one micrograph.

    Raises
    ------
    ValueError
        The file is no JSON or does not hold regions.
    OSError
        The file is missing or cannot be read.
    """
    document = read_json(path)
    try:
        pairs = [(_square(one), _square(other)) for one, other in document["pairs"]]
        return Regions(pairs, [_square(box) for box in document["free"]])
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{path} holds no regions; make it again with choose_regions") from None


def _square(values: Sequence[int]) -> Square:
    """Check that a square is three whole numbers, its corner within an image and its side above 0."""
    top, left, side = values
    if not all(type(value) is int for value in (top, left, side)) or min(top, left) < 0 or side < 1:
        raise ValueError("no square")
    return top, left, side
