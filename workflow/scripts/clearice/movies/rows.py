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
from clearice.movies.copies import check_no_copy, check_not_blank, check_own_noise
from clearice.movies.defects import check_right_way_up
from clearice.movies.gain import Gain, check_gain, upside_down
from clearice.movies.gain_check import GainCheck
from clearice.movies.pixel_sizes import pixel_size_note
from clearice.movies.sums import Sums, correct_sums, pair_of_sums, sum_even_and_odd

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
    top_row_first
        Returns whether the first row in a file is the upper one, as in TIFF, and not the lower one, as in MRC.
    denoised_label
        Label of images that are denoised already.
    """

    open_movie: Callable[[Path], AbstractContextManager[Movie]]
    read_image: Callable[[Path], Image]
    top_row_first: Callable[[Path], bool]
    denoised_label: str


@dataclass(frozen=True)
class Detector:
    """What is known of the detector, its rows in the order of an MRC file.

    Attributes
    ----------
    gain
        Gain of its pixels; None where the frames are corrected already.
    check
        Asks frames whether the gain lies right; None where they are not to be asked.
    defects
        Returns the defective pixels of frames of a shape (h, w), None without a list.
    """

    gain: Gain | None
    check: GainCheck | None
    defects: Callable[[tuple[int, int]], NDArray[np.bool_] | None]


@dataclass(frozen=True)
class RowSums:
    """What a row gives.

    Attributes
    ----------
    sums
        The sums.
    why_no_halves
        Why there are no halves; empty where there are.
    note
        What must be known of them; mostly empty.
    """

    sums: Sums
    why_no_halves: str
    note: str


def sums_of_row(row: Row, settings: SumSettings, detector: Detector, readers: Readers) -> RowSums:
    """Sum what a row gives.

    Gain, defects and frame range are for movies; binning, the search for bad pixels, the check of the pixel size
    and the refusal of NaN, of blank images and of copies are for sums and micrographs made elsewhere as well.

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
        sums, notes = _sums_of_movie(Path(row["movie"]), settings, detector, readers)
        check, names = check_no_copy, ("the sum of the even frames", "the sum of the odd frames")
    else:
        sums, notes = _sums_made_elsewhere({name: Path(row[name]) for name in kind}, settings, readers)
        check = check_own_noise
        names = (f"the even sum {row.get('even')}", f"the odd sum {row.get('odd')}")
    if sums.even is None or sums.odd is None:
        return RowSums(sums, WHY_NO_HALVES[kind[0]], "; ".join(filter(None, notes)))
    check(sums.even, sums.odd, names)
    return RowSums(sums, "", "; ".join(filter(None, notes)))


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


def _sums_of_movie(
    path: Path, settings: SumSettings, detector: Detector, readers: Readers
) -> tuple[Sums, list[str]]:
    """Sum the frames of a movie; return notes with the sums."""
    turned = readers.top_row_first(path)
    gain = upside_down(detector.gain) if turned and detector.gain is not None else detector.gain
    with readers.open_movie(path) as movie:
        notes = [
            pixel_size_note(movie.pixel_size_A, settings.pixel_size_A, str(path), trust=settings.trust_table)
        ]
        if gain is not None:
            check_gain(gain, movie.shape)
        bad = detector.defects(movie.shape)
        frames = movie.frames(settings.first_frame, settings.last_frame)
        raw = sum_even_and_odd(frames, settings.first_frame)
    total = raw.full()
    check_not_blank(total, f"the sum of the frames of {path}")
    if detector.check is not None:
        notes.append(detector.check.ask(total[::-1] if turned else total))
    del total
    if bad is not None and turned:
        bad = bad[::-1]
    sums, found = correct_sums(raw, gain, bad, settings.sum_binning, search=settings.find_bad_pixels)
    if found is None:
        return sums, notes
    if bad is not None:
        check_right_way_up(bad, found.mask, settings.defects or "")
    return sums, [*notes, found.note()]


def _sums_made_elsewhere(
    paths: Mapping[str, Path], settings: SumSettings, readers: Readers
) -> tuple[Sums, list[str]]:
    """Read both sums, or a micrograph, which must be raw; return notes with them."""
    images, notes = {}, []
    for name, path in paths.items():
        image = readers.read_image(path)
        note = pixel_size_note(
            image.pixel_size_A, settings.pixel_size_A, str(path), trust=settings.trust_table
        )
        if image.label == readers.denoised_label:
            raise ValueError(f"{path} is denoised already; give the raw micrograph")
        check_not_blank(image.pixels, str(path))
        images[name] = image.pixels
        notes.append(note)
    sums = pair_of_sums(images.get("even"), images[list(paths)[-1]])
    sums, found = correct_sums(sums, None, None, settings.sum_binning, search=settings.find_bad_pixels)
    return sums, [*dict.fromkeys(notes), found.note() if found is not None else ""]
