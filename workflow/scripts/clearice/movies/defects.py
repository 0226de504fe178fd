"""Replace the values of defective pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FEWEST_KNOWN = 3
MIRRORED = 0.5


def replace_defects(image: NDArray[np.float32], bad: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Replace each bad pixel by the mean of the good pixels around it.

    Pixels with at least three good neighbours among their eight come first; they then count as good for
    those further inside, until wide defects are closed from the rim inwards. A mean, unlike a median, is
    linear, so that replacing in both halves or in their total is the same, and keeps the expectation of
    sparse counts.

    Parameters
    ----------
    image
        Image (h, w); changed in place.
    bad
        True where a pixel is bad, (h, w).

    Returns
    -------
    float32 array (h, w)
        The image that was given.

    Raises
    ------
    ValueError
        The shapes differ, or no pixel is good.
    """
    if image.shape != bad.shape:
        raise ValueError(
            f"the defect mask has shape {bad.shape}, the image {image.shape}; give the mask of this detector"
        )
    if bad.all():
        raise ValueError("every pixel is marked as defective; a defect mask is true where a pixel is bad")
    rows, columns = np.nonzero(bad)
    if not rows.size:
        return image
    # a margin of unknown pixels spares the neighbours at the edges a special case
    width = image.shape[1] + 2
    values = np.pad(image, 1).ravel()
    known = np.pad(~bad, 1).ravel()
    waiting = (rows + 1) * width + columns + 1
    around = np.array([dy * width + dx for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx])
    needed = FEWEST_KNOWN
    while waiting.size:
        neighbours = waiting[:, None] + around
        weights = known[neighbours]
        count = weights.sum(axis=1)
        ready = count >= needed
        if not ready.any():  # only in images so narrow that a corner has no three neighbours
            needed -= 1
            continue
        found = np.where(weights[ready], values[neighbours[ready]], np.float32(0)).sum(
            axis=1, dtype=np.float64
        )
        values[waiting[ready]] = found / count[ready]
        known[waiting[ready]] = True
        waiting = waiting[~ready]
    image[rows, columns] = values.reshape(-1, width)[rows + 1, columns + 1]
    return image


def check_right_way_up(listed: NDArray[np.bool_], found: NDArray[np.bool_], source: str) -> None:
    """Refuse defects that were given upside down: what is bad in the frames is their mirror image.

    Parameters
    ----------
    listed
        True where a pixel is said to be bad, (h, w).
    found
        True where a pixel that is not listed was found to be bad, (h, w).
    source
        Where the defects stand, for the error.

    Raises
    ------
    ValueError
        At least half of the defects, less those that are their own mirror image, were found in its rows.
    """
    mirrored = listed[::-1] & ~listed
    count = np.count_nonzero(mirrored)
    if count and np.count_nonzero(mirrored & found) >= MIRRORED * count:
        raise ValueError(
            f"the defects of {source} lie upside down: {np.count_nonzero(mirrored & found)} of {count} pixels are bad in "
            "the mirrored rows instead; y counts rows as in an MRC file, for TIFF movies from the lower edge: turn the "
            "list or map over, or set find_bad_pixels to false"
        )
