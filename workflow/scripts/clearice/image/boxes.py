"""Cut particles out of a micrograph and normalise them as RELION does."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Square = tuple[int, int, int]
"""Top, left and side of a square in pixels."""


def box_side_px(length: float) -> int:
    """Round a box side, in pixels, to the next even number (RELION wants even boxes)."""
    return 2 * math.ceil(length / 2 - 1e-6)


def cut_particles(
    image: NDArray[np.float32], centres: NDArray[np.float64], box_px: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Cut square boxes around centres, whole pixels, without interpolation.

    Parameters
    ----------
    image
        Micrograph (h, w).
    centres
        Particle centres (n, 2) as (y, x) in pixels; rounded, so that pixel box_px // 2 of a box is the
        centre.
    box_px
        Even box side.

    Returns
    -------
    tuple of arrays
        Boxes (m, box_px, box_px) of the particles that fit, and which of the n do: a box over the edge is
        left out.

    Raises
    ------
    ValueError
        The box side is odd or larger than the image.
    """
    if box_px % 2 or not 2 <= box_px <= min(image.shape):
        raise ValueError(f"box is {box_px} px, but must be even and fit the micrograph of {image.shape}")
    corners = np.rint(centres).astype(int).reshape(-1, 2) - box_px // 2
    fits = np.asarray(((corners >= 0) & (corners + box_px <= np.array(image.shape))).all(axis=1))
    boxes = np.empty((int(fits.sum()), box_px, box_px), dtype=np.float32)
    for box, (top, left) in zip(boxes, corners[fits], strict=True):
        box[:] = image[top : top + box_px, left : left + box_px]
    return boxes, fits


def normalise_boxes(boxes: NDArray[np.float32], radius_px: float) -> NDArray[np.float32]:
    """Scale the background of each box, what lies outside a circle, to mean 0 and sd 1.

    Parameters
    ----------
    boxes
        Particles (n, s, s).
    radius_px
        Radius of the circle about the centre, smaller than the half diagonal.

    Raises
    ------
    ValueError
        The circle leaves no background, or a box's background is flat.
    """
    side = boxes.shape[-1]
    rows, columns = np.ogrid[:side, :side]
    outside = (rows - side // 2) ** 2 + (columns - side // 2) ** 2 > radius_px**2
    if outside.sum() < side:
        raise ValueError(
            f"a background circle of {radius_px:.1f} px leaves nothing of a box of {side} px; use a larger box"
        )
    background = boxes[:, outside].astype(np.float64)
    mean, sd = background.mean(axis=1), background.std(axis=1)
    if (sd == 0).any():
        raise ValueError("a particle's background is flat, so it cannot be normalised; extract from raw sums")
    normal: NDArray[np.float32] = ((boxes - mean[:, None, None]) / sd[:, None, None]).astype(np.float32)
    return normal


def squares_of_patches(
    corners: Sequence[tuple[int, int]], side_px: int, scale: float, shape: tuple[int, ...]
) -> tuple[Square, ...]:
    """Find the squares of a micrograph that patches of another pixel size were cut from.

    Parameters
    ----------
    corners
        Upper left pixels (y, x) of the patches, in their own pixels.
    side_px
        Their side, in their own pixels.
    scale
        Size of a pixel of the patches in pixels of the micrograph.
    shape
        Shape of the micrograph (h, w).

    Returns
    -------
    tuple of (top, left, side)
        Squares of one side in whole pixels, within the micrograph and within what the patches cover.
    """
    side = min(int(side_px * scale), *shape)
    return tuple(
        (min(math.ceil(y * scale), shape[0] - side), min(math.ceil(x * scale), shape[1] - side), side)
        for y, x in corners
    )
