"""The shape of the images in a file, from its header alone."""

from __future__ import annotations

from pathlib import Path

from clearice.files.compressed import first_bytes
from clearice.files.movies import open_movie

_PNG_SIZES = slice(16, 24)  # width and height, four bytes each, in the block that a PNG file begins with


def image_shape(path: Path) -> tuple[int, int]:
    """Return the shape (h, w) of a movie's frames, or of an image.

    Raises
    ------
    ValueError, OSError
        As `open_movie`: the file is missing, damaged, or none that is read.
    """
    if path.suffix.lower() != ".png":
        with open_movie(path) as movie:
            return movie.shape
    sizes = first_bytes(path, _PNG_SIZES.stop)[_PNG_SIZES]
    return int.from_bytes(sizes[4:]), int.from_bytes(sizes[:4])
