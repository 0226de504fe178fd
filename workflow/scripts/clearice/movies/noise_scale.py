"""How noisy an image is, tile by tile, and how skew its noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

TILE_PX = 64
FAR_OUT = 6.0  # standard deviations beyond which a value is no noise
ANSCOMBE = 0.375
MANY = 1e6  # counts whose noise is Gaussian
FEWEST = 1e-6  # of the values: a spread that is but rounding
TINY = 1e-30


@dataclass(frozen=True)
class NoiseScale:
    """Noise of an image.

    Attributes
    ----------
    spread
        Standard deviation of the noise in each tile of `TILE_PX` pixels, (rows of tiles, columns of tiles).
    upward
        How skew the noise is above the mean, as what one event adds to a pixel: positive where high values are as
        common as among counts in such steps, negative where they are as rare as low ones are among counts.
    downward
        Likewise below the mean.
    """

    spread: NDArray[np.float64]
    upward: float
    downward: float

    def transposed(self) -> NoiseScale:
        """Return the noise of the transposed image."""
        return NoiseScale(self.spread.T, self.upward, self.downward)

    def reach(self, deviations: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how far above and below the mean a pixel of each tile lies at so many standard deviations.

        On the side of the rarer values it is infinite where even none at all is no wonder.
        """
        half, reaches = deviations / 2, []
        for unit in (self.upward, self.downward):
            reach = 2 * half * self.spread
            counts = _counts(self.spread, unit)
            few = counts < MANY
            root = np.sqrt(counts[few] + ANSCOMBE)
            bent = abs(unit) * (2 * root * half + np.sign(unit) * half**2)
            reach[few] = bent if unit > 0 else np.where(root > half, bent, np.inf)
            reaches.append(reach)
        return reaches[0], reaches[1]

    def deviations(self, away: NDArray[np.float64], places: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return distances from the mean in standard deviations, as if the noise were Gaussian, without their sign.

        For counts of mean m, 2 sqrt(x + 3/8) has the standard deviation 1 (Anscombe 1948).

        Parameters
        ----------
        away
            Distances of pixels from the mean around them, (n,).
        places
            Where they are, (n, 2), (y, x).
        """
        spread = self.spread[places[:, 0] // TILE_PX, places[:, 1] // TILE_PX]
        result: NDArray[np.float64] = np.abs(away) / spread
        for unit, side in ((self.upward, away > 0), (self.downward, away < 0)):
            counts = _counts(spread, unit)
            few = side & (counts < MANY)
            if few.any():
                seen = np.maximum(counts[few] + np.abs(away[few]) / unit, 0)
                result[few] = 2 * np.abs(np.sqrt(seen + ANSCOMBE) - np.sqrt(counts[few] + ANSCOMBE))
        return result


def noise_scale(image: NDArray[np.float32]) -> NoiseScale:
    """Measure the noise of an image by the differences of pixels two apart, which hold no slow specimen.

    The spread of a tile is the median of their sizes, and at least what the counts of the tile would have and a
    tenth of that of the image. The units of skewness are variance over mean, where no pixel is negative, and third moment over
    variance: a Poisson count c in steps u has the mean u c, the variance u^2 c and the third moment u^3 c.

    Parameters
    ----------
    image
        Image (h, w), at least five pixels wide.
    """
    middle = image[2:-2:2, 2:-2:2]
    residual = image[:-4:2, 2:-2:2] + image[4::2, 2:-2:2]
    residual += image[2:-2:2, :-4:2]
    residual += image[2:-2:2, 4::2]
    residual *= np.float32(-0.25)
    residual += middle
    some = residual.ravel()[:: max(1, residual.size // 500_000)].astype(np.float64)
    spread, third = _moments(some)  # of a pixel and of the mean of four: sqrt(5/4) of the noise
    noise, third = spread / np.sqrt(1.25), third / (1 - 4 / 64)
    units = [third / noise**2 if noise > 0 else 0.0]
    sizes = _by_tile(np.abs(residual, out=residual), np.median) / (0.6745 * np.sqrt(1.25))
    lowest = np.full(sizes.shape, 0.1 * noise)
    if image.min() >= 0:
        ceiling = np.float32(np.median(image[::8, ::8]) + 12 * noise)
        mean = _by_tile(np.minimum(middle, ceiling, out=residual), np.mean)
        overall = float(np.mean(mean))
        if overall > 0:
            units.append(noise**2 / overall)
            lowest = np.maximum(lowest, noise * np.sqrt(mean / overall))
    largest = float(np.abs(image[::8, ::8]).max())
    spreads = np.maximum(np.maximum(sizes, lowest), max(FEWEST * largest, TINY))
    return NoiseScale(spreads, max(units), -min(units))


def per_pixel(values: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Spread values of tiles of `TILE_PX` pixels over the pixels of an image (h, w)."""
    wide = np.repeat(values.astype(np.float32), TILE_PX, axis=1)[:, : shape[1]]
    return np.repeat(wide, TILE_PX, axis=0)[: shape[0]]


def _counts(spread: NDArray[np.float64], unit: float) -> NDArray[np.float64]:
    """Return the mean count that has a spread, in steps of a unit."""
    counts: NDArray[np.float64] = np.square(spread / unit) if unit else np.full(spread.shape, np.inf)
    return counts


def _by_tile(image: NDArray[np.float32], measure: Callable[..., Any]) -> NDArray[np.float64]:
    """Measure each tile of an image of which every fourth pixel is left, and none of the two at the edges."""
    half = TILE_PX // 2
    height, width = (-(-(side + 2) // half) for side in image.shape)
    result = np.empty((height, width))
    for y in range(height):
        first = min(y * half, max(0, image.shape[0] - half))  # a last tile of a few rows borrows some
        strip = image[first : (y + 1) * half]
        whole = strip.shape[1] // half
        if whole:
            tiles = strip[:, : whole * half].reshape(len(strip), whole, half)
            result[y, :whole] = measure(tiles, axis=(0, 2))
        for x in range(whole, width):
            result[y, x] = measure(strip[:, min(x * half, max(0, strip.shape[1] - half)) :])
    return result


def _moments(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return standard deviation and third moment of values that lie around 0, less those that are far out."""
    spread = float(values.std())
    for _ in range(50):
        clipped = float(np.clip(values, -FAR_OUT * spread, FAR_OUT * spread).std())
        if clipped > 0.99 * spread:
            break
        spread = clipped
    usual = float(np.median(np.abs(values))) / 0.6745
    if usual < 0.3 * spread:  # counts so few that most values are equal
        usual = spread
    kept = values[np.abs(values) <= FAR_OUT * usual]
    return float(kept.std()), float(np.mean(kept**3))
