"""Read TIFF files page by page: LZW, deflate or plain; integers and floats; classic and BigTIFF; 4-bit counts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tifffile
from numpy.typing import NDArray

from clearice.files.kinds import kind_of
from clearice.files.limits import Limits, library_errors
from clearice.files.packed import packed_or_not, unpack_counts
from clearice.files.tiff_directories import Directories, walk_directories
from clearice.files.tiff_page import PageFacts, check_page, facts_of, is_packed
from clearice.files.tiff_series import check_stack_behind, images_described
from clearice.image.units import HEADER, same_pixel_size

A_PER_UNIT = {3: 1e8}  # ResolutionUnit 3 is the centimetre; 2, the inch, is what programs write by default
BELIEVABLE_PIXEL_A = (0.01, 1000.0)
GAP_BYTES = 512  # that a writer may leave between two pages, to begin at round numbers

Coding = Literal["plain", "4-bit counts", "packed bytes", "one page for all"]
"""``4-bit counts``: BitsPerSample is 4. ``packed bytes``: two counts in a byte, SerialEM's way. ``one page for all``:
the images lie behind one another at the only page's data, ImageJ's way."""


@dataclass(frozen=True)
class TiffPages:
    """An open TIFF file.

    Attributes
    ----------
    path
        The file.
    count
        Number of images.
    shape
        Shape (h, w) of an image, unpacked.
    dtype
        Number type of the pixels.
    pixel_size_A
        Pixel size in A; 0 where it is unknown.
    coding
        How the images are kept.
    _pages
        The pages of the open file, for `read`.
    _start
        Byte at which the first image begins, of one page for all.
    """

    path: Path
    count: int
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    pixel_size_A: float
    coding: Coding
    _pages: Sequence[Any]
    _start: int

    def read(self, index: int) -> NDArray[Any]:
        """Decode image `index` (from zero) in its own number type; safe to call from several threads.

        Raises
        ------
        ValueError
            Its data are damaged.
        """
        with library_errors(self.path, f"page {index + 1} of {self.count} cannot be decoded"):
            if self.coding == "one page for all":
                return self._image_behind(index)
            page: NDArray[Any] = self._pages[index].asarray(maxworkers=1)
        return unpack_counts(page, self.shape[1]) if self.coding == "packed bytes" else page

    def _image_behind(self, index: int) -> NDArray[Any]:
        """Read one image of a stack behind one page."""
        stored = self.dtype.newbyteorder(self._pages[0].parent.byteorder)
        pixels = math.prod(self.shape)
        start = self._start + index * pixels * stored.itemsize
        image = np.fromfile(self.path, stored, pixels, offset=start).reshape(self.shape)
        return image.astype(self.dtype, copy=False)


@contextmanager
def open_tiff(path: Path, limits: Limits | None = None) -> Iterator[TiffPages]:
    """Open a TIFF file and check all its pages before any is decoded.

    Raises
    ------
    ValueError
        The file is empty, no TIFF file, truncated, in colour, of a number type or compression that is not read,
        claims more than `limits` allow, its pages differ in shape or type, or they are not all that it holds.
    """
    limits = limits or Limits()
    kind_of(path, ("TIFF",))
    directories = walk_directories(path, limits)
    with library_errors(path, "its page directories cannot be read"):
        file = tifffile.TiffFile(path)
    with file:
        file.filehandle.set_lock(True)
        with library_errors(path, "its page directories cannot be read"):
            pages = [file.pages[index] for index in range(directories.count)]
            facts = [facts_of(page) for page in pages]
            spacings_A = _spacings_A(pages[0])
        yield _checked(path, pages, facts, directories, _pixel_size(path, *spacings_A), limits)


def _checked(
    path: Path,
    pages: Sequence[Any],
    facts: Sequence[PageFacts],
    directories: Directories,
    pixel_size_A: float,
    limits: Limits,
) -> TiffPages:
    """Check all pages, compare them with the first, and with what else the file holds."""
    first, size = facts[0], path.stat().st_size
    for index, page in enumerate(facts):
        check_page(page, index + 1, path, size, limits)
        if (page.shape, page.dtype, page.bits) != (first.shape, first.dtype, first.bits):
            raise ValueError(
                f"{path}: page {index + 1} is {page.described}, page 1 is {first.described}; "
                "all frames of a movie have one shape and type"
            )
    count = images_described(first, len(pages), path)
    packed = is_packed(first, path)
    coding: Coding = "packed bytes" if packed else "4-bit counts" if first.bits == 4 else "plain"
    height, width = first.shape
    shape = (height, 2 * width) if packed else (height, width)
    dtype = np.dtype(first.dtype)
    decoded_px = max(
        height * width, *(page.chunks * page.chunk_px for page in facts)
    )  # tiles go beyond the page
    limits.check(path, (count, *shape), decoded_px * dtype.itemsize)
    if count != len(pages):
        if packed:
            raise packed_or_not(path, height, width)
        check_stack_behind(first, count, path)
        coding = "one page for all"
    else:
        _check_nothing_hidden(path, facts, directories)
    return TiffPages(path, count, shape, dtype, pixel_size_A, coding, pages, first.offsets[0])


def _check_nothing_hidden(path: Path, facts: Sequence[PageFacts], directories: Directories) -> None:
    """Refuse a file with about as many bytes that belong to no page as a page has, gaps between pages apart.

    So ends a chain of pages that broke off, or a stack in a way of its own behind one page.
    """
    pages = len(facts)
    data = sum(sum(page.byte_counts) for page in facts)
    hidden = path.stat().st_size - data - directories.bytes
    if hidden > data / pages / 2 + GAP_BYTES * (pages + 1):
        raise ValueError(
            f"{path} holds {hidden} bytes that belong to none of its {pages} pages, perhaps more frames; "
            "save the frames again as one file with a page for each"
        )


def _spacings_A(page: Any) -> tuple[float, float]:
    """Return width and height of a pixel in A from resolutions per centimetre; 0 where there is none to believe."""
    tags = page.keyframe.tags if hasattr(page, "keyframe") else page.tags
    unit = tags.get("ResolutionUnit")
    if unit is None or int(unit.value) not in A_PER_UNIT:
        return 0.0, 0.0
    found = []
    for name in ("XResolution", "YResolution"):
        numerator, denominator = tags[name].value if name in tags else (0, 0)
        spacing_A = A_PER_UNIT[int(unit.value)] * denominator / numerator if numerator else 0.0
        low, high = BELIEVABLE_PIXEL_A
        found.append(float(spacing_A) if low <= spacing_A <= high else 0.0)
    return found[0], found[1]


def _pixel_size(path: Path, width_A: float, height_A: float) -> float:
    """Return the pixel size in A, 0 where there is none; refuse pixels that are not square."""
    if width_A and height_A and not same_pixel_size(width_A, height_A, HEADER):
        raise ValueError(
            f"{path} has pixels of {width_A:g} x {height_A:g} A by its resolutions, but square ones are read; "
            "correct XResolution and YResolution"
        )
    return width_A
