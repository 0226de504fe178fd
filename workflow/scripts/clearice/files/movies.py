"""Read movies one frame at a time: MRC stacks (plain or compressed) and multi-page TIFF."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from clearice.files.compressed import is_compressed, open_bytes
from clearice.files.kinds import described, kind_of
from clearice.files.limits import Limits
from clearice.files.mrc import fill_image
from clearice.files.mrc_header import MrcHeader, read_header
from clearice.files.tiff import TiffPages, open_tiff
from clearice.run.read_ahead import results_ahead

MOST_FRAMES_AHEAD = 3  # decoded but not yet used: bounds the memory

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Movie:
    """An open movie.

    Attributes
    ----------
    path
        The file.
    frame_count
        Number of frames.
    shape
        Shape (h, w) of a frame.
    dtype
        Number type of the pixels.
    pixel_size_A
        Pixel size in A; 0 where it is unknown.
    description
        What is read of the file, for the log and for errors: kind, frames, shape, number type and bytes.
    _read
        Yields the frames from a first one to a last one, numbered from zero.
    """

    path: Path
    frame_count: int
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    pixel_size_A: float
    description: str
    _read: Callable[[int, int], Iterator[NDArray[Any]]]

    def frames(self, first_frame: int = 1, last_frame: int = 0) -> Iterator[NDArray[Any]]:
        """Read the frames `first_frame` to `last_frame`, both included and counted from one, in their order.

        The next frames are read while the caller works on one. Each is in the file's own number type, and
        valid only until the next is asked for.

        Parameters
        ----------
        first_frame
            At least 1.
        last_frame
            0 for the last of the movie.

        Raises
        ------
        ValueError
            The movie has not so many frames, or the file is truncated or damaged.
        """
        last = last_frame or self.frame_count
        if not 1 <= first_frame <= last:
            raise ValueError(
                f"{self.path}: frames {first_frame} to {last} are no range of its {self.frame_count} frames; "
                "correct first_frame and last_frame"
            )
        if last > self.frame_count:
            raise ValueError(
                f"{self.path} has {self.frame_count} frames, but last_frame is {last}; "
                "set last_frame to 0 to take all"
            )
        return self._read(first_frame - 1, last)


@contextmanager
def open_movie(path: Path, threads: int = 1, limits: Limits | None = None) -> Iterator[Movie]:
    """Open a movie, MRC (.mrc, .mrcs, .map, .st, each also .gz or .bz2) or TIFF (.tif, .tiff).

    What is read is logged, and stands behind the reason of every ValueError while the movie is open.

    Parameters
    ----------
    path
        The file; its rows keep their order, so that row 0 is the first in the file.
    threads
        TIFF frames are decoded by ``threads - 1`` helpers (one at least), MRC frames are read by one.
    limits
        How much the file may claim; the usual amount if not given.

    Raises
    ------
    ValueError
        The file is empty, truncated, no movie, not what its suffix says, claims more than `limits` allow, or its
        frames differ in shape.
    OSError
        The file is missing or cannot be read.
    """
    limits = limits or Limits()
    if kind_of(path, ("MRC", "TIFF")) == "MRC":
        with open_bytes(path) as stream:
            movie = _mrc_movie(path, stream, read_header(stream, path, limits))
            with _said(movie):
                yield movie
    else:
        with open_tiff(path, limits) as pages:
            movie = _tiff_movie(path, pages, min(max(1, threads - 1), MOST_FRAMES_AHEAD))
            with _said(movie):
                yield movie


@contextmanager
def _said(movie: Movie) -> Iterator[None]:
    """Log what is read of a movie, and add it to what goes wrong."""
    log.info("%s is read as %s", movie.path, movie.description)
    try:
        yield
    except ValueError as trouble:
        raise ValueError(f"{trouble} (read as {movie.description})") from trouble


def _mrc_movie(path: Path, stream: BinaryIO, header: MrcHeader) -> Movie:
    """Read the frames of an MRC stack in turn, into two buffers that change places."""
    count, *shape = header.shape

    def read(start: int, stop: int) -> Iterator[NDArray[Any]]:
        buffers = [np.empty(shape, header.dtype) for _ in range(2)]
        if is_compressed(path):  # frames that are passed over are decompressed as well, and so checked
            stream.seek(header.data_offset)
            for index in range(start):
                fill_image(stream, buffers[0], index, header, path)
        else:
            stream.seek(header.data_offset + start * header.image_bytes)

        def task(index: int) -> NDArray[Any]:
            buffer = buffers[index % 2]
            fill_image(stream, buffer, index, header, path)
            _check_counts(buffer, index, path)
            return buffer

        return results_ahead(task, range(start, stop), workers=1, ahead=1)

    words = described("MRC", header.coding, header.shape, header.dtype, path)
    return Movie(path, count, (shape[0], shape[1]), header.dtype, header.pixel_size_A, words, read)


def _tiff_movie(path: Path, pages: TiffPages, helpers: int) -> Movie:
    """Decode the pages of a TIFF file with several helpers."""

    def read(start: int, stop: int) -> Iterator[NDArray[Any]]:
        return results_ahead(task, range(start, stop), workers=helpers, ahead=helpers)

    def task(index: int) -> NDArray[Any]:
        frame = pages.read(index)
        _check_counts(frame, index, path)
        return frame

    words = described("TIFF", pages.coding, (pages.count, *pages.shape), pages.dtype, path)
    return Movie(path, pages.count, pages.shape, pages.dtype, pages.pixel_size_A, words, read)


def _check_counts(frame: NDArray[Any], index: int, path: Path) -> None:
    """Refuse negative bytes: no camera counts below zero in 8 bits, and a gain would multiply the offset."""
    if frame.dtype == np.int8 and frame.min() < 0:
        raise ValueError(
            f"{path}, frame {index + 1}, holds negative bytes ({frame.min()}), which counts are not: they may be "
            "IMOD's bytes less 128 without its stamp; write the movie again with 16 bits"
        )
