"""Find areas that hold one value where chance would not give it: dead pixels, padding, saturation.

At low counts most pixels of a frame are zero, and neighbours are often equal by chance: 3 x 3 zeros are common
at half an electron per pixel. How many equal pixels make an area dead therefore follows from the image.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

SMALLEST_AREA_PX = 9  # what is dead in an image without chance equalities: 3 x 3 px, or as many in a line
SURELY_DEAD_PX = 15  # squares of this side count as dead before it is known how often values repeat
FALSE_AREAS = 1e-3  # expected number of areas in a whole image that are constant by chance
SAMPLED_PIXELS = 2**20

Marks = NDArray[np.bool_]


def dead_areas(image: NDArray[np.float32]) -> Marks:
    """Mark the pixels of areas that are constant, but not by chance.

    Where the commonest value has the share p of the pixels, n given pixels are equal with a chance of about
    p^n. An area is dead where so many pixels are equal, in a square or in a line along a row or column, that
    less than `FALSE_AREAS` such areas are expected in the whole image.

    Parameters
    ----------
    image
        (h, w), any units. Pixels that are not finite belong to no area.

    Returns
    -------
    bool array (h, w)
    """
    alongside: Marks = image[:, 1:] == image[:, :-1]
    below: Marks = image[1:] == image[:-1]
    surely = _constant(alongside, below, SURELY_DEAD_PX, SURELY_DEAD_PX)
    finite = np.isfinite(image)
    area_px = _dead_area_px(image[finite & ~surely])
    side_px = math.ceil(math.sqrt(area_px))
    return finite & (
        surely
        | _constant(alongside, below, side_px, side_px)
        | _constant(alongside, below, 1, area_px)
        | _constant(alongside, below, area_px, 1)
    )


def without_dead_areas(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return an image (h, w) with NaN in its dead areas, which no filter then smears over their surroundings."""
    return np.where(dead_areas(image), np.float32(np.nan), image)


def _dead_area_px(pixels: NDArray[np.float32]) -> int:
    """Return how many equal pixels are no chance; 1 where there is but one value."""
    if not pixels.size:
        return 1
    _, counts = np.unique(pixels[:: -(-pixels.size // SAMPLED_PIXELS)], return_counts=True)
    share = float(counts.max() / counts.sum())
    if share == 1.0:
        return 1
    return max(SMALLEST_AREA_PX, math.ceil(math.log(pixels.size / FALSE_AREAS) / -math.log(share)))


def _constant(alongside: Marks, below: Marks, rows: int, columns: int) -> Marks:
    """Mark all pixels of windows in which every pixel equals its neighbours to the right and below."""
    shape = (alongside.shape[0], below.shape[1])
    if rows > shape[0] or columns > shape[1]:
        return np.zeros(shape, dtype=bool)
    found = np.ones((shape[0] - rows + 1, shape[1] - columns + 1), dtype=bool)
    if columns > 1:
        found &= _every(_every(alongside, rows, 0), columns - 1, 1)
    if rows > 1:
        found &= _every(_every(below, rows - 1, 0), columns, 1)
    for axis, length in enumerate((rows, columns)):
        width = [(length - 1, length - 1) if one == axis else (0, 0) for one in range(2)]
        found = ~_every(~np.pad(found, width), length, axis)
    return found


def _every(marks: Marks, length: int, axis: int) -> Marks:
    """Return for each stretch of `length` marks along an axis whether all are set."""
    along, reach = np.moveaxis(marks, axis, 0), 1
    while reach < length:
        step = min(reach, length - reach)
        along, reach = along[:-step] & along[step:], reach + step
    return np.moveaxis(along, 0, axis)
