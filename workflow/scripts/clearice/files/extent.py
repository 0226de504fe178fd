"""Whether particles lie within their micrograph: coordinates in other pixels do not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

EDGE_SHARE = 0.02
"""How far outside a centre may lie, as a share of the longer side: other programs keep particles that were
centred anew a little beyond the edge. A file in other pixels reaches much farther."""

FEWEST = 10


def check_inside(centres: NDArray[np.float64], shape: tuple[int, int], where: str) -> None:
    """Stop at particles outside their micrograph, by more than `EDGE_SHARE` of its longer side.

    Parameters
    ----------
    centres
        (n, 2) as (y, x) in pixels.
    shape
        Micrograph shape (h, w).
    where
        The file, for the sentence.

    Raises
    ------
    ValueError
        Some lie outside, or are no numbers; the sentence says how many, and how far they reach.
    """
    margin_px = max(0.5, EDGE_SHARE * max(shape))
    last = np.array(shape) - 1
    inside = ((centres >= -margin_px) & (centres <= last + margin_px)).all(axis=1)  # False for nan
    if inside.all():
        return
    (top, left), (bottom, right) = np.nanmin(centres, axis=0), np.nanmax(centres, axis=0)
    swapped = ((centres >= -margin_px) & (centres <= last[::-1] + margin_px)).all()
    hint = (
        "are x and y swapped?"
        if swapped and shape[0] != shape[1]
        else "were they made at another pixel size?"
    )
    raise ValueError(
        f"{where} has {int((~inside).sum())} of {len(centres)} particles outside the micrograph of {shape[0]} rows x "
        f"{shape[1]} columns: x runs from {left:g} to {right:g}, y from {top:g} to {bottom:g}; {hint} "
        "Give pixels of the sums (with their binning) from the upper left, or set evaluation.flip_y where y runs "
        "upwards"
    )


def crowded_note(centres: NDArray[np.float64], shape: tuple[int, int]) -> str:
    """Describe particles that all lie in the upper left quarter, as those of a binned micrograph do.

    Returns
    -------
    str
        One sentence; empty where they do not, or are fewer than `FEWEST`: by chance, one field in a million.
    """
    if len(centres) < FEWEST or (centres > np.array(shape) / 2).any():
        return ""
    bottom, right = centres.max(axis=0)
    return (
        f"all {len(centres)} particles lie in the upper left quarter (x up to {right:.0f} of {shape[1]}, y up to "
        f"{bottom:.0f} of {shape[0]}): were they made on a binned micrograph?"
    )
