"""What a page of a TIFF file says, and which pages are read."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clearice.files.limits import Limits
from clearice.files.packed import (
    COUNTING_PX,
    SERIALEM_PACKED,
    SUPER_RESOLUTION_PX,
    half_as_wide,
    packed_or_not,
)

COMPRESSIONS = {
    1: "none",
    5: "LZW",
    8: "deflate",
    32946: "deflate",
    32773: "PackBits",
    34925: "LZMA",
    34926: "Zstandard",
    50000: "Zstandard",
}
"""What is read. All return the bytes that were put in, and stop at the size a page has."""

PREDICTORS = (1, 2, 3)
BITS = (4, 8, 16, 32, 64)
MIN_IS_BLACK = 1
WHOLE_IMAGE = (
    0,
    2,
)  # NewSubfileType: a page by itself, or one of several; else a thumbnail, a pyramid or a mask
SUB_IFDS, DATE_TIME = 330, 306
OF_OTHER_FORMATS = {33628: "MetaMorph", 33629: "MetaMorph", 34412: "Zeiss LSM", 34362: "Olympus"}
TITLE = re.compile(r"^\S*:", re.MULTILINE)  # a line that begins with a program's name and a colon


@dataclass(frozen=True)
class PageFacts:
    """What the tags of one page say.

    Attributes
    ----------
    shape
        Shape as tifffile sees it, (h, w) of a grey image.
    dtype
        Number type of the pixels; None where it is unknown.
    bits
        Bits of a pixel in the file.
    compression
        Tag Compression.
    predictor
        Tag Predictor.
    photometric
        Tag PhotometricInterpretation.
    fill_order
        Tag FillOrder.
    subfile
        Tag NewSubfileType.
    tags
        Numbers of all tags.
    description
        ImageDescription, empty where there is none.
    chunks
        Number of strips or tiles the page must have by its size.
    chunk_px
        Pixels of one of them.
    offsets
        Where they lie in the file.
    byte_counts
        Their bytes in the file.
    contiguous
        Whether they make one piece that needs no decoding.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any] | None
    bits: Any
    compression: int
    predictor: int
    photometric: int
    fill_order: int
    subfile: int
    tags: frozenset[int]
    description: str
    chunks: int
    chunk_px: int
    offsets: tuple[int, ...]
    byte_counts: tuple[int, ...]
    contiguous: bool

    @property
    def described(self) -> str:
        """Describe shape and type in an error."""
        return f"{' x '.join(map(str, self.shape))} {self.dtype}"


def facts_of(page: Any) -> PageFacts:
    """Collect what the tags of a page of tifffile say; whatever tifffile raises passes."""
    width, height = int(page.imagewidth), int(page.imagelength)
    tiled = bool(page.is_tiled)
    long, wide = (page.tilelength, page.tilewidth) if tiled else (min(page.rowsperstrip, height), width)
    return PageFacts(
        shape=tuple(page.shape) if width and height else (height, width),
        dtype=page.dtype,
        bits=page.bitspersample,
        compression=int(page.compression),
        predictor=int(page.predictor),
        photometric=int(page.photometric) if 262 in page.tags else MIN_IS_BLACK,
        fill_order=int(page.fillorder),
        subfile=int(page.subfiletype),
        tags=frozenset(tag.code for tag in page.tags),
        description=str(page.description),
        chunks=math.prod(page.chunked) if width and height else 0,
        chunk_px=int(long) * int(wide),
        offsets=tuple(page.dataoffsets),
        byte_counts=tuple(page.databytecounts),
        contiguous=bool(page.is_contiguous),
    )


def check_page(page: PageFacts, number: int, path: Path, size: int, limits: Limits) -> None:
    """Refuse a page, the `number`th of a file of `size` bytes, that is no whole grey image of plain numbers.

    Raises
    ------
    ValueError
        It is in colour, of a number type or compression that is not read, a thumbnail or pyramid, of another
        program's format, too large, or its data are missing or lie outside the file.
    """
    where = f"{path}, page {number},"
    if len(page.shape) != 2 or page.dtype is None or page.dtype.kind not in "uif" or page.bits not in BITS:
        raise ValueError(
            f"{where} is of shape {page.shape}, type {page.dtype} and {page.bits} bits; "
            "pages of one grey value per pixel, integer or floating point, are read"
        )
    height, width = page.shape
    limits.check_image(path, height, width)
    if page.photometric != MIN_IS_BLACK:
        raise ValueError(
            f"{where} says that its numbers are colours or that 0 is white (photometric {page.photometric}); "
            "write it again with 0 as black"
        )
    if page.compression not in COMPRESSIONS or page.predictor not in PREDICTORS:
        raise ValueError(
            f"{where} has compression {page.compression} and predictor {page.predictor}; "
            f"{', '.join(dict.fromkeys(COMPRESSIONS.values()))} are read"
        )
    if page.bits < 8 and page.fill_order != 1:
        raise ValueError(
            f"{where} holds {page.bits} bits a pixel in the order of FillOrder {page.fill_order}; write it again with "
            "8 bits"
        )
    if page.subfile not in WHOLE_IMAGE or SUB_IFDS in page.tags:
        raise ValueError(f"{where} is a thumbnail, a mask or a pyramid; write the frames alone")
    for tag, name in OF_OTHER_FORMATS.items():
        if tag in page.tags:
            raise ValueError(f"{where} is of the format {name}; write it again as plain TIFF")
    _check_data(page, number, path, size, limits)


def is_packed(page: PageFacts, path: Path) -> bool:
    """Check whether the bytes of a page are 4-bit counts, two in each.

    SerialEM writes such files with the size of the bytes. IMOD's rule is taken over (iiTIFFCheck): its plugin says so
    in the description and no other program has written a title behind it; or the bytes are half as wide as a K2 or K3
    frame in super-resolution and have a DateTime, as its files do.

    Raises
    ------
    ValueError
        The page is half as wide as a known frame, and nothing else says what it is.
    """
    if page.dtype != np.uint8 or page.bits != 8:
        return False
    height, width = page.shape
    by_title = SERIALEM_PACKED in page.description and "SerialEMCCD" in page.description
    if by_title and len(TITLE.findall(page.description)) == 1:
        return True
    super_resolution = half_as_wide(height, width, SUPER_RESOLUTION_PX)
    if super_resolution and DATE_TIME in page.tags:
        return True
    if super_resolution or half_as_wide(height, width, COUNTING_PX):
        raise packed_or_not(path, height, width)
    return False


def _check_data(page: PageFacts, number: int, path: Path, size: int, limits: Limits) -> None:
    """Refuse a page whose strips or tiles are missing, outside the file, or too few bytes."""
    where = f"{path}, page {number},"
    if not page.offsets or len(page.offsets) != page.chunks or len(page.byte_counts) != page.chunks:
        raise ValueError(
            f"{where} has {len(page.offsets)} strips or tiles with {len(page.byte_counts)} byte counts, but its size "
            f"needs {page.chunks}; copy the file again"
        )
    if min(page.offsets) <= 0 or min(page.byte_counts) <= 0:
        raise ValueError(
            f"{where} has strips or tiles without data (offset or byte count 0), which would be read as zeros; "
            "write it again whole"
        )
    if max(map(sum, zip(page.offsets, page.byte_counts, strict=True))) > size:
        raise ValueError(f"{path} is truncated: it ends inside page {number}; copy the file again")
    if page.chunk_px > limits.largest_image_px:
        raise ValueError(f"{where} has strips or tiles of {page.chunk_px} px; copy the file again")
    height, width = page.shape
    needed = height * ((width * page.bits + 7) // 8)
    if page.compression == 1 and sum(page.byte_counts) < needed:
        raise ValueError(
            f"{where} has {sum(page.byte_counts)} bytes of pixels where its size needs {needed}; copy the file again"
        )
