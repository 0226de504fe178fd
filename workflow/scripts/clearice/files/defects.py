"""Read lists and maps of defective detector pixels."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clearice.files.compressed import plain_suffix
from clearice.files.kinds import MRC_SUFFIXES, TIFF_SUFFIXES
from clearice.files.limits import Limits
from clearice.files.pictures import read_image
from clearice.files.row_order import top_row_first
from clearice.files.text import read_text

MOST_BAD = 0.5


def read_defects(path: Path, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Read which pixels of a frame are defective.

    Parameters
    ----------
    path
        An image (MRC, TIFF, PNG) that is not 0 where a pixel is bad; or a text file whose lines are ``x y``
        or ``x y width height`` in pixels, counted from zero, x along a row, y in the order of the rows of an MRC
        file, from the lower edge, with comments after # (MotionCor's and RELION's list).
    shape
        Frame shape (h, w).

    Returns
    -------
    bool array (h, w)
        True where a pixel is defective, rows in the order of an MRC file.

    Raises
    ------
    ValueError
        A map has another shape than the frames or calls most pixels bad; a line is no defect, or one outside.
    OSError
        The file is missing or cannot be read.
    """
    if plain_suffix(path) in (*MRC_SUFFIXES, *TIFF_SUFFIXES, ".png"):
        bad = _read_map(path, shape)
    else:
        bad = _read_list(path, shape)
    share = np.count_nonzero(bad) / bad.size
    if share > MOST_BAD:
        raise ValueError(
            f"{path} calls {share:.0%} of the pixels defective; "
            "a defect map is 1 where a pixel is bad: invert it"
        )
    return bad


def _read_map(path: Path, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Read a defect map."""
    limits = Limits(largest_image_px=max(math.prod(shape), Limits.largest_image_px))
    pixels = read_image(path, limits).pixels
    if pixels.shape != shape:
        raise ValueError(
            f"the defect map {path} has {pixels.shape[0]} x {pixels.shape[1]} pixels, the frames have "
            f"{shape[0]} x {shape[1]}; give the map of this detector"
        )
    bad: NDArray[np.bool_] = pixels != 0
    return bad[::-1] if top_row_first(path) else bad


def _read_list(path: Path, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Read a defect list."""
    bad = np.zeros(shape, dtype=np.bool_)
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        words = line.split("#")[0].replace(",", " ").split()
        if not words:
            continue
        try:
            x, y, width, height = (
                _whole(word) for word in (words if len(words) == 4 else [*words, "1", "1"])
            )
        except ValueError:
            raise ValueError(
                f"{path}, line {number}: {line.strip()!r} is no defect; "
                "write x y, or x y width height, in pixels"
            ) from None
        if min(x, y) < 0 or min(width, height) < 1 or x + width > shape[1] or y + height > shape[0]:
            raise ValueError(
                f"{path}, line {number}: the defect {line.strip()!r} is not inside the frames of "
                f"{shape[0]} rows x {shape[1]} columns; was the list made for another binning?"
            )
        bad[y : y + height, x : x + width] = True
    return bad


def _whole(word: str) -> int:
    """Convert a word to a whole number."""
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", word):
        raise ValueError(word)
    return int(word)
