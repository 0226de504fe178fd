"""Read and write micrographs as MRC2014 files, and read the older dialects of the format."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE
from numpy.typing import NDArray

from clearice.files.atomic import atomic_write
from clearice.files.compressed import bytes_after, is_compressed, not_what_it_says, open_bytes, read_into

VIEWING_ONLY = "clearice: denoised, for viewing and picking only"
DATA = "clearice: sum of frames"

HEADER_BYTES = 1024
DTYPE_OF_MODE = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
LARGEST_SIDE = 1 << 20
IMOD_STAMP = 1146047817
ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class Micrograph:
    """One image of a file: `pixels` float32 (h, w), `pixel_size_A` (0 where it is unknown), first label."""

    pixels: NDArray[np.float32]
    pixel_size_A: float
    label: str


@dataclass(frozen=True)
class MrcHeader:
    """What an MRC header says: shape (n, h, w), number type, where the numbers start, pixel size, label."""

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    data_offset: int
    pixel_size_A: float
    label: str


def read_micrograph(path: Path) -> Micrograph:
    """Read a single-image MRC file (plain, .gz or .bz2; modes 0, 1, 2, 6 and 12; either byte order).

    Raises
    ------
    ValueError
        The file is empty, truncated, no MRC file, of an unknown mode, or holds several images.
    """
    with open_bytes(path) as stream:
        header = read_header(stream, path)
        if header.shape[0] != 1:
            raise ValueError(
                f"{path} holds {header.shape[0]} images where 1 is expected; "
                "if it is a movie, give it in the column movie"
            )
        pixels = np.empty(header.shape[1:], header.dtype)
        fill_image(stream, pixels, 0, header, path)
    return Micrograph(pixels.astype(np.float32, copy=False), header.pixel_size_A, header.label)


def common_pixel_size(paths: Sequence[Path]) -> float:
    """Read the pixel size in A that the headers of several MRC files have in common.

    Raises
    ------
    ValueError
        Two files differ by more than one part in 10,000, or one has no pixel size.
    """
    sizes = []
    for path in paths:
        with open_bytes(path) as stream:
            sizes.append(read_header(stream, path).pixel_size_A)
        if not sizes[-1] > 0 or abs(sizes[-1] - sizes[0]) > 1e-4 * sizes[0]:
            raise ValueError(
                f"{path} has {sizes[-1]:g} A/px and {paths[0]} {sizes[0]:g} A/px; "
                "make all micrographs of a dataset again with one pixel size"
            )
    if not sizes:
        raise ValueError("there are no micrographs to read a pixel size from; give one or more")
    return sizes[0]


def write_micrograph(path: Path, pixels: NDArray[np.float32], pixel_size_A: float, label: str = DATA) -> None:
    """Write one image as a float32 MRC file with true statistics; equal images make equal bytes.

    Parameters
    ----------
    path
        The file to be written, whole or not at all.
    pixels
        Image (h, w), finite.
    pixel_size_A
        Pixel size in A; 0 where it is unknown.
    label
        The only label, ASCII, at most 80 characters: `DATA`, `VIEWING_ONLY` or one of your own.

    Raises
    ------
    ValueError
        The image is not 2D or holds NaN or Inf, the pixel size is negative, or the label is too long.
    OSError
        The disk is full or the folder cannot be written; nothing half-written stays behind.
    """
    if pixels.ndim != 2 or pixels.size == 0:
        raise ValueError(f"a micrograph has rows and columns, {path} was to get the shape {pixels.shape}")
    if not (math.isfinite(pixel_size_A) and pixel_size_A >= 0):
        raise ValueError(
            f"{path} was to get the pixel size {pixel_size_A} A; give a positive one, or 0 for unknown"
        )
    if not label.isascii() or len(label) > 80:
        raise ValueError(f"a label of an MRC file has at most 80 ASCII characters, not {label!r}")
    pixels = np.ascontiguousarray(pixels, dtype="<f4")
    header = np.zeros((), HEADER_DTYPE.newbyteorder("<"))
    header["ny"], header["nx"] = header["my"], header["mx"] = pixels.shape
    header["nz"], header["mz"], header["mode"] = 1, 1, 2
    header["cella"] = tuple(pixel_size_A * side for side in (*pixels.shape[::-1], 1))
    header["cellb"] = (90, 90, 90)
    header["mapc"], header["mapr"], header["maps"] = 1, 2, 3
    header["dmin"], header["dmax"], header["dmean"], header["rms"] = _statistics(pixels, path)
    header["nversion"] = 20141
    header["map"], header["machst"] = b"MAP ", (0x44, 0x44, 0, 0)
    header["nlabl"] = 1
    header["label"][0] = label.encode()
    with atomic_write(path) as partial, partial.open("wb") as stream:
        stream.write(header.tobytes())
        stream.write(pixels.data)


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
    return MrcHeader(shape, dtype, offset, _pixel_size(header), _first_label(header))


def fill_image(stream: BinaryIO, image: NDArray[Any], index: int, header: MrcHeader, path: Path) -> None:
    """Read the image at the stream's position into `image` (h, w) of the header's type, contiguous.

    Raises
    ------
    ValueError
        The file ends inside this image (number `index`, counted from zero); or, after the last image, a
        compressed file turns out to be cut off, damaged, or longer than its header says.
    """
    if read_into(stream, image.reshape(-1).view(np.uint8).data, path) < image.nbytes:
        raise ValueError(
            f"{path} ends inside image {index + 1} of the {header.shape[0]} its header promises; "
            "copy the file again"
        )
    if (
        index == header.shape[0] - 1
        and is_compressed(path)
        and bytes_after(stream, image.nbytes, path) >= image.nbytes
    ):
        raise ValueError(
            f"{path} holds more than the {header.shape[0]} images its header speaks of; "
            "repair the header or write the file again"
        )


def _statistics(pixels: NDArray[np.float32], path: Path) -> tuple[float, float, float, float]:
    """Compute minimum, maximum, mean and standard deviation in double precision, block by block."""
    blocks = [pixels[start : start + ROWS_AT_ONCE] for start in range(0, len(pixels), ROWS_AT_ONCE)]
    mean = math.fsum(float(block.sum(dtype=np.float64)) for block in blocks) / pixels.size
    if not math.isfinite(mean):
        raise ValueError(
            f"{path} was to get {np.count_nonzero(~np.isfinite(pixels))} pixels that are NaN or Inf; "
            "an image we write holds finite numbers only"
        )
    squares = math.fsum(float(np.square(block - mean, dtype=np.float64).sum()) for block in blocks)
    return float(pixels.min()), float(pixels.max()), mean, math.sqrt(squares / pixels.size)


def _in_its_byte_order(block: bytes) -> Any:
    """Read the header in the byte order in which it makes sense; None where it does in neither."""
    readings = [np.frombuffer(block, HEADER_DTYPE.newbyteorder(order))[0] for order in "<>"]
    sensible = [header for header in readings if _makes_sense(header)]
    if len(sensible) == 2 and block[212] == 0x11:
        return sensible[1]
    return sensible[0] if sensible else None


def _makes_sense(header: Any) -> bool:
    """Say whether sizes, mode and extended header can be those of a file."""
    sides = [int(header[name]) for name in ("nx", "ny", "nz")]
    return (
        all(0 < side <= LARGEST_SIDE for side in sides)
        and 0 <= int(header["mode"]) <= 1000
        and 0 <= int(header["nsymbt"]) < 1 << 28
    )


def _imod_unsigned(header: Any) -> bool:
    """Say whether IMOD's stamp is there without its flag for signed bytes (words 39 and 40 of the header)."""
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
    """Give the pixel size in A, rounded to what single precision can hold; 0 where the header has none."""
    grid, length = int(header["mx"]), float(header["cella"]["x"])
    return round(length / grid, 6) if grid > 0 and math.isfinite(length) and length > 0 else 0.0


def _first_label(header: Any) -> str:
    """Give the first label without what pads it."""
    return bytes(header["label"][0]).decode("ascii", "replace").split("\0")[0].strip()
