"""Structured background: what real micrographs have beyond the model, such as texture of the ice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

REFERENCE_FREQUENCY_PER_A = 0.01


def background_power(
    frequencies_per_A: NDArray[np.float64], power_A2: float, exponent: float, rolloff_A: float
) -> NDArray[np.float64]:
    """Give the power spectrum of the structured background, of contrast, in A^2.

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
