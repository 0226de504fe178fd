"""Follow the chain of page directories of a TIFF file, before a library reads them.

The chain is laid down in TIFF 6.0, section 2; BigTIFF widens its numbers to 8 bytes. tifffile only logs where a
chain is broken, and allocates whatever a damaged tag asks for.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from clearice.files.limits import Limits, too_many_frames

MOST_TAGS = 4096
BYTES_OF_TYPE = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}


@dataclass(frozen=True)
class Directories:
    """The page directories of a file.

    Attributes
    ----------
    count
        Number of pages.
    bytes
        Bytes of the directories and of the values of their tags.
    """

    count: int
    bytes: int


@dataclass(frozen=True)
class _Layout:
    """How numbers are laid out: classic TIFF or BigTIFF, in one of two byte orders.

    Attributes
    ----------
    order
        ``<`` or ``>``.
    start
        Position of the first directory's offset.
    count_code
        Code in `struct` of the number of tags.
    offset_code
        Code in `struct` of an offset.
    """

    order: str
    start: int
    count_code: str
    offset_code: str

    @property
    def entry(self) -> np.dtype[np.void]:
        """Return the type of a tag: number, type, count, value or offset."""
        wide = self.order + ("u8" if self.offset_code == "Q" else "u4")
        narrow = self.order + "u2"
        return np.dtype([("tag", narrow), ("type", narrow), ("count", wide), ("value", wide)])


def walk_directories(path: Path, limits: Limits) -> Directories:
    """Count the pages of a TIFF file and check that every tag lies inside the file.

    Raises
    ------
    ValueError
        The chain of pages is cut off, runs in a circle, has no page or more than `limits` allow; or a tag claims
        values outside the file, or the tags claim more bytes than it has.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(16)
        big = head[2:4] in {b"+\0", b"\0+"}
        order = "<" if head[:1] == b"I" else ">"
        layout = _Layout(order, 8, "Q", "Q") if big else _Layout(order, 4, "H", "I")
        seen: set[int] = set()
        total = layout.start + struct.calcsize(layout.offset_code)
        position = _number(head[layout.start :], layout.offset_code, layout, path, 0)
        while position:
            if position in seen:
                raise ValueError(
                    f"{path} is a damaged TIFF file: its pages run in a circle; copy the file again"
                )
            if len(seen) == limits.most_frames:
                raise too_many_frames(path, len(seen) + 1, limits.most_frames)
            seen.add(position)
            position, used = _read_directory(stream, position, layout, path, len(seen), size)
            total += used
            if total > size:
                raise _outside(path, f"the tags of its first {len(seen)} pages claim more than it has")
    if not seen:
        raise ValueError(f"{path} is a TIFF file without any page; write it again")
    return Directories(len(seen), total)


def _read_directory(
    stream: BinaryIO, position: int, layout: _Layout, path: Path, page: int, size: int
) -> tuple[int, int]:
    """Read one directory; return the offset of the next, and the bytes of this one and its values."""
    count_bytes = struct.calcsize(layout.count_code)
    stream.seek(min(position, size))
    tags = _number(stream.read(count_bytes), layout.count_code, layout, path, page - 1)
    if tags > MOST_TAGS:
        raise ValueError(
            f"{path} is a damaged TIFF file: page {page} claims {tags} tags; copy the file again"
        )
    entries = stream.read(tags * layout.entry.itemsize)
    if len(entries) < tags * layout.entry.itemsize:
        raise _missing(path, page - 1)
    used = count_bytes + len(entries)
    inline = struct.calcsize(layout.offset_code)
    for tag in np.frombuffer(entries, layout.entry):
        length = int(tag["count"]) * BYTES_OF_TYPE.get(int(tag["type"]), 0)
        if length > size or (length > inline and int(tag["value"]) + length > size):
            raise _outside(path, f"tag {int(tag['tag'])} of page {page} lies outside the file")
        used += length if length > inline else 0
    after = _number(stream.read(inline), layout.offset_code, layout, path, page)
    return after, used + inline


def _number(data: bytes, code: str, layout: _Layout, path: Path, pages: int) -> int:
    """Unpack one number, or say that the file ends before it, behind so many pages."""
    length = struct.calcsize(code)
    if len(data) < length:
        raise _missing(path, pages)
    return int(struct.unpack(layout.order + code, data[:length])[0])


def _missing(path: Path, pages: int) -> ValueError:
    """Make the error for a chain that is cut off behind so many pages."""
    return ValueError(
        f"{path} is truncated: the directory of page {pages + 1} is missing; copy the file again"
    )


def _outside(path: Path, what: str) -> ValueError:
    """Make the error for tags that point out of the file."""
    return ValueError(f"{path} is a truncated or damaged TIFF file: {what}; copy the file again")
