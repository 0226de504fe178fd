"""The random draws of a simulated micrograph: few numbers by numpy, whole fields on their device."""

from __future__ import annotations

import numpy as np
import torch

_BAND_ROWS = 256


class Draws:
    """What one micrograph draws, on its device.

    On a CPU everything comes from the numpy generator that is given, so a seed fixes every byte. On a GPU
    whole fields come from a torch generator there, whose seed that generator draws: the same seed gives
    another image of the same statistics.

    Attributes
    ----------
    few
        The numpy generator, for draws of a few numbers.
    device
        Device that fields are drawn on.
    """

    def __init__(self, generator: np.random.Generator, device: torch.device) -> None:
        self.few = generator
        self.device = device
        self._there = None
        if device.type != "cpu":
            self._there = torch.Generator(device).manual_seed(int(generator.integers(2**62)))

    def normal(self, shape: tuple[int, int]) -> torch.Tensor:
        """Draw a white Gaussian field, float32 (h, w), of mean 0 and variance 1."""
        if self._there is None:
            return torch.from_numpy(self.few.standard_normal(shape, dtype=np.float32))
        return torch.randn(shape, generator=self._there, device=self.device)

    def counts(self, rate: torch.Tensor) -> torch.Tensor:
        """Draw Poisson counts, float32 (h, w), of expected counts per pixel; negative ones give 0."""
        if self._there is not None:
            return torch.poisson(rate.clamp(min=0.0), generator=self._there)
        expected, counts = rate.numpy(), np.empty(tuple(rate.shape), dtype=np.float32)
        for start in range(0, len(counts), _BAND_ROWS):
            band = slice(start, start + _BAND_ROWS)
            counts[band] = self.few.poisson(np.maximum(expected[band], 0.0))
        return torch.from_numpy(counts)
