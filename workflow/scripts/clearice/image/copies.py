"""Check whether an image is a copy of another one, or a second recording of its field."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]

SURELY_COPIED = 0.999
"""Correlation of neighbours' differences above which two images are one: noise would be 30 times weaker than what
differs from pixel to pixel, as in no micrograph."""
COMPARED_ROWS = 64


def is_copy(first: Image, second: Image) -> bool:
    """Check whether an image is another one in other units, up to rounding: scaled, shifted or inverted.

    What is correlated is the difference of neighbouring pixels, which the noise of a recording rules: that of
    two recordings of one field is independent, whatever edges of bright and dark they share. Some rows are
    looked at first, and all of them only where those are equal.

    Parameters
    ----------
    first, second
        Finite images (h, w) of one shape. A constant image is a copy of nothing.
    """
    some = slice(None, None, max(1, first.shape[0] // COMPARED_ROWS))
    return all(
        abs(_correlation(np.diff(first[rows], axis=1), np.diff(second[rows], axis=1))) > SURELY_COPIED
        for rows in (some, slice(None))
    )


def _correlation(one: Image, other: Image) -> float:
    """Correlate two arrays; 0 where one has no variance."""
    x, y = (values.ravel().astype(np.float64) for values in (one, other))
    x, y = (values - values.mean() if values.size else values for values in (x, y))
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale > 0 else 0.0
