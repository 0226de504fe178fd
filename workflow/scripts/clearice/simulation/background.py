"""Structured background: what real micrographs have beyond the model, such as texture of the ice."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from clearice.simulation.draws import Draws
from clearice.simulation.imaging import Imaging
from clearice.simulation.radial import RadialGrid, random_spectrum

REFERENCE_FREQUENCY_PER_A = 0.01


def draw_background(grid: RadialGrid, imaging: Imaging, draws: Draws) -> torch.Tensor | None:
    """Draw the structured background of the whole exposure.

    Returns
    -------
    complex64 tensor (h, w // 2 + 1) or None
        Transform of its contrast; None without background.
    """
    if imaging.background_power_A2 == 0:
        return None
    power = background_power(
        grid.frequencies_per_A,
        imaging.background_power_A2,
        imaging.background_exponent,
        imaging.background_rolloff_A,
    )
    return random_spectrum(grid, power, draws)


def background_power(
    frequencies_per_A: NDArray[np.float64], power_A2: float, exponent: float, rolloff_A: float
) -> NDArray[np.float64]:
    """Compute the power spectrum of the structured background, of contrast, in A^2.

    ``P(g) = A (g / 0.01)^-p exp(-(g r)^2)``, 0 at zero frequency; the frequencies between 0 and the first
    of the table have the power of the first.

    Parameters
    ----------
    frequencies_per_A
        Ascending from 0.
    power_A2
        A, the power at 1/100 A; 0 for no background. Counting noise has ``1 / (dose DQE0)`` A^2.
    exponent
        p, 1 to 2.5 in real micrographs.
    rolloff_A
        r: the power has fallen to 1/e at 1/r.

    Raises
    ------
    ValueError
        A value is negative.
    """
    if power_A2 < 0 or exponent < 0 or rolloff_A < 0:
        raise ValueError(
            f"background power {power_A2:g} A2, exponent {exponent:g} and roll-off {rolloff_A:g} A must "
            "not be negative"
        )
    g = frequencies_per_A
    safe = np.maximum(g, g[1])
    power = power_A2 * (safe / REFERENCE_FREQUENCY_PER_A) ** -exponent * np.exp(-((g * rolloff_A) ** 2))
    return np.where(g > 0, power, 0.0)
