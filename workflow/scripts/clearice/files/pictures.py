"""Read any file that holds one image: MRC, TIFF or 16-bit PNG."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from clearice.files.compressed import first_bytes, open_bytes
from clearice.files.kinds import described, kind_of
from clearice.files.limits import Limits, library_errors
from clearice.files.mrc import Micrograph, read_micrograph
from clearice.files.mrc_header import read_header
from clearice.files.tiff import open_tiff

PNG_HEADER_BYTES = 26  # signature, length and name of IHDR, width, height, bits, colour type
PNG_EXTRA_BYTES = 1 << 24  # of texts and colour profiles
GREY = 0

log = logging.getLogger(__name__)


def read_image(path: Path, limits: Limits | None = None) -> Micrograph:
    """Read a single image in the order of its rows in the file, as float32.

    Parameters
    ----------
    path
        MRC (also .gz and .bz2), TIFF of one page, or PNG of one grey channel.
    limits
        How much the file may claim; the usual amount if not given.

    Returns
    -------
    Micrograph
        Pixels (h, w); pixel size in A, 0 where the file has none (PNG always).

    Raises
    ------
    ValueError
        The suffix is unknown, the file is not what its suffix says, is damaged, holds several images, or claims
        more than `limits` allow.
    OSError
        The file is missing or cannot be read.
    """
    limits = limits or Limits()
    kind = kind_of(path, ("MRC", "TIFF", "PNG"))
    if kind == "MRC":
        return _read_mrc(path, limits)
    if kind == "TIFF":
        return _read_tiff(path, limits)
    return Micrograph(_read_png(path, limits).astype(np.float32), 0.0, "")


def _read_mrc(path: Path, limits: Limits) -> Micrograph:
    """Read an MRC file of one image."""
    with open_bytes(path) as stream:
        header = read_header(stream, path, limits)
    log.info("%s is read as %s", path, described("MRC", header.coding, header.shape, header.dtype, path))
    return read_micrograph(path, limits)


def _read_tiff(path: Path, limits: Limits) -> Micrograph:
    """Read a TIFF file of one page."""
    with open_tiff(path, limits) as pages:
        if pages.count != 1:
            raise ValueError(
                f"{path} holds {pages.count} images where 1 is expected; "
                "if it is a movie, give it in the column movie"
            )
        log.info(
            "%s is read as %s", path, described("TIFF", pages.coding, (1, *pages.shape), pages.dtype, path)
        )
        return Micrograph(pages.read(0).astype(np.float32, copy=False), pages.pixel_size_A, "")


def _read_png(path: Path, limits: Limits) -> NDArray[Any]:
    """Decode a PNG file of one grey channel of 8 or 16 bits.

    Its first chunk says size, bits and colour type (PNG specification, 11.2.1).
    """
    head = first_bytes(path, PNG_HEADER_BYTES)
    if len(head) < PNG_HEADER_BYTES or head[12:16] != b"IHDR":
        raise ValueError(f"{path} is a damaged PNG file (its header is missing); copy the file again")
    width, height = (int.from_bytes(head[start : start + 4]) for start in (16, 20))
    bits, colour = head[24], head[25]
    if colour != GREY or bits not in (8, 16):
        raise ValueError(
            f"{path} is a PNG of colour type {colour} with {bits} bits, a colour picture or a drawing; "
            "save the micrograph as 16-bit grey PNG, or as MRC"
        )
    image_bytes = height * width * (bits // 8)
    limits.check(path, (1, height, width), image_bytes)
    if path.stat().st_size > 2 * image_bytes + PNG_EXTRA_BYTES:
        raise ValueError(
            f"{path} has {path.stat().st_size} bytes, far more than its {height} x {width} px need; "
            "copy the file again"
        )
    with library_errors(path, "this damaged PNG file cannot be decoded"):
        pixels: NDArray[Any] = imagecodecs.png_decode(path.read_bytes())
    if pixels.shape != (height, width):
        raise ValueError(
            f"{path} is a PNG that holds more than grey values (it is read as {pixels.shape}); "
            "save the micrograph as 16-bit grey PNG, or as MRC"
        )
    log.info("%s is read as %s", path, described("PNG", "plain", (1, height, width), pixels.dtype, path))
    return pixels
