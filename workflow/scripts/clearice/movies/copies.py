"""Refuse images that show nothing, and images whose noise is not their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clearice.image.copies import SURELY_COPIED

FEWEST_SHARED = 0.2
"""Correlation of those below which a shared part is not looked for: one frame of 25."""

MOST_SHARED = 0.97
"""Correlation from which on there is too little noise to tell whose it is."""

HALF_IN_SUM = 0.69
"""Least correlation of a half with the sum that holds it, less a margin: sqrt(1/2)."""

EXACT = 0.02
"""How exactly a shared part must explain the covariance; four standard errors must be less."""

OWN_MEAN = 0.1
"""Share of the noise from which on a mean is that of counts, and not what was left of one taken away."""

FAR_OUT = 6.0
"""Standard deviations beyond which a difference is of a bad pixel, which both images would share, and left out."""

MOST_ROWS = 512  # compared at most, in blocks spread over the image
ROWS_AT_ONCE = 64


def check_not_blank(image: NDArray[np.float32], what: str) -> None:
    """Refuse an image all of whose pixels have one value.

    Parameters
    ----------
    image
        Image (h, w).
    what
        What it is, for the error.

    Raises
    ------
    ValueError
        It is blank.
    """
    first = image.flat[0]
    if (image[0] == first).all() and (image == first).all():
        raise ValueError(f"{what} is blank: all its pixels are {first:g}; leave it out, or write it again")


def check_no_copy(one: NDArray[np.float32], other: NDArray[np.float32], names: tuple[str, str]) -> None:
    """Refuse two images that are equal, or one another's copy but for scale and offset.

    Parameters
    ----------
    one, other
        Images of one shape (h, w).
    names
        What they are, for the error.

    Raises
    ------
    ValueError
        Their differences of neighbouring pixels, in which noise is strong and the specimen weak, are the same.
    """
    _compared(one, other, names)


def check_own_noise(one: NDArray[np.float32], other: NDArray[np.float32], names: tuple[str, str]) -> None:
    """Refuse two images of one field that are copies, or one of which is a sum or mean that holds the other.

    Where F is a sum that holds E, both scaled to one mean, cov(E, F) = var(F): what E has more than F has nothing to
    do with F. Where both have noise of their own, cov(E, F) = var(F) SNR / (1 + SNR), with the SNR of F. Images
    whose mean was taken away are compared as they are, and with F halved.

    Parameters
    ----------
    one, other, names
        As in `check_no_copy`.

    Raises
    ------
    ValueError
        They share their noise.
    """
    found = _compared(one, other, names)
    if not FEWEST_SHARED < found.correlation < MOST_SHARED:
        return
    if 4 * float(np.sqrt((1 / found.correlation**2 - 1) / found.count)) > EXACT:
        return
    counted = all(mean > OWN_MEAN * power**0.5 for mean, power in zip(found.means, found.power, strict=True))
    for inner, outer in ((0, 1), (1, 0)):
        slope = found.correlation * (found.power[inner] / found.power[outer]) ** 0.5
        scales = [1.0, 2.0] if found.correlation > HALF_IN_SUM else [1.0]
        if counted:
            scales = [found.means[outer] / found.means[inner]]
        if any(abs(scale * slope - 1) < EXACT for scale in scales):
            raise ValueError(
                f"{names[outer]} holds {names[inner]}, as the full sum does or a mean of more frames (their pixels "
                f"correlate by {found.correlation:.3f}); {_ADVICE}"
            )


_ADVICE = "give two images whose noise is independent: even and odd frames, or two exposures"


@dataclass(frozen=True)
class _Compared:
    """Two images beside each other.

    Attributes
    ----------
    correlation
        Of their differences of neighbouring pixels; 0 where one has none.
    power
        Mean squares of those.
    means
        Means of the pixels.
    count
        How many differences there are.
    """

    correlation: float
    power: tuple[float, float]
    means: tuple[float, float]
    count: int


def _compared(one: NDArray[np.float32], other: NDArray[np.float32], names: tuple[str, str]) -> _Compared:
    """Compare two images; refuse copies."""
    if np.array_equal(one, other):
        raise ValueError(f"{names[0]} and {names[1]} are equal, pixel by pixel; {_ADVICE}")
    (first, second), means, count = _differences(one, other)
    power = tuple(float(np.vdot(half, half)) / max(1, count) for half in (first, second))
    shared = float(np.vdot(first, second)) / max(1, count)
    correlation = shared / (power[0] * power[1]) ** 0.5 if min(power) > 0 else 0.0
    if abs(correlation) > SURELY_COPIED:
        raise ValueError(
            f"{names[1]} is a scaled copy of {names[0]} (their pixels correlate by {correlation:.4f}); {_ADVICE}"
        )
    return _Compared(correlation, (power[0], power[1]), means, count)


def _differences(
    one: NDArray[np.float32], other: NDArray[np.float32]
) -> tuple[tuple[NDArray[np.float32], NDArray[np.float32]], tuple[float, float], int]:
    """Return differences of neighbours in rows spread over both images, their means, and how many there are."""
    height = one.shape[0]
    blocks = max(1, -(-height // ROWS_AT_ONCE))
    step = max(1, blocks * ROWS_AT_ONCE // MOST_ROWS)
    rows = np.concatenate(
        [
            np.arange(start, min(start + ROWS_AT_ONCE, height))
            for start in range(0, height, step * ROWS_AT_ONCE)
        ]
    )
    found, means = [], []
    for image in (one, other):
        some = image[rows]
        means.append(float(some.mean(dtype=np.float64)))
        found.append(np.diff(some, axis=1).ravel())
    far = _far_out(found[0]) | _far_out(found[1])
    for difference in found:
        difference[far] = 0
    return (found[0], found[1]), (means[0], means[1]), found[0].size


def _far_out(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Find values that do not belong to the others."""
    some = values[:: max(1, values.size // 250_000)]
    spread = float(np.median(np.abs(some))) / 0.6745 if values.size else 0.0
    if not spread > 0:  # few counts, or none
        spread = float(values.std()) if values.size else 0.0
    far: NDArray[np.bool_] = np.abs(values) > FAR_OUT * spread
    return far
