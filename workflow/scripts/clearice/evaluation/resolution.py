"""Resolution from a ring correlation, such that a method without any cannot gain by it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from clearice.image.rings import resolution_A


def resolution_or_coarsest_A(
    frequency: NDArray[np.float64], correlation: NDArray[np.float64], threshold: float, pixel_size_A: float
) -> float:
    """Return the resolution in A at which a ring correlation first falls below a threshold.

    A curve that begins below it has no crossing. It counts as the coarsest ring given, the worst value of the
    band: as a missing number it would drop out of the mean, and a method would gain by its failures.

    Parameters
    ----------
    frequency, correlation
        The curve over the band, without ring 0; frequencies in cycles per pixel, rising, the first above 0.
    threshold
        0.5 against a clean truth, 0.143 between halves.
    pixel_size_A
        Pixel size in A.
    """
    found = resolution_A(frequency, correlation, threshold, pixel_size_A)
    return found if math.isfinite(found) else pixel_size_A / float(frequency[0])
