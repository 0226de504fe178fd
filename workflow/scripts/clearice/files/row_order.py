"""Which way up a format keeps the rows of an image."""

from __future__ import annotations

from pathlib import Path

from clearice.files.compressed import plain_suffix
from clearice.files.kinds import TIFF_SUFFIXES


def top_row_first(path: Path) -> bool:
    """Return whether the first row in a file is the upper one: in TIFF and PNG it is, in MRC the lower one.

    IMOD, SerialEM, RELION and MotionCor therefore turn a TIFF file upside down as they read it, so that its rows
    lie as those of an MRC file. Told by the suffix.
    """
    return plain_suffix(path) in (*TIFF_SUFFIXES, ".png")
