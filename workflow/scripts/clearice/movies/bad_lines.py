"""Find columns that are no measurement, wholly or in stretches, and borders of one value."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clearice.movies.noise_scale import TILE_PX, NoiseScale

SIGNIFICANT = 8.0
"""Standard errors of a stretch's mean from which on it differs from its neighbours."""

OFF = 1.0
"""Noise standard deviations of a pixel by which a stretch's mean must differ: less is a residue of the gain."""

OFF_AT_EDGE = 3.0
"""The same for the first and the last one, which have neighbours on one side only."""

SHARP = 0.55
"""Share of that difference that must lie between two neighbouring columns on each side: a fibre fades out."""

ROUGH = 4.0
"""Times the same difference of the columns around it, at their median: among fringes all differ."""

PARTS = 4
"""Parts of a stretch each of which must show the difference."""

SIDE_PX = (2, 3, 4, 5)
"""Distances of the columns on each side that a column is compared with: it may be three wide."""

SURE = 40.0
"""Pixels of another value that a stretch of one value must be without, by its surroundings: e^-40 by chance."""

LEFT = 0.05
"""Share of the usual pixels of other values that may be left in a line of one value at the edge."""

RARE = 0.02
"""Share of the pixels with the commonest value below which equal neighbours are no matter of few counts."""


def constant_border(image: NDArray[np.float32]) -> tuple[int, int, int, int]:
    """Count the lines of one value at the edges of an image.

    Returns
    -------
    int, int, int, int
        Rows at the top and at the bottom, columns on the left and on the right.
    """
    top, bottom = _constant_rows(image)
    left, right = _constant_rows(image[top : image.shape[0] - bottom].T)
    return top, bottom, left, right


def bad_columns(
    image: NDArray[np.float32], known: NDArray[np.bool_] | None, scale: NoiseScale
) -> NDArray[np.bool_]:
    """Find stretches of columns of one value, and stretches far off the columns on both sides.

    Parameters
    ----------
    image
        Image (h, w); transposed, its rows are looked at.
    known
        Pixels that count for nothing, (h, w).
    scale
        Noise of the image.

    Returns
    -------
    bool array (h, w)
        True where a pixel is of a bad stretch; a column that is off in half of its stretches is bad as a whole.
    """
    found = np.zeros(image.shape, np.bool_)
    length = _stretch_px(image)
    height = image.shape[0]
    for start in range(0, max(1, height - length // 2), length // 2):
        rows = slice(start, min(start + length, height))
        value, still = _still(image[rows])
        if known is not None:
            still &= ~known[rows].any(axis=0)
        for x in map(int, np.flatnonzero(still)):
            whole = _whole_stretch(image[:, x], rows)
            if not found[rows.start, x] and _surprising(image, whole, x, value[x]):
                found[whole, x] = True
    off = np.zeros((height // TILE_PX, image.shape[1]), np.bool_)
    for tile in range(len(off)):
        rows = slice(tile * TILE_PX, (tile + 1) * TILE_PX)
        excluded = found[rows] if known is None else found[rows] | known[rows]
        off[tile] = _off_columns(image[rows], excluded, float(np.median(scale.spread[tile])))
        found[rows, off[tile]] = True
    found[:, (off.sum(axis=0) > 1) & (off.sum(axis=0) >= len(off) / 2)] = True
    return found


def share_of_others(image: NDArray[np.float32]) -> float:
    """Return the share of the pixels of an image (h, w) that do not have the commonest value."""
    step = max(1, int((image.size / 100_000) ** 0.5))
    some = image[::step, ::step]
    _, counts = np.unique(some, return_counts=True)
    return 1 - float(counts.max()) / some.size


def _constant_rows(image: NDArray[np.float32]) -> tuple[int, int]:
    """Count the rows of one value, the same in all, at the beginning and at the end.

    A line that crosses them does not count.
    """
    if not image.size:
        return 0, 0
    others = share_of_others(image)
    counts = []
    for some in (image, image[::-1]):
        value = np.median(some[0])
        count = 0
        while count < len(some) and np.mean(some[count] != value) <= LEFT * others:
            count += 1
        counts.append(count)
    if sum(counts) >= len(image):
        return len(image), 0
    others = share_of_others(image[counts[0] : len(image) - counts[1]])
    first, last = (count if count * image.shape[1] * others >= SURE else 0 for count in counts)
    return first, last


def _stretch_px(image: NDArray[np.float32]) -> int:
    """Return how long a stretch of one value must be, so that it is no matter of few counts."""
    others = share_of_others(image)
    length = TILE_PX
    while 1 - others > RARE and length < image.shape[0] and length * others < 1.1 * SURE:
        length *= 2
    return min(length, int(image.shape[0]))


def _still(stretch: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the first value of each column and whether all others equal it."""
    first = stretch[0]
    still = stretch[len(stretch) // 2] == first
    where = np.flatnonzero(still)
    still[where] = (stretch[:, where] == first[where]).all(axis=0)
    return first, still


def _surprising(image: NDArray[np.float32], rows: slice, x: int, value: np.float32) -> bool:
    """Return whether the surroundings of a stretch of one value hold enough of other values."""
    around = image[rows, max(0, x - 2 * TILE_PX) : x + 2 * TILE_PX + 1]
    return bool(
        (rows.stop - rows.start) * np.mean(around != value) >= min(SURE, 0.5 * (rows.stop - rows.start))
    )


def _whole_stretch(column: NDArray[np.float32], rows: slice) -> slice:
    """Follow a stretch of one value to both of its ends."""
    other = np.flatnonzero(column != column[rows.start])
    before, after = other[other < rows.start], other[other >= rows.stop]
    return slice(int(before[-1]) + 1 if before.size else 0, int(after[0]) if after.size else len(column))


def _off_columns(strip: NDArray[np.float32], excluded: NDArray[np.bool_], spread: float) -> NDArray[np.bool_]:
    """Find the columns of a strip of rows whose mean is far off the columns on both sides.

    It must be so in each quarter of the strip, which spares beads, and all at once on both sides, which spares
    fibres.
    """
    width = strip.shape[1]
    kept = ~excluded
    count = kept.reshape(PARTS, -1, width).sum(axis=1)
    totals = np.where(kept, strip, np.float32(0)).reshape(PARTS, -1, width).sum(axis=1, dtype=np.float64)
    full = count.min(axis=0) > len(strip) // (2 * PARTS)
    parts = np.where(full, totals / np.maximum(count, 1), np.nan)
    mean = parts.mean(axis=0)
    left, right = (_beside(mean, sign) for sign in (-1, 1))
    left, right = np.where(np.isnan(left), right, left), np.where(np.isnan(right), left, right)
    with np.errstate(invalid="ignore"):
        away_left, away_right = mean - left, mean - right
        sign = np.sign(away_left)
        least = np.where(away_left * away_right > 0, np.minimum(np.abs(away_left), np.abs(away_right)), 0)
        least[[0, -1]] *= OFF / OFF_AT_EDGE
        others = np.abs(mean - (left + right) / 2)
        usual = np.nanmedian(others) / 0.6745
        far = least > np.maximum(max(OFF * spread, SIGNIFICANT * usual), ROUGH * _around(others))
    off = np.zeros(width, np.bool_)
    for x in np.flatnonzero(far):
        steps = np.diff(mean[max(0, x - 3) : x + 4]) * sign[x]
        middle = min(x, 3)
        rise, fall = steps[:middle], -steps[middle:]
        sharp = all(
            not steps.size or np.nanmax(steps) > SHARP * abs(away[x])
            for steps, away in ((rise, away_left), (fall, away_right))
        )
        beside = (parts[:, x] - (left[x] + right[x]) / 2) * sign[x]
        off[x] = sharp and bool((beside > 0.5 * least[x]).all())
    return off


def _beside(mean: NDArray[np.float64], sign: int) -> NDArray[np.float64]:
    """Return the median of the columns on one side."""
    return _median_at(mean, [sign * step for step in SIDE_PX])


def _around(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median of the columns on both sides, 0 where there are none."""
    return np.nan_to_num(_median_at(values, [sign * step for sign in (-1, 1) for step in SIDE_PX]))


def _median_at(values: NDArray[np.float64], steps: list[int]) -> NDArray[np.float64]:
    """Return the median of the values at some distances."""
    reach = max(map(abs, steps))
    padded = np.pad(values, reach, constant_values=np.nan)
    return _median(np.stack([padded[reach + step : reach + step + len(values)] for step in steps]))


def _median(some: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median over the first axis of what is not NaN."""
    count = np.count_nonzero(~np.isnan(some), axis=0)
    ordered = np.sort(some, axis=0)
    each = np.arange(some.shape[1])
    last = np.maximum(count - 1, 0)
    result = (ordered[last // 2, each] + ordered[(last + 1) // 2, each]) / 2
    return np.where(count > 0, result, np.nan)
