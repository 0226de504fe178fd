"""Read and write stacks of equal images as MRC2014 image stacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import mrcfile
import numpy as np
from numpy.typing import NDArray

from clearice.files.atomic import atomic_write

PATCHES = "clearice: patches of raw micrographs"
SYNTHETIC = "clearice: synthetic noise, no measurement"


@dataclass(frozen=True)
class Stack:
    """Images of a file: float32 (n, h, w), their pixel size in A (0: none), the first label."""

    images: NDArray[np.float32]
    pixel_size_A: float
    label: str


def read_stack(path: Path) -> Stack:
    """Read an MRC file as a stack; a single image is a stack of one.

    Raises
    ------
    OSError
        The file is missing or no MRC file.
    ValueError
        The file is damaged, or holds neither images nor one image.
    """
    try:
        with mrcfile.open(path) as mrc:
            images = np.array(mrc.data, dtype=np.float32)
            label = bytes(mrc.header.label[0]).decode("ascii", "replace").strip()
            pixel_size_A = float(mrc.voxel_size.x)
    except ValueError as error:
        raise ValueError(f"{path} is truncated or no MRC file ({error}); make it again") from None
    if images.ndim not in (2, 3):
        raise ValueError(
            f"{path} holds an array of shape {images.shape}; give an MRC file of shape (n, h, w)"
        )
    return Stack(images if images.ndim == 3 else images[None], pixel_size_A, label)


def read_equal_stacks(paths: Sequence[Path]) -> tuple[list[NDArray[np.float32]], float]:
    """Read stacks that belong together.

    Parameters
    ----------
    paths
        MRC files, at least one.

    Returns
    -------
    list of float32 arrays (n, h, w), float
        One array per file, and the pixel size all files share, in A.

    Raises
    ------
    ValueError
        There is no file, or image shapes or pixel sizes differ.
    """
    if not paths:
        raise ValueError(
            "no noise patches were found in any micrograph, so there is no stack to read; "
            "give at least one MRC file"
        )
    stacks = [read_stack(path) for path in paths]
    first = stacks[0]
    for path, stack in zip(paths, stacks, strict=True):
        if stack.images.shape[1:] != first.images.shape[1:]:
            raise ValueError(
                f"{path} has images of {stack.images.shape[1:]} px, {paths[0]} of "
                f"{first.images.shape[1:]} px; extract both with the same patch size"
            )
        if abs(stack.pixel_size_A - first.pixel_size_A) > 1e-3 * max(first.pixel_size_A, 1e-3):
            raise ValueError(
                f"{path} has {stack.pixel_size_A:.4g} A/px, {paths[0]} has {first.pixel_size_A:.4g} A/px; "
                "noise of different pixel sizes cannot be pooled"
            )
    return [stack.images for stack in stacks], first.pixel_size_A


def write_stack(path: Path, images: NDArray[np.float32], pixel_size_A: float, label: str = PATCHES) -> None:
    """Write images (n, h, w) as a float32 MRC stack with pixel size, true statistics and a fixed label.

    Raises
    ------
    ValueError
        There is no image, they are not 2D, or a pixel is not finite.
    """
    if images.ndim != 3 or not images.size:
        raise ValueError(
            f"a stack holds images of rows and columns, {path} was to get the shape {images.shape}"
        )
    if not np.isfinite(images).all():
        raise ValueError(f"{path} was to get pixels that are NaN or Inf; an image we write is finite")
    with atomic_write(path) as partial, mrcfile.new(partial, overwrite=True) as mrc:
        mrc.set_data(np.ascontiguousarray(images, dtype=np.float32))
        mrc.set_image_stack()
        mrc.voxel_size = pixel_size_A
        mrc.header.label[0] = label
        mrc.header.nlabl = 1
