"""Read any file that holds one image: MRC, TIFF or 16-bit PNG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from clearice.files.compressed import first_bytes, is_compressed, not_what_it_says, plain_suffix
from clearice.files.mrc import Micrograph, read_micrograph
from clearice.files.tiff import open_tiff

MRC_SUFFIXES = (".mrc", ".mrcs", ".map", ".st")
TIFF_SUFFIXES = (".tif", ".tiff", ".gain")  # Falcon 4 gain references are TIFF files named .gain


def read_image(path: Path) -> Micrograph:
    """Read a single image in the order of its rows in the file, as float32.

    Parameters
    ----------
    path
        MRC (also .gz and .bz2), TIFF of one page, or PNG of one grey channel.

    Returns
    -------
    Micrograph
        Pixels (h, w); pixel size in A, 0 where the file has none (PNG always).

    Raises
    ------
    ValueError
        The suffix is unknown, the file is not what its suffix says, is damaged, or holds several images.
    OSError
        The file is missing or cannot be read.
    """
    suffix = plain_suffix(path)
    if suffix in MRC_SUFFIXES:
        return read_micrograph(path)
    if is_compressed(path):
        raise ValueError(f"{path}: of compressed files only MRC is read; decompress it first")
    if suffix in TIFF_SUFFIXES:
        return _read_tiff(path)
    if suffix == ".png":
        return Micrograph(_read_png(path).astype(np.float32), 0.0, "")
    raise unknown_suffix(path)


def unknown_suffix(path: Path) -> ValueError:
    """Make the error for a file whose suffix names no format that is read."""
    if path.suffix.lower() == ".eer":
        return ValueError(f"{path}: EER movies are not read; convert it with relion_convert_to_tiff")
    return ValueError(
        f"{path} has the suffix {path.suffix!r}; {', '.join((*MRC_SUFFIXES, *TIFF_SUFFIXES, '.png'))} "
        "(of these MRC also .gz and .bz2) are read"
    )


def _read_tiff(path: Path) -> Micrograph:
    """Read a TIFF file of one page."""
    with open_tiff(path) as pages:
        if pages.count != 1:
            raise ValueError(
                f"{path} holds {pages.count} images where 1 is expected; "
                "if it is a movie, give it in the column movie"
            )
        return Micrograph(pages.read(0).astype(np.float32, copy=False), pages.pixel_size_A, "")


def _read_png(path: Path) -> NDArray[Any]:
    """Decode a PNG file of one grey channel of 8 or 16 bits."""
    head = first_bytes(path)
    if not head.startswith(b"\x89PNG\r\n\x1a\n"):
        raise not_what_it_says(path, "PNG", head)
    try:
        pixels: NDArray[Any] = imagecodecs.png_decode(path.read_bytes())
    except (RuntimeError, ValueError) as trouble:
        raise ValueError(f"{path} is a damaged PNG file ({trouble}); copy the file again") from None
    if pixels.ndim != 2:
        raise ValueError(
            f"{path} is a colour picture of shape {pixels.shape}; "
            "save the micrograph as 16-bit grey PNG, or as MRC"
        )
    return pixels
