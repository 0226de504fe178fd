"""Dialects of the MRC header: how pixels are coded in their bytes, and what contradicts a plain image."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from clearice.files.packed import (
    COUNTING_PX,
    SERIALEM_PACKED,
    SUPER_RESOLUTION_PX,
    half_as_wide,
    packed_or_not,
    unpack_counts,
)
from clearice.image.units import HEADER, same_pixel_size

DTYPE_OF_MODE = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2", 101: "u1"}
IMOD_STAMP = 1146047817
IMOD_SIGNED, IMOD_PACKED = 1, 16  # bits of the flags behind the stamp
OF_CRYSTALS_OR_VOLUMES = (range(2, 231), range(401, 631))
STANDARD = (20140, 20141)  # the versions of MRC2014, in which mode 0 is signed

Coding = Literal["plain", "signed bytes", "bytes less 128", "bytes below 128", "4-bit counts", "packed bytes"]
"""``plain``: the pixels themselves, as all modes but 0 and 101. ``signed bytes``: the same, by the standard. ``bytes less
128``: IMOD's signed bytes. ``bytes below 128``: neither header nor statistics say whether they are signed, so that a
larger one is refused. ``4-bit counts``: mode 101. ``packed bytes``: the same in mode 0, whose nx is then the bytes of a
row."""


def coding_of(header: Any, label: str, path: Path) -> Coding:
    """Find how the pixels of mode 0 or 101 are coded; all other modes are plain.

    In mode 0 the standard has signed bytes. IMOD, whose stamp is header word 39, had unsigned ones first; with
    flag 1 it stores them less 128, with flag 16 two 4-bit counts in each (mrc_format.txt). Where no stamp is, its
    way is followed: minimum and maximum of the header tell, where they can.

    Raises
    ------
    ValueError
        The header contradicts itself, or the image may be packed but nothing says so.
    """
    mode, height, width = int(header["mode"]), int(header["ny"]), int(header["nx"])
    if mode != 0:
        return "4-bit counts" if mode == 101 else "plain"
    stamp, flags = np.frombuffer(bytes(header["extra2"])[40:48], header.dtype["nx"])  # begins at byte 112
    flags = int(flags) if stamp == IMOD_STAMP else 0
    super_resolution = half_as_wide(height, width, SUPER_RESOLUTION_PX)
    by_label = int(header["nlabl"]) == 1 and SERIALEM_PACKED in label
    if flags & IMOD_PACKED or (by_label and super_resolution):
        if flags & IMOD_SIGNED:
            raise ValueError(
                f"{path} says that its bytes hold 4-bit counts and are signed, which cannot be; copy the file again"
            )
        return "packed bytes"
    if by_label or super_resolution or half_as_wide(height, width, COUNTING_PX):
        raise packed_or_not(path, height, width)
    if stamp == IMOD_STAMP:
        return "bytes less 128" if flags & IMOD_SIGNED else "plain"
    return _coding_by_statistics(header)


def type_of(coding: Coding, mode: int) -> str:
    """Return the number type of the pixels that `decode` makes, as numpy's code."""
    return "i1" if coding == "signed bytes" else "u1" if mode == 0 else DTYPE_OF_MODE[mode]


def width_of(coding: Coding, nx: int) -> int:
    """Return the pixels of a row."""
    return 2 * nx if coding == "packed bytes" else nx


def row_bytes_of(coding: Coding, nx: int, itemsize: int) -> int:
    """Return the bytes of a row; 4-bit counts fill it to the next whole byte."""
    return (nx + 1) // 2 if coding == "4-bit counts" else nx * itemsize


def decode(stored: NDArray[np.uint8], image: NDArray[Any], coding: Coding, what: str) -> None:
    """Turn the bytes (h, row bytes) of an image that is not plain into its pixels (h, w).

    Raises
    ------
    ValueError
        A byte is 128 or more and nothing says whether bytes are signed; `what` names the image.
    """
    if coding in ("4-bit counts", "packed bytes"):
        image[:] = unpack_counts(stored, image.shape[1])
    elif coding == "bytes less 128":
        np.bitwise_xor(stored, 128, out=image)  # adds 128 to a signed byte and reads it without its sign
    else:
        if coding == "bytes below 128" and stored.max() > 127:
            raise ValueError(
                f"{what} holds bytes above 127, and its header does not say whether bytes are signed; "
                "write it again with 16 bits, as IMOD's newstack -mode 1 does"
            )
        image[:] = stored.view(image.dtype)


def check_geometry(header: Any, path: Path) -> None:
    """Refuse axes, cells and kinds of map that contradict images of square pixels, row by row.

    Raises
    ------
    ValueError
        Axes are exchanged, a pixel's height differs from its width by more than 1 %, the cell is skewed, or the
        file is a crystal's map or a stack of volumes.
    """
    axes = tuple(int(header[name]) for name in ("mapc", "mapr", "maps"))
    if axes not in {(1, 2, 3), (0, 0, 0)}:
        raise ValueError(
            f"{path} says that its columns, rows and sections are the axes {axes} in place of (1, 2, 3); "
            "write it again with rows along x"
        )
    if any(int(header["ispg"]) in numbers for numbers in OF_CRYSTALS_OR_VOLUMES):
        raise ValueError(
            f"{path} is of space group {int(header['ispg'])}, a crystal's map or a stack of volumes; give images"
        )
    width_A, height_A = (_spacing_A(header, name, axis) for name, axis in (("mx", "x"), ("my", "y")))
    if width_A and height_A and not same_pixel_size(width_A, height_A, HEADER):
        raise ValueError(
            f"{path} has pixels of {width_A:g} x {height_A:g} A by its cell, but square ones are read; "
            "correct the cell in the header"
        )
    if float(header["cellb"]["gamma"]) not in {0.0, 90.0}:
        raise ValueError(
            f"{path} has a cell of {float(header['cellb']['gamma']):g} degrees between rows and columns; "
            "correct the cell in the header"
        )


def pixel_size_of(header: Any) -> float:
    """Return the pixel size in A, cell length / grid size in x; 0 where the header has none."""
    return _spacing_A(header, "mx", "x")


def _coding_by_statistics(header: Any) -> Coding:
    """Find whether bytes without IMOD's stamp are signed."""
    low, high = float(header["dmin"]), float(header["dmax"])
    if -128 <= low < 0 and low <= high < 128:
        return "signed bytes"
    if 0 <= low <= high <= 255 and high > 127:
        return "plain"
    return "signed bytes" if int(header["nversion"]) in STANDARD else "bytes below 128"


def _spacing_A(header: Any, grid_name: str, axis: str) -> float:
    """Return cell length / grid size along one axis; 0 where the header has none."""
    grid, length = int(header[grid_name]), float(header["cella"][axis])
    return length / grid if grid > 0 and math.isfinite(length) and length > 0 else 0.0
