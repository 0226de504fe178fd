"""Read and write images as MRC2014 files; read the older dialects of the format as well."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from clearice.files.atomic import atomic_write
from clearice.files.compressed import bytes_after, is_compressed, open_bytes, read_into
from clearice.files.limits import OURS, Limits
from clearice.files.mrc_dialects import decode
from clearice.files.mrc_header import MrcHeader, Statistics, header_block, read_header
from clearice.image.units import same_pixel_size

VIEWING_ONLY = "clearice: denoised, for viewing and picking only"
DATA = "clearice: sum of frames"

FLOAT32_MODE = 2
ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class Micrograph:
    """One image of a file.

    Attributes
    ----------
    pixels
        float32 (h, w).
    pixel_size_A
        Pixel size in A; 0 where it is unknown.
    label
        First label of the file.
    """

    pixels: NDArray[np.float32]
    pixel_size_A: float
    label: str


def read_micrograph(path: Path, limits: Limits = OURS) -> Micrograph:
    """Read a single-image MRC file (plain, .gz or .bz2; modes 0, 1, 2, 6, 12 and 101; either byte order).

    Raises
    ------
    ValueError
        The file is empty, truncated, no MRC file, of an unknown mode, contradicts itself, holds several images or
        claims more than `limits` allow.
    """
    with open_bytes(path) as stream:
        header = read_header(stream, path, limits)
        if header.shape[0] != 1:
            raise ValueError(
                f"{path} holds {header.shape[0]} images where 1 is expected; "
                "if it is a movie, give it in the column movie"
            )
        pixels = read_images(stream, header, path)[0]
    return Micrograph(pixels, header.pixel_size_A, header.label)


def common_pixel_size(paths: Sequence[Path]) -> float:
    """Read the pixel size in A that the headers of several MRC files have in common.

    Raises
    ------
    ValueError
        Two files differ by more than rounding, or one has no pixel size.
    """
    sizes = []
    for path in paths:
        with open_bytes(path) as stream:
            sizes.append(read_header(stream, path).pixel_size_A)
        if not sizes[-1] > 0 or not same_pixel_size(sizes[-1], sizes[0]):
            raise ValueError(
                f"{path} has {sizes[-1]:g} A/px and {paths[0]} {sizes[0]:g} A/px; "
                "make all micrographs of a dataset again with one pixel size"
            )
    if not sizes:
        raise ValueError("there are no micrographs to read a pixel size from; give one or more")
    return sizes[0]


def write_micrograph(path: Path, pixels: NDArray[np.float32], pixel_size_A: float, label: str = DATA) -> None:
    """Write one image as a float32 MRC file with true statistics; equal images make equal bytes.

    Parameters
    ----------
    path
        The file to be written, whole or not at all.
    pixels
        Image (h, w), finite.
    pixel_size_A
        Pixel size in A; 0 where it is unknown.
    label
        The only label, ASCII, at most 80 characters: `DATA`, `VIEWING_ONLY` or one of your own.

    Raises
    ------
    ValueError
        The image is not 2D or holds NaN or Inf, the pixel size is negative, or the label is too long.
    OSError
        The disk is full or the folder cannot be written; nothing half-written stays behind.
    """
    if pixels.ndim != 2 or pixels.size == 0:
        raise ValueError(f"a micrograph has rows and columns, {path} was to get the shape {pixels.shape}")
    check_description(path, pixel_size_A, label)
    pixels = np.ascontiguousarray(pixels, dtype="<f4")
    write_images(path, pixels[None], pixel_size_A, _statistics(pixels, path), label)


def write_images(
    path: Path, images: NDArray[np.float32], pixel_size_A: float, statistics: Statistics, label: str
) -> None:
    """Write float32 images (n, h, w) and their header, whole or not at all.

    Parameters
    ----------
    path
        The file to be written.
    images
        At least one, contiguous, finite.
    pixel_size_A, label
        As `check_description` lets them pass.
    statistics
        Minimum, maximum, mean and standard deviation of all images.
    """
    count, height, width = images.shape
    cell_A = (pixel_size_A * width, pixel_size_A * height, pixel_size_A)
    header = header_block((count, height, width), FLOAT32_MODE, cell_A, statistics, label)
    with atomic_write(path) as partial, partial.open("wb") as stream:
        stream.write(header)
        stream.write(np.ascontiguousarray(images, dtype="<f4").data)


def check_description(path: Path, pixel_size_A: float, label: str) -> None:
    """Refuse a pixel size that is negative or no number, and a label that a header cannot hold."""
    if not (math.isfinite(pixel_size_A) and pixel_size_A >= 0):
        raise ValueError(
            f"{path} was to get the pixel size {pixel_size_A} A; give a positive one, or 0 for unknown"
        )
    if not label.isascii() or len(label) > 80:
        raise ValueError(f"a label of an MRC file has at most 80 ASCII characters, not {label!r}")


def read_images(stream: BinaryIO, header: MrcHeader, path: Path) -> NDArray[np.float32]:
    """Read all images behind the header, as float32 (n, h, w).

    Raises
    ------
    ValueError
        As of `fill_image`.
    """
    images = np.empty(header.shape, header.dtype)
    for index, image in enumerate(images):
        fill_image(stream, image, index, header, path)
    return images.astype(np.float32, copy=False)


def fill_image(stream: BinaryIO, image: NDArray[Any], index: int, header: MrcHeader, path: Path) -> None:
    """Read the image at the stream's position into `image` (h, w) of the header's type, contiguous.

    Raises
    ------
    ValueError
        The file ends inside this image (number `index`, counted from zero), or its bytes may be signed or not; or,
        after the last image, a compressed file turns out to be cut off, damaged, or longer than its header says.
    """
    plain = header.coding in ("plain", "signed bytes")
    stored = image.view(np.uint8) if plain else np.empty((header.shape[1], header.row_bytes), np.uint8)
    if read_into(stream, stored.reshape(-1).data, path) < stored.nbytes:
        raise ValueError(
            f"{path} ends inside image {index + 1} of the {header.shape[0]} its header promises; "
            "copy the file again"
        )
    if index == header.shape[0] - 1 and is_compressed(path) and bytes_after(stream, 1, path):
        raise ValueError(
            f"{path} holds more than the {header.shape[0]} images its header speaks of; "
            "repair the header or write the file again"
        )
    if not plain:
        decode(stored, image, header.coding, f"{path}, image {index + 1},")


def _statistics(pixels: NDArray[np.float32], path: Path) -> Statistics:
    """Compute minimum, maximum, mean and standard deviation in double precision, block by block."""
    blocks = [pixels[start : start + ROWS_AT_ONCE] for start in range(0, len(pixels), ROWS_AT_ONCE)]
    mean = math.fsum(float(block.sum(dtype=np.float64)) for block in blocks) / pixels.size
    if not math.isfinite(mean):
        raise ValueError(
            f"{path} was to get {np.count_nonzero(~np.isfinite(pixels))} pixels that are NaN or Inf; "
            "an image we write holds finite numbers only"
        )
    squares = math.fsum(float(np.square(block - mean, dtype=np.float64).sum()) for block in blocks)
    return float(pixels.min()), float(pixels.max()), mean, math.sqrt(squares / pixels.size)
