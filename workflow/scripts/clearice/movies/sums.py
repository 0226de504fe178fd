"""Sum the frames of a movie: all of them, the even ones and the odd ones, in one pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clearice.image.resize import fourier_bin
from clearice.movies.bad_pixels import BadPixels, find_bad_pixels
from clearice.movies.defects import replace_defects
from clearice.movies.gain import Gain, check_gain

PIXELS_AT_ONCE = 1 << 18


@dataclass(frozen=True)
class Sums:
    """Sums of the frames of one movie.

    Attributes
    ----------
    even
        Sum of the even frames, float32 (h, w); None where there was no such frame.
    odd
        Likewise of the odd frames.
    even_frames
        How many frames are in the even sum; 0 where it is not known.
    odd_frames
        Likewise in the odd one.
    """

    even: NDArray[np.float32] | None
    odd: NDArray[np.float32] | None
    even_frames: int = 0
    odd_frames: int = 0

    def full(self) -> NDArray[np.float32]:
        """Add both halves: so even + odd is the full sum to the last bit.

        Raises
        ------
        ValueError
            There are no halves at all.
        """
        halves = _halves(self)
        if not halves:
            raise ValueError("there are no frames to sum; correct first_frame and last_frame")
        return halves[0] if len(halves) == 1 else halves[0] + halves[1]


def sum_even_and_odd(frames: Iterable[NDArray[Any]], first_frame: int) -> Sums:
    """Sum even and odd frames, numbered from one in the movie, without keeping any frame.

    Sums of counts are exact in single precision up to 2^24 per pixel.

    Parameters
    ----------
    frames
        Images (h, w) of any integer or floating type, one at a time.
    first_frame
        Number of the first of them in the movie: 1 is odd.

    Raises
    ------
    ValueError
        The frames differ in shape, or one holds NaN or Inf (the message has its number and the count).
    """
    sums: list[NDArray[np.float32] | None] = [None, None]
    counts = [0, 0]
    shape: tuple[int, ...] | None = None
    for number, frame in enumerate(frames, start=first_frame):
        shape = shape or frame.shape
        if frame.shape != shape:
            raise ValueError(
                f"frame {number} has shape {frame.shape}, the frames before it {shape}; "
                "all frames of a movie have one shape"
            )
        sums[number % 2] = _added(sums[number % 2], frame, number)
        counts[number % 2] += 1
    return Sums(sums[0], sums[1], *counts)


def pair_of_sums(even: NDArray[np.float32] | None, odd: NDArray[np.float32]) -> Sums:
    """Make sums of images made elsewhere; a single micrograph counts as one odd frame.

    Raises
    ------
    ValueError
        The two differ in shape, or one holds NaN or Inf.
    """
    if even is not None and even.shape != odd.shape:
        raise ValueError(
            f"the even sum has shape {even.shape}, the odd sum {odd.shape}; give both sums of the same movie"
        )
    for image, what in ((even, "the even sum"), (odd, "the image" if even is None else "the odd sum")):
        if image is not None:
            _check_finite(image, what)
    return Sums(even, odd)


def correct_sums(
    sums: Sums, gain: Gain | None, defects: NDArray[np.bool_] | None, binning: int, *, search: bool = False
) -> tuple[Sums, BadPixels | None]:
    """Apply gain, replace defective pixels and bin, once per sum instead of per frame: all are linear.

    Parameters
    ----------
    sums
        Sums of raw frames; their arrays are used up.
    gain
        Gain of the detector, or None if the frames are corrected already.
    defects
        True where a pixel is bad, (h, w), or None.
    binning
        Factor of the Fourier binning, 1 for none.
    search
        Whether to find bad pixels that are not among the defects; the full sum tells which, for both halves.

    Returns
    -------
    Sums, BadPixels
        The sums, and the pixels that were found and filled; None where none were looked for.

    Raises
    ------
    ValueError
        Gain or defects do not fit the frames, or too many pixels are bad.
    """
    known = _apply_gain(sums, gain, defects)
    found = find_bad_pixels(sums.full(), known) if search else None
    if found is not None and found.mask.any():
        for half in _halves(sums):
            replace_defects(half, found.mask if known is None else found.mask | known)
    even, odd = (None if half is None else fourier_bin(half, binning) for half in (sums.even, sums.odd))
    return Sums(even, odd, sums.even_frames, sums.odd_frames), found


def _added(total: NDArray[np.float32] | None, frame: NDArray[Any], number: int) -> NDArray[np.float32]:
    """Add a frame to its sum, in blocks of rows that stay in the processor's cache meanwhile."""
    result = np.empty(frame.shape, np.float32) if total is None else total
    rows = max(1, PIXELS_AT_ONCE // frame.shape[1])
    for start in range(0, len(frame), rows):
        block = frame[start : start + rows].astype(np.float32, copy=False)
        if frame.dtype.kind == "f" and _suspicious(block):
            _check_finite(frame.astype(np.float32, copy=False), f"frame {number}")
        if total is None:
            result[start : start + rows] = block
        else:
            result[start : start + rows] += block
    return result


def _apply_gain(sums: Sums, gain: Gain | None, defects: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    """Correct both halves in place for the gain, dead pixels and defects; return which pixels these are."""
    bad = defects
    if gain is not None:
        bad = gain.dead if defects is None else gain.dead | defects
    for half in _halves(sums):
        if gain is not None:
            check_gain(gain, (half.shape[0], half.shape[1]))
            half *= gain.factor
        if bad is not None:
            replace_defects(half, bad)
    return bad


def _halves(sums: Sums) -> list[NDArray[np.float32]]:
    """List the halves there are."""
    return [half for half in (sums.even, sums.odd) if half is not None]


def _check_finite(pixels: NDArray[np.float32], what: str) -> None:
    """Refuse NaN and Inf, and count them."""
    if _suspicious(pixels) and (count := int(np.count_nonzero(~np.isfinite(pixels)))):
        raise ValueError(f"{what} has {count} pixels that are NaN or Inf; write it again, or leave it out")


def _suspicious(pixels: NDArray[np.float32]) -> bool:
    """Check cheaply for NaN and Inf: a sum is finite only if all its terms are (it may overflow)."""
    with np.errstate(over="ignore", invalid="ignore"):
        return not np.isfinite(pixels.sum())
