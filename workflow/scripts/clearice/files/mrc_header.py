"""Headers of MRC files: the one reader (MRC2014 and the older dialects) and the one writer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE

from clearice.files.compressed import is_compressed, not_what_it_says, read_into
from clearice.files.limits import LARGEST_SIDE, OURS, Limits
from clearice.files.mrc_dialects import (
    DTYPE_OF_MODE,
    Coding,
    check_geometry,
    coding_of,
    pixel_size_of,
    row_bytes_of,
    type_of,
    width_of,
)

HEADER_BYTES = 1024
LARGEST_EXTENDED_HEADER = 1 << 28
BLOCK_BYTES = 1 << 16

Statistics = tuple[float, float, float, float]
"""Minimum, maximum, mean and standard deviation of all pixels."""


@dataclass(frozen=True)
class MrcHeader:
    """What an MRC header says.

    Attributes
    ----------
    shape
        Number of images and their shape, (n, h, w), unpacked.
    dtype
        Number type of the pixels, with byte order.
    coding
        How the pixels lie in their bytes.
    row_bytes
        Bytes of a row in the file.
    data_offset
        Byte at which the first image begins.
    pixel_size_A
        Pixel size in A, rounded to what single precision can hold; 0 where the header has none.
    unrounded_pixel_size_A
        The same number as single precision gives it, 1.057000041 for 1.057.
    label
        First label, without what pads it.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    coding: Coding
    row_bytes: int
    data_offset: int
    pixel_size_A: float
    unrounded_pixel_size_A: float
    label: str

    @property
    def image_bytes(self) -> int:
        """Return the bytes of one image in the file."""
        return self.shape[1] * self.row_bytes


def read_header(stream: BinaryIO, path: Path, limits: Limits = OURS) -> MrcHeader:
    """Read the header at the start of `stream` and leave the stream at the first image.

    Byte order is told by the order in which size and mode make sense; only where both do, by the machine
    stamp. So headers of the time before the stamp and the word MAP are read as well. The pixel size is cell
    length / grid size in x.

    Raises
    ------
    ValueError
        The file is no MRC file, has an unknown mode, contradicts itself, claims more than `limits` allow, or is
        shorter or longer than its header says.
    """
    block = bytearray(HEADER_BYTES)
    count = read_into(stream, memoryview(block), path)
    header = _in_its_byte_order(bytes(block)) if count == HEADER_BYTES else None
    if header is None:
        raise not_what_it_says(path, "MRC", bytes(block[: min(count, 16)]))
    mode = int(header["mode"])
    if mode not in DTYPE_OF_MODE:
        raise ValueError(
            f"{path} is an MRC file of mode {mode}, but modes {', '.join(map(str, DTYPE_OF_MODE))} are read; "
            "convert it, for example with IMOD's newstack -mode 1"
        )
    check_geometry(header, path)
    label = _first_label(header)
    coding = coding_of(header, label, path)
    dtype = np.dtype(type_of(coding, mode)).newbyteorder(header.dtype["nx"].byteorder)
    nz, ny, nx = (int(header[name]) for name in ("nz", "ny", "nx"))
    size_A = pixel_size_of(header)
    found = MrcHeader(
        shape=(nz, ny, width_of(coding, nx)),
        dtype=dtype,
        coding=coding,
        row_bytes=row_bytes_of(coding, nx, dtype.itemsize),
        data_offset=HEADER_BYTES + int(header["nsymbt"]),
        pixel_size_A=round(size_A, 6),
        unrounded_pixel_size_A=float(np.float32(size_A)),
        label=label,
    )
    if not is_compressed(path):
        _check_size(path, found)
    limits.check(path, found.shape, found.image_bytes, found.data_offset)
    _pass_over_extended_header(stream, found, path)
    return found


def header_block(
    shape: tuple[int, int, int],
    mode: int,
    cell_A: tuple[float, float, float],
    statistics: Statistics,
    label: str,
) -> bytes:
    """Make the header of an MRC2014 image stack, 1024 bytes, little-endian; one image is a stack of one.

    Parameters
    ----------
    shape
        Number of images and their shape, (n, h, w).
    mode
        Number type of the pixels, see `DTYPE_OF_MODE`.
    cell_A
        Size of one image in x, y and of one section in z, in A.
    statistics
        Minimum, maximum, mean and standard deviation.
    label
        The only label, ASCII, at most 80 characters. There is no time stamp: equal images make equal bytes.
    """
    header = np.zeros((), HEADER_DTYPE.newbyteorder("<"))
    header["nz"], header["ny"], header["nx"] = shape
    header["mz"], header["my"], header["mx"] = 1, *shape[1:]
    header["mode"] = mode
    header["cella"] = cell_A
    header["cellb"] = (90, 90, 90)
    header["mapc"], header["mapr"], header["maps"] = 1, 2, 3
    header["dmin"], header["dmax"], header["dmean"], header["rms"] = statistics
    header["nversion"] = 20141
    header["map"], header["machst"] = b"MAP ", (0x44, 0x44, 0, 0)
    header["nlabl"] = 1
    header["label"][0] = label.encode("ascii")
    return header.tobytes()


def _in_its_byte_order(block: bytes) -> Any:
    """Read the header in the byte order in which it makes sense; None where it does in neither."""
    readings = [np.frombuffer(block, HEADER_DTYPE.newbyteorder(order))[0] for order in "<>"]
    sensible = [header for header in readings if _makes_sense(header)]
    if len(sensible) == 2 and block[212] == 0x11:
        return sensible[1]
    return sensible[0] if sensible else None


def _makes_sense(header: Any) -> bool:
    """Check whether sizes, mode and extended header can be those of a file."""
    sides = [int(header[name]) for name in ("nx", "ny", "nz")]
    return (
        all(0 < side <= LARGEST_SIDE for side in sides)
        and 0 <= int(header["mode"]) <= 1000
        and 0 <= int(header["nsymbt"]) < LARGEST_EXTENDED_HEADER
    )


def _check_size(path: Path, header: MrcHeader) -> None:
    """Compare the size of a plain file with its header, byte for byte.

    A file that is longer by less than an image may as well have an extended header its header does not tell of:
    its images would be read shifted.
    """
    count, image_bytes = header.shape[0], header.image_bytes
    data_bytes = path.stat().st_size - header.data_offset
    whole = max(0, data_bytes) // image_bytes
    if whole < count:
        raise ValueError(
            f"{path} is truncated: it holds {whole} whole images of the {count} its header promises; "
            "copy the file again"
        )
    if whole > count:
        raise ValueError(
            f"{path} holds {whole} images, but its header speaks of {count}; "
            "repair the header or write the file again"
        )
    if data_bytes > count * image_bytes:
        raise ValueError(
            f"{path} holds {data_bytes - count * image_bytes} bytes more than its header accounts for, perhaps an "
            "extended header of another length; repair the header or write the file again"
        )


def _pass_over_extended_header(stream: BinaryIO, header: MrcHeader, path: Path) -> None:
    """Leave the stream at the first image."""
    if not is_compressed(path):
        stream.seek(header.data_offset)
        return
    left = header.data_offset - HEADER_BYTES
    while left:
        block = memoryview(bytearray(min(left, BLOCK_BYTES)))
        if read_into(stream, block, path) < len(block):
            raise ValueError(f"{path} ends inside its extended header; copy the file again")
        left -= len(block)


def _first_label(header: Any) -> str:
    """Return the first label without what pads it."""
    return bytes(header["label"][0]).decode("ascii", "replace").split("\0")[0].strip()
