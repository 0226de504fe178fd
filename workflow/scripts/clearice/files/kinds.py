"""What a file is: the one place that decides which reader it gets, by its suffix and by its content."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

import numpy as np

from clearice.files.compressed import first_bytes, is_compressed, not_what_it_says, plain_suffix

MRC_SUFFIXES = (".mrc", ".mrcs", ".map", ".st")
TIFF_SUFFIXES = (".tif", ".tiff", ".gain")  # Falcon 4 gain references are TIFF files named .gain
PNG_SUFFIXES = (".png",)

Kind = Literal["MRC", "TIFF", "PNG"]

SUFFIXES: dict[Kind, tuple[str, ...]] = {"MRC": MRC_SUFFIXES, "TIFF": TIFF_SUFFIXES, "PNG": PNG_SUFFIXES}
MAGIC: dict[Kind, tuple[bytes, ...]] = {
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
}


def kind_of(path: Path, wanted: tuple[Kind, ...]) -> Kind:
    """Find what a file is: its suffix names a kind that is wanted, and its first bytes do not contradict it.

    MRC files have no first bytes of their own; their header is checked when it is read, and so is what a
    compressed file holds.

    Raises
    ------
    ValueError
        The suffix is of no kind that is wanted, the content is of another kind, or it is empty or no file at all.
    OSError
        The file is missing or cannot be read.
    """
    suffix = plain_suffix(path)
    kind = next((kind for kind in wanted if suffix in SUFFIXES[kind]), None)
    if kind is None:
        raise unknown_suffix(path, wanted)
    if is_compressed(path):
        if kind != "MRC":
            raise ValueError(f"{path}: of files in '.gz' and '.bz2' only MRC is read; decompress it first")
        return kind
    head = first_bytes(path)
    if kind in MAGIC and not head.startswith(MAGIC[kind]):
        raise not_what_it_says(path, kind, head)
    return kind


def described(kind: Kind, coding: str, shape: tuple[int, int, int], dtype: np.dtype[Any], path: Path) -> str:
    """Describe what is read of a file: kind, coding if it is no plain one, images, shape, type, bytes."""
    count, height, width = shape
    pixels = math.prod(shape) * dtype.itemsize
    how = "" if coding == "plain" else f" ({coding})"
    images = "1 image" if count == 1 else f"{count} images"
    return (
        f"{kind}{how}, {images} of {height} x {width} px, {dtype.name}, {pixels} bytes of pixels from "
        f"{path.stat().st_size} bytes of file"
    )


def unknown_suffix(path: Path, wanted: tuple[Kind, ...]) -> ValueError:
    """Make the error for a file whose suffix names no format that is read."""
    if path.suffix.lower() == ".eer":
        return ValueError(f"{path}: EER movies are not read; convert it with relion_convert_to_tiff")
    suffixes = ", ".join(suffix for kind in wanted for suffix in SUFFIXES[kind])
    return ValueError(
        f"{path} has the suffix {path.suffix!r}; {suffixes} (of these MRC also .gz and .bz2) are read"
    )
