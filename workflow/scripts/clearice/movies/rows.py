"""The sums of one row of the sheet: of a movie, of two halves, or of a single micrograph made elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from clearice.config.tables import SumSettings
from clearice.movies.gain import Gain, check_gain
from clearice.movies.sums import Sums, check_pixel_size, correct_sums, pair_of_sums, sum_even_and_odd

KINDS = (["movie"], ["even", "odd"], ["single"])
WHY_NO_HALVES = {
    "movie": "only one frame was summed, so there are no even and odd sums; give movies of several frames",
    "single": "a single micrograph has no even and odd sums; give its movie, or both sums, in the sheet",
}

Row = Mapping[str, str]


class Movie(Protocol):
    """An open movie: `files.movies`."""

    @property
    def pixel_size_A(self) -> float:
        """Return the pixel size in A, 0 where it is not known."""

    @property
    def shape(self) -> tuple[int, int]:
        """Return the shape of a frame (h, w)."""

    def frames(self, first: int, last: int) -> Iterator[NDArray[Any]]:
        """Read the frames first to last, counted from one; 0 is the last of all."""


class Image(Protocol):
    """An image of a file: `files.mrc.Micrograph`."""

    @property
    def pixels(self) -> NDArray[np.float32]:
        """Return the pixels (h, w)."""

    @property
    def pixel_size_A(self) -> float:
        """Return the pixel size in A, 0 where it is not known."""

    @property
    def label(self) -> str:
        """Return the first label."""


@dataclass(frozen=True)
class Readers:
    """What opens files.

    Attributes
    ----------
    open_movie
        Opens a movie of several frames.
    read_image
        Reads one image.
    bad_pixels
        Returns the defective pixels of frames of a shape (h, w), None without a list.
    denoised_label
        Label of images that are denoised already.
    """

    open_movie: Callable[[Path], AbstractContextManager[Movie]]
    read_image: Callable[[Path], Image]
    bad_pixels: Callable[[tuple[int, int]], NDArray[np.bool_] | None]
    denoised_label: str


def sums_of_row(row: Row, settings: SumSettings, gain: Gain | None, readers: Readers) -> tuple[Sums, str]:
    """Sum what a row gives.

    Gain, defects and frame range are for movies; binning, the check of the pixel size and the refusal of NaN
    are for sums and micrographs made elsewhere as well.

    Returns
    -------
    Sums, str
        The sums, and why there are no halves (empty where there are).

    Raises
    ------
    ValueError, OSError
        The row gives no or several kinds of file, or a file is unusable.
    """
    kind = [name for name in ("movie", "even", "odd", "single") if row.get(name)]
    if kind not in KINDS:
        raise ValueError(
            f"the row gives {' and '.join(kind) or 'no file'}; fill the column movie, or even and odd, or single"
        )
    if kind == ["movie"]:
        sums = _sums_of_movie(Path(row["movie"]), settings, gain, readers)
    else:
        images = {name: _image_made_elsewhere(Path(row[name]), settings, readers) for name in kind}
        sums = pair_of_sums(images.get("even"), images[kind[-1]])
        sums = correct_sums(sums, None, None, settings.sum_binning)
    return sums, "" if sums.even is not None and sums.odd is not None else WHY_NO_HALVES[kind[0]]


def rows_by_name(rows: Sequence[Row]) -> dict[str, Row]:
    """Return the rows by micrograph name.

    Raises
    ------
    ValueError
        A name comes twice.
    """
    counts = Counter(row["micrograph"] for row in rows)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise ValueError(
            f"the batch has several rows named {', '.join(twice)}; give each micrograph a name of its own"
        )
    return {row["micrograph"]: row for row in rows}


def _sums_of_movie(path: Path, settings: SumSettings, gain: Gain | None, readers: Readers) -> Sums:
    """Sum the frames of a movie."""
    with readers.open_movie(path) as movie:
        check_pixel_size(movie.pixel_size_A, settings.pixel_size_A, str(path))
        if gain is not None:
            check_gain(gain, movie.shape)
        bad = readers.bad_pixels(movie.shape)
        frames = movie.frames(settings.first_frame, settings.last_frame)
        raw = sum_even_and_odd(frames, settings.first_frame)
    return correct_sums(raw, gain, bad, settings.sum_binning)


def _image_made_elsewhere(path: Path, settings: SumSettings, readers: Readers) -> NDArray[np.float32]:
    """Read a sum or a micrograph, which must be raw."""
    image = readers.read_image(path)
    check_pixel_size(image.pixel_size_A, settings.pixel_size_A, str(path))
    if image.label == readers.denoised_label:
        raise ValueError(f"{path} is denoised already; give the raw micrograph")
    return image.pixels
