"""Write movies of electron counts frame by frame: MRC stacks or TIFF, whole numbers of 16 bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import mrcfile
import numpy as np
import tifffile
from numpy.typing import NDArray

from clearice.files.atomic import atomic_write

LABEL = "clearice: simulated counts"
MOVIE_SUFFIXES = (".mrcs", ".tif")

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
        The suffix is unknown, a count is no whole number or above 65535.
    OSError
        The disk is full or the folder cannot be written.
    """
    if path.suffix not in MOVIE_SUFFIXES:
        raise ValueError(
            f"{path.name}: movies are written as {' or '.join(MOVIE_SUFFIXES)}; change the suffix"
        )
    with atomic_write(path) as partial:
        if path.suffix == ".mrcs":
            with mrcfile.new_mmap(partial, (frames, *shape_px), mrc_mode=6, overwrite=True) as mrc:

                def write_plane(index: int, counts: NDArray[np.float32]) -> None:
                    mrc.data[index] = _whole_counts(counts)

                yield write_plane
                mrc.set_image_stack()
                mrc.voxel_size = (pixel_size_A, pixel_size_A, 1.0)
                mrc.update_header_stats()
                mrc.header.label[0] = LABEL
                mrc.header.nlabl = 1
        else:
            resolution = (1e8 / pixel_size_A, 1e8 / pixel_size_A)  # pixels per cm
            with tifffile.TiffWriter(partial) as tiff:

                def write_page(index: int, counts: NDArray[np.float32]) -> None:
                    tiff.write(
                        _whole_counts(counts),
                        contiguous=False,
                        compression="deflate",
                        photometric="minisblack",
                        resolution=resolution,
                        resolutionunit="CENTIMETER",
                        metadata=None,
                        description=LABEL if index == 0 else None,
                    )

                yield write_page


def _whole_counts(counts: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Turn counts into 16-bit whole numbers."""
    whole = np.rint(counts)
    if (whole != counts).any() or whole.min() < 0 or whole.max() > 65535:
        raise ValueError(
            "a movie holds whole counts from 0 to 65535, which these frames are not; "
            "choose a counting detector and less dose per frame"
        )
    return whole.astype(np.uint16)
