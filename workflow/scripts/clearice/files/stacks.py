"""Read and write stacks of equal images as MRC2014 image stacks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clearice.files.compressed import open_bytes
from clearice.files.mrc import check_description, read_images, write_images
from clearice.files.mrc_header import Statistics, read_header

PATCHES = "clearice: patches of raw micrographs"
SYNTHETIC = "clearice: synthetic noise, no measurement"


@dataclass(frozen=True)
class Stack:
    """Images of a file.

    Attributes
    ----------
    images
        float32 (n, h, w).
    pixel_size_A
        Pixel size in A; 0 where it is unknown.
    label
        First label of the file.
    """

    images: NDArray[np.float32]
    pixel_size_A: float
    label: str


def read_stack(path: Path) -> Stack:
    """Read an MRC file (plain, .gz or .bz2) as a stack; a single image is a stack of one.

    Its pixel size is not rounded: what is computed from it stays what it was when a stack was made.

    Raises
    ------
    OSError
        The file is missing or cannot be read.
    ValueError
        The file is empty, truncated, no MRC file, or of an unknown mode.
    """
    with open_bytes(path) as stream:
        header = read_header(stream, path)
        return Stack(read_images(stream, header, path), header.unrounded_pixel_size_A, header.label)


def write_stack(path: Path, images: NDArray[np.float32], pixel_size_A: float, label: str = PATCHES) -> None:
    """Write images (n, h, w) as a float32 MRC stack with pixel size, true statistics and a fixed label.

    Raises
    ------
    ValueError
        There is no image, they are not 2D, a pixel is not finite, the pixel size is negative, or the label is
        too long.
    """
    if images.ndim != 3 or not images.size:
        raise ValueError(
            f"a stack holds images of rows and columns, {path} was to get the shape {images.shape}"
        )
    if not np.isfinite(images).all():
        raise ValueError(f"{path} was to get pixels that are NaN or Inf; an image we write is finite")
    check_description(path, pixel_size_A, label)
    images = np.ascontiguousarray(images, dtype=np.float32)
    write_images(path, images, pixel_size_A, single_precision_statistics(images), label)


def single_precision_statistics(images: NDArray[Any]) -> Statistics:
    """Compute minimum, maximum, mean and standard deviation in single precision, as mrcfile does."""
    return (
        float(images.min()),
        float(images.max()),
        float(images.mean(dtype=np.float32)),
        float(images.std(dtype=np.float32)),
    )
