"""Find dead and hot pixels, columns, rows and borders in a sum or a micrograph, without a list of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from clearice.movies.bad_lines import bad_columns, constant_border, share_of_others
from clearice.movies.noise_scale import TILE_PX, NoiseScale, noise_scale, per_pixel

FAR = 8.0
"""Noise standard deviations from its neighbours from which on a pixel is bad: one of 10^15 by chance."""

STANDS_OUT = 0.6
"""Share of that distance by which it must surpass all but one of the sixteen pixels two away from it: lines cross these twice."""

ROUGH = 5.5
"""Standard deviations of the middle twelve of those sixteen by which it must be off: among fringes they are rough."""

MOST_BAD = 0.05
"""Share of bad pixels above which an image is not repaired."""

FEWEST_COUNTED = 0.1
"""Share of pixels that must differ from the commonest value: in emptier frames nothing is far from nothing."""

FEWEST_PX = 32
"""Side of an image below which there is too little to judge by."""

ROWS_AT_ONCE = 8 * TILE_PX
AT_ONCE = 1 << 16
FEWEST_AROUND = 8

RING = np.array([(y, x) for y in range(-2, 3) for x in range(-2, 3) if max(abs(y), abs(x)) == 2])


@dataclass(frozen=True)
class BadPixels:
    """Bad pixels of an image.

    Attributes
    ----------
    mask
        True where a pixel is bad, (h, w).
    border_px
        Rows and columns at the edges that are constant.
    columns
        Columns that are bad, wholly or in part.
    rows
        Rows likewise.
    spots
        Single pixels, those in small groups counted each.
    """

    mask: NDArray[np.bool_]
    border_px: int
    columns: int
    rows: int
    spots: int

    def note(self) -> str:
        """Describe them in a sentence; empty where there are none."""
        total = int(np.count_nonzero(self.mask))
        if not total:
            return ""
        parts = [
            f"{count} {word if count == 1 else several}"
            for count, word, several in (
                (self.border_px, "line of a constant border", "lines of a constant border"),
                (self.columns, "column", "columns"),
                (self.rows, "row", "rows"),
                (self.spots, "single pixel", "single pixels"),
            )
            if count
        ]
        what = "bad pixel was" if total == 1 else "bad pixels were"
        return f"{total} {what} found and filled ({', '.join(parts)})"


def find_bad_pixels(image: NDArray[np.float32], known: NDArray[np.bool_] | None) -> BadPixels:
    """Find pixels that are no measurement, by what they are beside their neighbours.

    Bad are: lines at the edges of one value; stretches of a column or row of one value, or far off the columns or
    rows on both sides; and pixels at most three in a group that are `FAR` off and stand out of the pixels around
    them. Specimen, ice, beads and edges are wider than that, and are spared. Distances are counted in standard
    deviations of the noise, after the square root that makes counts of any number equally noisy (Anscombe 1948),
    so that single electrons in an almost empty frame are not far.

    Parameters
    ----------
    image
        Sum or micrograph (h, w), finite, after its gain.
    known
        Pixels known to be bad already, (h, w); they count for nothing.

    Raises
    ------
    ValueError
        More than `MOST_BAD` of the pixels are bad.
    """
    mask = np.zeros(image.shape, np.bool_)
    if min(image.shape) < FEWEST_PX:
        return BadPixels(mask, 0, 0, 0, 0)
    top, bottom, left, right = constant_border(image)
    mask[:top], mask[image.shape[0] - bottom :] = True, True
    mask[:, :left], mask[:, image.shape[1] - right :] = True, True
    border_px = top + bottom + left + right
    inside = (slice(top, image.shape[0] - bottom), slice(left, image.shape[1] - right))
    if min(image[inside].shape) < FEWEST_PX:
        raise _too_many(1.0)
    part, seen = image[inside], None if known is None else known[inside]
    if share_of_others(part) < FEWEST_COUNTED:
        return BadPixels(mask, border_px, 0, 0, 0)
    scale = noise_scale(part)
    columns = bad_columns(part, seen, scale)
    rows = bad_columns(part.T, None if seen is None else seen.T, scale.transposed()).T
    lines = columns | rows
    spots = _spots(part, lines if seen is None else lines | seen, scale)
    mask[inside] |= lines | spots
    if known is not None:
        mask &= ~known
    share = np.count_nonzero(mask) / mask.size
    if share > MOST_BAD:
        raise _too_many(share)
    return BadPixels(
        mask,
        border_px,
        int(columns.any(axis=0).sum()),
        int(rows.any(axis=1).sum()),
        int(np.count_nonzero(spots)),
    )


def _too_many(share: float) -> ValueError:
    """Make the error for an image that is bad for the most part."""
    return ValueError(
        f"{share:.0%} of the pixels are dead, hot or of one constant value, {MOST_BAD:.0%} may be; cut the image to what "
        "was recorded, give a list of the defects, or set find_bad_pixels to false"
    )


def _spots(image: NDArray[np.float32], excluded: NDArray[np.bool_], scale: NoiseScale) -> NDArray[np.bool_]:
    """Find single bad pixels: candidates by the mean of nine pixels, then each by its surroundings."""
    found = np.zeros(image.shape, np.bool_)
    above, below = (0.5 * reach for reach in scale.reach(FAR))  # 8/9 is left of a single pixel less that mean
    height = image.shape[0]
    for start in range(0, height, ROWS_AT_ONCE):
        stop = min(start + ROWS_AT_ONCE, height)
        first, last = max(0, start - 1), min(height, stop + 1)
        block = image[first:last]
        away = (block - uniform_filter(block, 3))[start - first : stop - first]
        tiles = slice(start // TILE_PX, -(-stop // TILE_PX))
        high, low = (per_pixel(reach[tiles], away.shape) for reach in (above, below))
        near = np.argwhere(((away > high) | (away < -low)) & ~excluded[start:stop])
        for some in np.array_split(near, -(-len(near) // AT_ONCE)) if len(near) else ():
            bad = _standing_out(image, excluded, some + np.array([start, 0]), scale)
            found[bad[:, 0], bad[:, 1]] = True
    return found


def _standing_out(
    image: NDArray[np.float32], excluded: NDArray[np.bool_], places: NDArray[np.int64], scale: NoiseScale
) -> NDArray[np.int64]:
    """Return which of some pixels are far from those two away from them, and beyond all but one of these."""
    y, x = (places[:, None, axis] + RING[None, :, axis] for axis in (0, 1))
    y, x = (side - 1 - abs(side - 1 - abs(one)) for one, side in zip((y, x), image.shape, strict=True))
    ring = np.sort(np.where(excluded[y, x], np.nan, image[y, x].astype(np.float64)), axis=1)  # NaN comes last
    count = np.count_nonzero(~np.isnan(ring), axis=1)
    usable = count >= FEWEST_AROUND
    places, ring, count = places[usable], ring[usable], count[usable]
    value = image[places[:, 0], places[:, 1]].astype(np.float64)
    inner = _inner(ring.shape[1], count)
    middle = np.where(inner, ring, 0).sum(axis=1) / inner.sum(axis=1)
    step = value - middle
    around = np.sqrt(np.where(inner, np.square(ring - middle[:, None]), 0).sum(axis=1) / inner.sum(axis=1))
    each = np.arange(len(places))
    beyond = np.where(step > 0, value - ring[each, count - 2], ring[each, 1] - value)
    far = (scale.deviations(step, places) > FAR) & (np.abs(step) > ROUGH * around)
    bad: NDArray[np.int64] = places[far & (beyond > STANDS_OUT * np.abs(step))]
    return bad


def _inner(width: int, count: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark in sorted rows of `count` values all but the two lowest and the two highest."""
    place = np.arange(width)
    inner: NDArray[np.bool_] = (place >= 2) & (place < count[:, None] - 2)
    return inner
