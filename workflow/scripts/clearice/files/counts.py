"""Write movies of electron counts frame by frame: MRC stacks or TIFF, whole numbers of 16 bits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from clearice.files.atomic import atomic_write
from clearice.files.mrc_header import HEADER_BYTES, header_block
from clearice.files.stacks import single_precision_statistics

LABEL = "clearice: simulated counts"
MOVIE_SUFFIXES = (".mrcs", ".tif")
UINT16_MODE = 6

WriteFrame = Callable[[int, NDArray[np.float32]], None]


@contextmanager
def count_movie(
    path: Path, frames: int, shape_px: tuple[int, int], pixel_size_A: float
) -> Iterator[WriteFrame]:
    """Open a movie for writing; it gets its name when all frames are in.

    Parameters
    ----------
    path
        ``.mrcs`` (mode 6, uint16) or ``.tif`` (uint16, deflate).
    frames, shape_px, pixel_size_A
        Number of frames, their shape (h, w) and pixel size in A.

    Yields
    ------
    callable
        Takes the index of a frame, in order from 0, and its counts (h, w).

    Raises
    ------
    ValueError
        The suffix is unknown, a frame has another shape, or a count is no whole number or above 65535.
    OSError
        The disk is full or the folder cannot be written.
    """
    if path.suffix not in MOVIE_SUFFIXES:
        raise ValueError(
            f"{path.name}: movies are written as {' or '.join(MOVIE_SUFFIXES)}; change the suffix"
        )
    write = _mrc_frames if path.suffix == ".mrcs" else _tiff_frames
    with atomic_write(path) as partial, write(partial, (frames, *shape_px), pixel_size_A) as write_frame:
        yield write_frame


@contextmanager
def _mrc_frames(path: Path, shape: tuple[int, int, int], pixel_size_A: float) -> Iterator[WriteFrame]:
    """Write frames behind an empty header, and the header when their statistics are known."""
    _, height, width = shape
    with path.open("w+b") as stream:
        stream.write(bytes(HEADER_BYTES))

        def write_plane(index: int, counts: NDArray[np.float32]) -> None:
            plane = np.ascontiguousarray(_whole_counts(counts, (height, width)), dtype="<u2")
            stream.seek(HEADER_BYTES + index * plane.nbytes)
            stream.write(plane.data)

        yield write_plane
        stream.truncate(HEADER_BYTES + 2 * math.prod(shape))
        stream.flush()
        statistics = single_precision_statistics(np.memmap(path, "<u2", "r", HEADER_BYTES, shape))
        cell_A = (pixel_size_A * width, pixel_size_A * height, 1.0)
        stream.seek(0)
        stream.write(header_block(shape, UINT16_MODE, cell_A, statistics, LABEL))


@contextmanager
def _tiff_frames(path: Path, shape: tuple[int, int, int], pixel_size_A: float) -> Iterator[WriteFrame]:
    """Write frames as pages of a TIFF file."""
    resolution = (1e8 / pixel_size_A, 1e8 / pixel_size_A)  # pixels per cm
    with tifffile.TiffWriter(path) as tiff:

        def write_page(index: int, counts: NDArray[np.float32]) -> None:
            tiff.write(
                _whole_counts(counts, shape[1:]),
                contiguous=False,
                compression="deflate",
                photometric="minisblack",
                resolution=resolution,
                resolutionunit="CENTIMETER",
                metadata=None,
                description=LABEL if index == 0 else None,
            )

        yield write_page


def _whole_counts(counts: NDArray[np.float32], shape_px: tuple[int, int]) -> NDArray[np.uint16]:
    """Turn the counts of one frame into 16-bit whole numbers."""
    if counts.shape != shape_px:
        raise ValueError(
            f"a frame has the shape {counts.shape}, its movie {shape_px}; all frames have one shape"
        )
    whole = np.rint(counts)
    if (whole != counts).any() or whole.min() < 0 or whole.max() > 65535:
        raise ValueError(
            "a movie holds whole counts from 0 to 65535, which these frames are not; "
            "choose a counting detector and less dose per frame"
        )
    return whole.astype(np.uint16)
