"""Radial functions on the Fourier grid of an image: one table, gathered everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from clearice.image.grids import radial_frequencies
from clearice.simulation.draws import Draws

TABLE_SIZE = 8192


@dataclass(frozen=True)
class RadialGrid:
    """The Fourier grid of a real image, on a device.

    Attributes
    ----------
    shape_px
        Shape (h, w) of the image.
    pixel_size_A
        Its pixel size in A.
    frequencies_per_A
        float64 (TABLE_SIZE,), from 0 to the corner of Fourier space.
    index
        int32 (h, w // 2 + 1), the entry of that table nearest to |g| of every coefficient.
    """

    shape_px: tuple[int, int]
    pixel_size_A: float
    frequencies_per_A: NDArray[np.float64]
    index: torch.Tensor

    @property
    def device(self) -> torch.device:
        """Return the device that the grid lies on."""
        return self.index.device

    def spread(self, table: NDArray[np.float64]) -> torch.Tensor:
        """Spread the function with the values `table` at `frequencies_per_A`: float32 (h, w // 2 + 1)."""
        return torch.from_numpy(table.astype(np.float32)).to(self.device)[self.index]

    def transform(self, image: torch.Tensor) -> torch.Tensor:
        """Transform a real image float32 (h, w) to complex64 (h, w // 2 + 1)."""
        spectrum: torch.Tensor = torch.fft.rfft2(image)
        return spectrum

    def restore(self, spectrum: torch.Tensor) -> torch.Tensor:
        """Transform back to float32 (h, w)."""
        image: torch.Tensor = torch.fft.irfft2(spectrum, s=self.shape_px)
        return image


def make_radial_grid(shape_px: tuple[int, int], pixel_size_A: float, device: torch.device) -> RadialGrid:
    """Prepare radial functions for images of one shape and pixel size."""
    frequencies = np.linspace(0.0, np.sqrt(0.5) / pixel_size_A * 1.0001, TABLE_SIZE)
    position = radial_frequencies(shape_px, pixel_size_A) * np.float32(1.0 / frequencies[1])
    index = torch.from_numpy(np.rint(position).astype(np.int32)).to(device)
    return RadialGrid(shape_px, pixel_size_A, frequencies, index)


def random_spectrum(grid: RadialGrid, power: NDArray[np.float64], draws: Draws) -> torch.Tensor:
    """Draw the transform of a real Gaussian field with a radial power spectrum.

    Parameters
    ----------
    grid
        The Fourier grid.
    power
        (TABLE_SIZE,) power density at ``grid.frequencies_per_A``: the variance of the field is its integral
        over the plane of frequencies, so the unit is that of the field squared times A^2.
    draws
        Draws the field.

    Returns
    -------
    complex64 tensor (h, w // 2 + 1)
        In the convention of ``torch.fft.rfft2``.
    """
    spectrum = grid.transform(draws.normal(grid.shape_px))
    spectrum *= grid.spread(np.sqrt(power) / grid.pixel_size_A)
    return spectrum
