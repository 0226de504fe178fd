"""Ring by ring statistics of Fourier space: power spectra and correlations of two images."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from clearice.image.grids import radial_frequencies


@dataclass(frozen=True)
class RingSums:
    """Sums over rings of Fourier space for two images of one shape.

    Attributes
    ----------
    frequency
        Mean spatial frequency of each ring in cycles per pixel, shape (rings,).
    count
        Number of Fourier coefficients in each ring, both half planes counted.
    cross
        Sum of the real part of F conj(G).
    power_first
        Sum of |F|^2.
    power_second
        Sum of |G|^2.
    """

    frequency: NDArray[np.float64]
    count: NDArray[np.float64]
    cross: NDArray[np.float64]
    power_first: NDArray[np.float64]
    power_second: NDArray[np.float64]

    def __add__(self, other: RingSums) -> RingSums:
        """Pool two pairs of images of one shape: their sums add, ring by ring."""
        if self.count.shape != other.count.shape:
            raise ValueError(
                f"rings of {self.count.size} and {other.count.size} cannot be pooled; pool images of one shape only"
            )
        return RingSums(
            self.frequency,
            self.count + other.count,
            self.cross + other.cross,
            self.power_first + other.power_first,
            self.power_second + other.power_second,
        )

    def within(self, lowest: float, highest: float) -> RingSums:
        """Keep the rings whose frequency lies in [lowest, highest], in cycles per pixel."""
        kept = (self.frequency >= lowest) & (self.frequency <= highest)
        if not kept.any():
            raise ValueError(
                f"no ring lies between {lowest:g} and {highest:g} cycles per pixel; widen the band or use a larger image"
            )
        return RingSums(
            self.frequency[kept],
            self.count[kept],
            self.cross[kept],
            self.power_first[kept],
            self.power_second[kept],
        )


def ring_sums(
    first: NDArray[np.float32], second: NDArray[np.float32], ring_width_px: float = 1.0
) -> RingSums:
    """Sum products of the transforms of two images over rings.

    Parameters
    ----------
    first, second
        Images (h, w) of one shape; their means are taken out, so that ring 0 says nothing of the offset.
    ring_width_px
        Width of a ring in Fourier pixels of the shorter side; wider rings are less noisy.

    Returns
    -------
    RingSums
        Rings from 0 to the Nyquist frequency of the image (corners beyond it are left out).

    Raises
    ------
    ValueError
        The shapes differ.
    """
    if first.shape != second.shape:
        raise ValueError(
            f"images of {first.shape} and {second.shape} have no common rings; give images of one shape"
        )
    transform = scipy.fft.rfft2(first - first.mean(dtype=np.float64), workers=1)
    other = (
        transform if second is first else scipy.fft.rfft2(second - second.mean(dtype=np.float64), workers=1)
    )
    height, width = first.shape
    frequencies = radial_frequencies((height, width)).astype(np.float64)
    number, rings = ring_numbers((height, width), ring_width_px)
    weight = np.full(transform.shape, 2.0)
    weight[:, 0] = 1.0
    if width % 2 == 0:
        weight[:, -1] = 1.0

    def summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
        total = np.bincount(number.ravel(), (weight * values).ravel(), rings + 1)
        return total[:rings].astype(np.float64)

    count = summed(np.ones_like(frequencies))
    return RingSums(
        frequency=summed(frequencies) / np.maximum(count, 1),
        count=count,
        cross=summed((transform * other.conj()).real.astype(np.float64)),
        power_first=summed((transform.real.astype(np.float64) ** 2) + transform.imag.astype(np.float64) ** 2),
        power_second=summed((other.real.astype(np.float64) ** 2) + other.imag.astype(np.float64) ** 2),
    )


def ring_numbers(shape: tuple[int, int], ring_width_px: float = 1.0) -> tuple[NDArray[np.intp], int]:
    """Compute the ring number of every coefficient of a real 2D transform.

    Parameters
    ----------
    shape
        Image shape (h, w).
    ring_width_px
        Width of a ring in Fourier pixels of the shorter side.

    Returns
    -------
    tuple
        Ring of every coefficient, shape (h, w // 2 + 1), and the number of rings up to the Nyquist frequency.
        What lies beyond it has the number of rings itself.
    """
    side = min(shape)
    rings = math.floor(side / 2 / ring_width_px) + 1
    number = np.rint(radial_frequencies(shape).astype(np.float64) * side / ring_width_px).astype(np.intp)
    return np.minimum(number, rings), rings


def ring_correlation(sums: RingSums) -> NDArray[np.float64]:
    """Correlate two images ring by ring (Fourier ring correlation, FRC; -1 to 1; 0 where a ring is empty)."""
    scale = np.sqrt(sums.power_first * sums.power_second)
    return np.divide(sums.cross, scale, out=np.zeros_like(scale), where=scale > 0)


def crossing_frequency(
    frequency: NDArray[np.float64], correlation: NDArray[np.float64], threshold: float
) -> float:
    """Find where a ring correlation first falls below a threshold.

    Parameters
    ----------
    frequency, correlation
        The curve, without ring 0 (the mean of the image says nothing).
    threshold
        Usually 0.5 against a clean truth, 0.143 between halves.

    Returns
    -------
    float
        Frequency in the unit given, linear between rings; the last frequency where the curve never falls
        below; nan where it begins below.
    """
    above = correlation >= threshold
    if correlation.size == 0 or not above[0]:
        return math.nan
    below = np.flatnonzero(~above)
    if below.size == 0:
        return float(frequency[-1])
    index = int(below[0])
    drop = correlation[index - 1] - correlation[index]
    share = (correlation[index - 1] - threshold) / drop
    return float(frequency[index - 1] + share * (frequency[index] - frequency[index - 1]))


def resolution_A(
    frequency: NDArray[np.float64], correlation: NDArray[np.float64], threshold: float, pixel_size_A: float
) -> float:
    """Return the resolution in A at which a ring correlation crosses a threshold (nan if it begins below)."""
    crossing = crossing_frequency(frequency, correlation, threshold)
    return pixel_size_A / crossing if crossing > 0 else math.nan


def band_correlation(sums: RingSums) -> float:
    """Correlate two images over all rings given (Pearson's r of the images filtered to that band)."""
    scale = math.sqrt(float(sums.power_first.sum()) * float(sums.power_second.sum()))
    return float(sums.cross.sum()) / scale if scale > 0 else 0.0


def explained_variance(sums: RingSums) -> float:
    """Return the share of the second image that the first explains after the best gain for each ring.

    With the gain of least squares in ring k, g_k = cross_k / power_first_k, the share is
    sum_k(cross_k^2 / power_first_k) / sum_k(power_second_k). A radial linear filter of the first image
    cannot change it: what rises is information, not sharpness. Coincidence alone gives about one over the
    number of coefficients of a ring, so print the value against an unrelated image beside it.

    Returns
    -------
    float
        0 (nothing explained) to 1.
    """
    total = float(sums.power_second.sum())
    gained = np.divide(
        sums.cross**2, sums.power_first, out=np.zeros_like(sums.cross), where=sums.power_first > 0
    )
    return float(gained.sum()) / total if total > 0 else 0.0


def radial_power(
    image: NDArray[np.float32], ring_width_px: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Average the power spectrum of an image over rings.

    Returns
    -------
    tuple of arrays (rings,)
        Frequency in cycles per pixel, and mean |F|^2 / (h w): white noise of variance v gives v.
    """
    sums = ring_sums(image, image, ring_width_px)
    return sums.frequency, sums.power_first / np.maximum(sums.count, 1) / image.size


def transfer_of_rings(
    shape: tuple[int, int], frequency: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Spread a radial curve over the coefficients of a real 2D transform.

    Parameters
    ----------
    shape
        Image shape (h, w).
    frequency, values
        The curve, frequencies rising, in cycles per pixel; constant beyond its ends.

    Returns
    -------
    float32 array (h, w // 2 + 1)
        The curve at every coefficient, linear between its points.
    """
    spread: NDArray[np.float32] = np.interp(radial_frequencies(shape), frequency, values).astype(np.float32)
    return spread
