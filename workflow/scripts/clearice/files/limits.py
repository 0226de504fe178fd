"""What a file may claim: bounds memory and time by the size of the file and by three numbers."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LARGEST_SIDE = 1 << 20
MOST_PIECES = 1000  # of a sparse file that are looked at


@dataclass(frozen=True)
class Limits:
    """How much a file from outside may claim to hold (section `reading` of the config).

    Attributes
    ----------
    largest_image_px
        Pixels of one image or frame.
    most_frames
        Images of one file.
    most_expansion
        Bytes of all images over the bytes that lie on the disk.
    """

    largest_image_px: int = 200_000_000
    most_frames: int = 10_000
    most_expansion: int = 1000

    def check_image(self, path: Path, height: int, width: int) -> None:
        """Refuse an image whose sides are 0, negative or impossible, or that has too many pixels.

        Raises
        ------
        ValueError
            As said.
        """
        if not (0 < height <= LARGEST_SIDE and 0 < width <= LARGEST_SIDE):
            raise ValueError(
                f"{path} claims images of {height} x {width} px, which no file holds; copy the file again"
            )
        if height * width > self.largest_image_px:
            raise ValueError(
                f"{path} claims an image of {height} x {width} px, more than the {self.largest_image_px} px "
                "that are read; copy the file again, or raise reading.largest_image_px"
            )

    def check(self, path: Path, shape: tuple[int, int, int], image_bytes: int, other_bytes: int = 0) -> None:
        """Refuse a file that claims more than it may, before anything is allocated or decompressed for it.

        As many bytes as the largest image may have pixels are read of any file: a mask that is empty
        compresses without bound.

        Parameters
        ----------
        path
            The file.
        shape
            Number of images and their shape, (n, h, w).
        image_bytes
            Bytes of one image as the file codes it, decompressed.
        other_bytes
            Bytes of headers that have to be read or passed over.

        Raises
        ------
        ValueError
            A side is impossible, or a limit is exceeded.
        """
        count, height, width = shape
        self.check_image(path, height, width)
        if count > self.most_frames:
            raise too_many_frames(path, count, self.most_frames)
        claimed = count * image_bytes + other_bytes
        needed = math.ceil(claimed / self.most_expansion)
        if claimed > self.largest_image_px and stored_bytes(path, needed) < needed:
            raise ValueError(
                f"{path} claims {claimed} bytes of images, more than {self.most_expansion} times what lies on "
                "the disk; copy the file again, or raise reading.most_expansion"
            )


OURS = Limits(largest_image_px=LARGEST_SIDE**2, most_frames=1 << 30)
"""For files of our own making: their size on the disk bounds them, not a setting."""


def too_many_frames(path: Path, count: int, most: int) -> ValueError:
    """Make the error for a file of more images than are read; `count` may be as far as was counted."""
    return ValueError(
        f"{path} claims {count} or more images, more than the {most} that are read; "
        "copy the file again, or raise reading.most_frames"
    )


def stored_bytes(path: Path, enough: int) -> int:
    """Return the size of a file without the holes of a sparse one, or `enough` where it is that at least."""
    size = path.stat().st_size
    if not hasattr(os, "SEEK_DATA"):
        return size
    found = 0
    with path.open("rb", buffering=0) as stream:
        for start, end in _pieces(stream.fileno(), size):
            found += end - start
            if found >= enough:
                return enough
    return found


@contextmanager
def library_errors(path: Path, what: str) -> Iterator[None]:
    """Turn whatever a library raises while it reads one file into one sentence that names the file.

    Every codec has error classes of its own, and damaged sizes end in struct, index, type, overflow,
    recursion or memory errors. An OSError with a number is a disk or a network in trouble and passes.

    Parameters
    ----------
    path
        The file.
    what
        What could not be done, as in "page 3 of 4 cannot be decoded".
    """
    try:
        yield
    except Exception as trouble:
        if isinstance(trouble, OSError) and trouble.errno is not None:
            raise
        words = " ".join(str(trouble).split())[:200] or type(trouble).__name__
        raise ValueError(f"{path}: {what} ({words}); copy the file again") from None


def _pieces(number: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield the first stretches of a file, by its descriptor, that are no holes."""
    position = 0
    for _ in range(MOST_PIECES):
        try:
            start = os.lseek(number, position, os.SEEK_DATA)
        except OSError:  # nothing but a hole up to the end, or a file system that knows no holes
            if position == 0 and not _knows_holes(number):
                yield 0, size
            return
        position = os.lseek(number, start, os.SEEK_HOLE)
        yield start, position
        if position >= size:
            return


def _knows_holes(number: int) -> bool:
    """Check whether the file system answers questions about holes."""
    try:
        os.lseek(number, 0, os.SEEK_HOLE)
    except OSError:
        return False
    return True
