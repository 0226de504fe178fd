"""One value that a file says of how it was recorded, and readers of the numbers in text."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from clearice.files.compressed import first_bytes
from clearice.image.units import HEADER, same_pixel_size

DETECTORS = (
    (r"falcon\s*(4i?|iv)\b", "Falcon4"),
    (r"falcon\s*(3e?c?|iii)\b", "Falcon3"),
    (r"falcon\s*(2|ii)\b", "Falcon2"),
    (r"\bk3\b", "K3"),
    (r"\bk2\b", "K2"),
    (r"\bde-?\s?20\b", "DE-20"),
)
"""What the microscopes' names of cameras hold, and our names."""


@dataclass(frozen=True)
class Fact:
    """A value that a file says.

    Attributes
    ----------
    column
        The column of the datasets table it belongs to.
    value
        A number in the column's unit, or a name.
    origin
        The file and what stands there, e.g. ``m1.tif.mdoc: PixelSpacing``.
    """

    column: str
    value: float | str
    origin: str


def number(text: str | None) -> float | None:
    """Read a number; None where there is none, or it is not finite."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def same(one: float | str, other: float | str, tolerance: float = HEADER) -> bool:
    """Compare two values: numbers up to a relative tolerance (that of a header against a user), names exactly."""
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return same_pixel_size(one, other, tolerance)


def detector_named(text: str | None) -> str | None:
    """Find our name of a camera in a microscope's name of it (``Falcon 4i``, ``BioQuantum K3``); None for others."""
    for pattern, name in DETECTORS:
        if re.search(pattern, text or "", re.IGNORECASE):
            return name
    return None


def pixel_size_of_frames(
    pixel_size_A: float, size: tuple[float, float] | None, shape: tuple[int, int]
) -> float | None:
    """Convert the pixel size of a recorded image to that of its frames, which may be finer or coarser.

    Parameters
    ----------
    pixel_size_A
        Of the image, in A.
    size
        Sides of the image in pixels; None where they are not known, and the frames are taken to be alike.
    shape
        Shape (h, w) of the frames; they may be turned.

    Returns
    -------
    float or None
        None where the frames are not 1/4, 1/2, 1, 2 or 4 times as large, but for a cropped edge of 5 %.
    """
    if size is None:
        return pixel_size_A
    ratios = [frame / side for frame, side in zip(sorted(shape), sorted(size), strict=True)]
    for factor in (0.25, 0.5, 1.0, 2.0, 4.0):
        if all(abs(ratio / factor - 1) <= 0.05 for ratio in ratios):
            return pixel_size_A / factor
    return None


def read_bounded(path: Path, kind: str, largest_bytes: int) -> bytes:
    """Read a text beside a movie, of a size it can have.

    Raises
    ------
    ValueError
        The file is empty, or larger than any text of its kind.
    """
    first_bytes(path)
    size = path.stat().st_size
    if size > largest_bytes:
        raise ValueError(f"{path} has {size} bytes, which no {kind} has; move it away, or replace it")
    return path.read_bytes()
