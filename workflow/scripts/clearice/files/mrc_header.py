"""Headers of MRC files: the one reader (MRC2014 and the older dialects) and the one writer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE

from clearice.files.compressed import is_compressed, not_what_it_says, read_into

HEADER_BYTES = 1024
DTYPE_OF_MODE = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
LARGEST_SIDE = 1 << 20
IMOD_STAMP = 1146047817

Statistics = tuple[float, float, float, float]
"""Minimum, maximum, mean and standard deviation of all pixels."""


@dataclass(frozen=True)
class MrcHeader:
    """What an MRC header says.

    Attributes
    ----------
    shape
        Number of images and their shape, (n, h, w).
    dtype
        Number type of the pixels, with byte order.
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
    data_offset: int
    pixel_size_A: float
    unrounded_pixel_size_A: float
    label: str


def read_header(stream: BinaryIO, path: Path) -> MrcHeader:
    """Read the header at the start of `stream` and leave the stream at the first image.

    Byte order is told by the order in which size and mode make sense; only where both do, by the machine
    stamp. So headers of the time before the stamp and the word MAP are read as well. Mode 0 is signed, unless
    IMOD (or SerialEM) has written it and not marked it so. The pixel size is cell length / grid size in x.

    Raises
    ------
    ValueError
        The file is no MRC file, has an unknown mode, or is shorter than its header says.
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
    code = DTYPE_OF_MODE[mode]
    if mode == 0 and _imod_unsigned(header):
        code = "u1"
    dtype = np.dtype(code).newbyteorder(header.dtype["nx"].byteorder)
    shape = (int(header["nz"]), int(header["ny"]), int(header["nx"]))
    offset = HEADER_BYTES + int(header["nsymbt"])
    if not is_compressed(path):
        _check_size(path, math.prod(shape[1:]) * dtype.itemsize, shape[0], offset)
        stream.seek(offset)
    elif read_into(stream, memoryview(bytearray(offset - HEADER_BYTES)), path) < offset - HEADER_BYTES:
        raise ValueError(f"{path} ends inside its extended header; copy the file again")
    size_A = _pixel_size(header)
    return MrcHeader(shape, dtype, offset, round(size_A, 6), float(np.float32(size_A)), _first_label(header))


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
        and 0 <= int(header["nsymbt"]) < 1 << 28
    )


def _imod_unsigned(header: Any) -> bool:
    """Check whether IMOD's stamp is there without its flag for signed bytes (header words 39 and 40)."""
    extra = bytes(header["extra2"])  # begins at byte 112; the stamp is at byte 152
    stamp, flags = np.frombuffer(extra[40:48], header.dtype["nx"])
    return bool(stamp == IMOD_STAMP and not flags & 1)


def _check_size(path: Path, image_bytes: int, count: int, offset: int) -> None:
    """Compare the size of a plain file with its header."""
    found = path.stat().st_size
    whole = max(0, found - offset) // image_bytes
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


def _pixel_size(header: Any) -> float:
    """Return the pixel size in A, cell length / grid size in x; 0 where the header has none."""
    grid, length = int(header["mx"]), float(header["cella"]["x"])
    return length / grid if grid > 0 and math.isfinite(length) and length > 0 else 0.0


def _first_label(header: Any) -> str:
    """Return the first label without what pads it."""
    return bytes(header["label"][0]).decode("ascii", "replace").split("\0")[0].strip()
