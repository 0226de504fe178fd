"""Part values into two classes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.filters import threshold_otsu


def otsu(values: NDArray[Any]) -> float:
    """Find the threshold that parts values into two classes of least inner variance (Otsu 1979, 256 bins).

    Parameters
    ----------
    values
        Any shape.

    Returns
    -------
    float
        The threshold; inf where all values are equal or there are none, for then no class is above.
    """
    if values.size == 0 or float(np.ptp(values)) == 0.0:
        return math.inf
    return float(threshold_otsu(values))  # type: ignore[no-untyped-call]
