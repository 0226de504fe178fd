"""Read TIFF files page by page: LZW, deflate or plain; integers and floats; classic and BigTIFF."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import tifffile
from numpy.typing import NDArray

from clearice.files.compressed import first_bytes, not_what_it_says

A_PER_UNIT = {3: 1e8}  # ResolutionUnit 3 is the centimetre; 2, the inch, is what programs write by default
BELIEVABLE_PIXEL_A = (0.01, 1000.0)


@dataclass(frozen=True)
class TiffPages:
    """An open TIFF file.

    Attributes
    ----------
    path
        The file.
    count
        Number of pages.
    shape
        Shape (h, w) of a page.
    dtype
        Number type of the pixels.
    pixel_size_A
        Pixel size in A; 0 where it is unknown.
    _pages
        The pages of the open file, for `read`.
    """

    path: Path
    count: int
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    pixel_size_A: float
    _pages: Sequence[Any]

    def read(self, index: int) -> NDArray[Any]:
        """Decode page `index` (from zero) in its own number type; safe to call from several threads.

        Raises
        ------
        ValueError
            The page's data are damaged.
        """
        try:
            page: NDArray[Any] = self._pages[index].asarray(maxworkers=1)
        except OSError:
            raise
        except Exception as trouble:  # each codec of imagecodecs has an error class of its own
            raise ValueError(
                f"{self.path}: page {index + 1} of {self.count} cannot be decoded ({trouble}); "
                "copy the file again"
            ) from None
        return page


@contextmanager
def open_tiff(path: Path) -> Iterator[TiffPages]:
    """Open a TIFF file and check all its pages before any is decoded.

    Raises
    ------
    ValueError
        The file is empty, no TIFF file, truncated, in colour, of a number type that is not read, or its
        pages differ in shape or type.
    """
    head = first_bytes(path)
    if head[:4] not in {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}:
        raise not_what_it_says(path, "TIFF", head)
    count = _count_pages(path)
    try:
        file = tifffile.TiffFile(path)
    except (tifffile.TiffFileError, struct.error, IndexError, KeyError) as trouble:
        raise ValueError(f"{path} is a damaged TIFF file ({trouble}); copy the file again") from None
    with file:
        file.filehandle.set_lock(True)
        yield _checked(path, file, count)


def _checked(path: Path, file: tifffile.TiffFile, count: int) -> TiffPages:
    """Compare all pages with the first and with the size of the file."""
    try:
        pages = [file.pages[index] for index in range(count)]
    except Exception as trouble:  # tifffile lets struct, index and value errors of damaged tags through
        raise ValueError(f"{path} is a damaged TIFF file ({trouble}); copy the file again") from None
    first = pages[0]
    if (
        len(first.shape) != 2
        or first.dtype is None
        or first.dtype.kind not in "uif"
        or first.dtype.itemsize > 8
    ):
        raise ValueError(
            f"{path} holds pages of shape {first.shape} and type {first.dtype}; "
            "pages of one grey value per pixel, integer or floating point, are read"
        )
    size = path.stat().st_size
    for index, page in enumerate(pages):
        if page.shape != first.shape or page.dtype != first.dtype:
            raise ValueError(
                f"{path}: page {index + 1} is {_described(page)}, page 1 is {_described(first)}; "
                "all frames of a movie have one shape and type"
            )
        ends = [start + length for start, length in zip(page.dataoffsets, page.databytecounts, strict=False)]
        if not ends or max(ends) > size:
            raise ValueError(
                f"{path} is truncated: it ends inside page {index + 1} of {count}; copy the file again"
            )
    height, width = first.shape
    return TiffPages(path, count, (height, width), first.dtype, _pixel_size(first), pages)


def _count_pages(path: Path) -> int:
    """Follow the chain of page directories to its end; tifffile only logs where it is broken.

    The chain is laid down in TIFF 6.0, section 2; BigTIFF widens its numbers to 8 bytes.
    """
    with path.open("rb") as stream:
        head = stream.read(16)
        order = "<" if head[:1] == b"I" else ">"
        big = head[2:4] in {b"+\0", b"\0+"}
        entry_bytes, count_code, offset_code = (20, "Q", "Q") if big else (12, "H", "I")
        start = 8 if big else 4
        count, seen = 0, set()
        position = _unpacked(order + offset_code, head[start:], path, count)
        while position:
            if position in seen:
                raise ValueError(
                    f"{path} is a damaged TIFF file: its pages run in a circle; copy the file again"
                )
            seen.add(position)
            entries = _number_at(stream, position, order + count_code, path, count)
            after = position + struct.calcsize(order + count_code) + entries * entry_bytes
            position = _number_at(stream, after, order + offset_code, path, count)
            count += 1
    if count == 0:
        raise ValueError(f"{path} is a TIFF file without any page; write it again")
    return count


def _number_at(stream: BinaryIO, position: int, code: str, path: Path, count: int) -> int:
    """Read one number of the page directories."""
    stream.seek(position)
    return _unpacked(code, stream.read(struct.calcsize(code)), path, count)


def _unpacked(code: str, data: bytes, path: Path, count: int) -> int:
    """Unpack one number, or say that the file ends before it."""
    size = struct.calcsize(code)
    if len(data) < size:
        raise ValueError(
            f"{path} is truncated: the directory of page {count + 1} is missing; copy the file again"
        )
    return int(struct.unpack(code, data[:size])[0])


def _described(page: Any) -> str:
    """Describe a page's shape and type in an error."""
    return f"{' x '.join(map(str, page.shape))} {page.dtype}"


def _pixel_size(page: Any) -> float:
    """Return the pixel size in A from a resolution per centimetre; 0 where there is none to be believed."""
    tags = page.keyframe.tags if hasattr(page, "keyframe") else page.tags
    unit, resolution = tags.get("ResolutionUnit"), tags.get("XResolution")
    if unit is None or resolution is None or int(unit.value) not in A_PER_UNIT:
        return 0.0
    numerator, denominator = resolution.value
    if not numerator or not denominator:
        return 0.0
    pixel_size_A = A_PER_UNIT[int(unit.value)] * denominator / numerator
    low, high = BELIEVABLE_PIXEL_A
    return float(pixel_size_A) if low <= pixel_size_A <= high else 0.0
