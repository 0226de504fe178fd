"""Radial functions on the Fourier grid of an image: one table, gathered everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from clearice.image.grids import radial_frequencies

TABLE_SIZE = 8192


@dataclass(frozen=True)
class RadialGrid:
    """The Fourier grid of a real image.

    `shape_px` (h, w); `pixel_size_A`; `frequencies_per_A` float64 (TABLE_SIZE,), from 0 to the corner;
    `index` (h, w // 2 + 1), the entry of that table nearest to |g| of every coefficient.
    """

    shape_px: tuple[int, int]
    pixel_size_A: float
    frequencies_per_A: NDArray[np.float64]
    index: NDArray[np.int16]

    def spread(self, table: NDArray[np.float64]) -> NDArray[np.float32]:
        """Give the function with the values `table` at `frequencies_per_A`: float32 (h, w // 2 + 1)."""
        return table.astype(np.float32)[self.index]


def make_radial_grid(shape_px: tuple[int, int], pixel_size_A: float) -> RadialGrid:
    """Prepare radial functions for images of one shape and pixel size."""
    frequencies = np.linspace(0.0, np.sqrt(0.5) / pixel_size_A * 1.0001, TABLE_SIZE)
    position = radial_frequencies(shape_px, pixel_size_A) * np.float32(1.0 / frequencies[1])
    return RadialGrid(shape_px, pixel_size_A, frequencies, np.rint(position).astype(np.int16))


def random_spectrum(
    grid: RadialGrid, power: NDArray[np.float64], generator: np.random.Generator
) -> NDArray[np.complex64]:
    """Draw the transform of a real Gaussian field with a radial power spectrum.

    Parameters
    ----------
    grid
        The Fourier grid.
    power
        (TABLE_SIZE,) power density at ``grid.frequencies_per_A``: the variance of the field is its integral
        over the plane of frequencies, so the unit is that of the field squared times A^2.
    generator
        Draws the field.

    Returns
    -------
    complex64 array (h, w // 2 + 1)
        In the convention of ``scipy.fft.rfft2``.
    """
    white = generator.standard_normal(grid.shape_px, dtype=np.float32)
    spectrum: NDArray[np.complex64] = scipy.fft.rfft2(white, overwrite_x=True)
    spectrum *= grid.spread(np.sqrt(power) / grid.pixel_size_A)
    return spectrum
