"""How noisy an image is, tile by tile, and how skew its noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

TILE_PX = 64
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
    unit
        What one event adds to a pixel, as far as the noise is that of counts; 0 where it is symmetrical.
    """

    spread: NDArray[np.float64]
    unit: float

    def transposed(self) -> NoiseScale:
        """Return the noise of the transposed image."""
        return NoiseScale(self.spread.T, self.unit)

    def reach(self, deviations: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how far above and below the mean a pixel of each tile lies at so many standard deviations.

        Below, it is infinite where so few counts are expected that none at all is no wonder.
        """
        plain = deviations * self.spread
        if not self.unit > 0:
            return plain, plain
        counts = np.square(self.spread / self.unit)
        root, half = np.sqrt(counts + 0.375), deviations / 2
        above = self.unit * (2 * root * half + half**2)
        below = np.where(root > half, self.unit * (2 * root * half - half**2), np.inf)
        many = counts > MANY
        return np.where(many, plain, above), np.where(many, plain, below)

    def deviations(self, away: NDArray[np.float64], places: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return distances from the mean in standard deviations, as if the noise were Gaussian.

        For counts of mean m, 2 sqrt(x + 3/8) has the standard deviation 1 (Anscombe 1948).

        Parameters
        ----------
        away
            Distances of pixels from the mean around them, (n,).
        places
            Where they are, (n, 2), (y, x).
        """
        spread = self.spread[places[:, 0] // TILE_PX, places[:, 1] // TILE_PX]
        plain = away / spread
        if not self.unit > 0:
            return plain
        counts = np.square(spread / self.unit)  # the mean that Poisson noise of that spread has
        seen = np.maximum(counts + away / self.unit, 0)
        bent: NDArray[np.float64] = 2 * (np.sqrt(seen + 0.375) - np.sqrt(counts + 0.375))
        return np.where(counts > MANY, plain, bent)


def noise_scale(image: NDArray[np.float32]) -> NoiseScale:
    """Measure the noise of an image by the differences of pixels two apart, which hold no slow specimen.

    The spread of a tile is the median of their sizes, and at least what the counts of the tile would have and a
    tenth of that of the image. The unit is the larger one of variance over mean, where no pixel is negative, and of
    third moment over variance: a Poisson count c in steps u has the variance u^2 c and the third moment u^3 c.

    Parameters
    ----------
    image
        Image (h, w), at least five pixels wide.
    """
    middle = image[2:-2, 2:-2]
    residual = image[:-4, 2:-2] + image[4:, 2:-2]
    residual += image[2:-2, :-4]
    residual += image[2:-2, 4:]
    residual *= np.float32(-0.25)
    residual += middle
    some = residual.ravel()[:: max(1, residual.size // 1_000_000)].astype(np.float64)
    spread = _clipped_spread(some)  # of a pixel and of the mean of four: sqrt(5/4) of the noise
    noise = spread / np.sqrt(1.25)
    third = float(np.mean(np.clip(some, -6 * spread, 6 * spread) ** 3)) / (1 - 4 / 64)
    unit = max(0.0, third / noise**2) if noise > 0 else 0.0
    sizes = _by_tile(np.abs(residual, out=residual), np.median) / (0.6745 * np.sqrt(1.25))
    lowest = np.full(sizes.shape, 0.1 * noise)
    if image.min() >= 0:
        ceiling = np.float32(np.median(image[::8, ::8]) + 12 * noise)
        mean = _by_tile(np.minimum(middle, ceiling, out=residual), np.mean)
        overall = float(np.mean(mean))
        if overall > 0:
            unit = max(unit, noise**2 / overall)
            lowest = np.maximum(lowest, noise * np.sqrt(mean / overall))
    largest = float(np.abs(image[::8, ::8]).max())
    return NoiseScale(np.maximum(np.maximum(sizes, lowest), max(FEWEST * largest, TINY)), unit)


def per_pixel(values: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Spread values of tiles of `TILE_PX` pixels over the pixels of an image (h, w)."""
    wide = np.repeat(values.astype(np.float32), TILE_PX, axis=1)[:, : shape[1]]
    return np.repeat(wide, TILE_PX, axis=0)[: shape[0]]


def _by_tile(image: NDArray[np.float32], measure: Callable[..., Any]) -> NDArray[np.float64]:
    """Measure every fourth pixel of each tile; the image lacks two pixels at each edge of what it is of."""
    height, width = (-(-(side + 4) // TILE_PX) for side in image.shape)
    result = np.empty((height, width))
    half = TILE_PX // 2
    for y in range(height):
        first = min(y * TILE_PX, max(0, image.shape[0] - half))  # a last tile of a few rows borrows some
        strip = image[first : (y + 1) * TILE_PX : 2, ::2]
        whole = strip.shape[1] // half
        if whole:
            tiles = strip[:, : whole * half].reshape(len(strip), whole, half)
            result[y, :whole] = measure(tiles, axis=(0, 2))
        for x in range(whole, width):
            result[y, x] = measure(strip[:, min(x * half, max(0, strip.shape[1] - half)) :])
    return result


def _clipped_spread(values: NDArray[np.float64]) -> float:
    """Return the standard deviation of values less those that are far out."""
    spread = float(values.std())
    for _ in range(50):
        clipped = float(np.clip(values, -6 * spread, 6 * spread).std())
        if clipped > 0.99 * spread:
            break
        spread = clipped
    return spread
