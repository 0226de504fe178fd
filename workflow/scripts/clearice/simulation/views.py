"""Projections of a structure from directions that are evenly spread over the sphere."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clearice.simulation.orientations import rotations_of_angles
from clearice.simulation.projection import Projector, project

GOLDEN_ANGLE = math.pi * (3.0 - math.sqrt(5.0))


def spread_rotations(count: int) -> NDArray[np.float64]:
    """Return rotations whose view directions lie evenly on the sphere, on Fibonacci's spiral (Gonzalez 2010).

    Parameters
    ----------
    count
        Number of directions.

    Returns
    -------
    float64 array (count, 3, 3)
        Into the frame of the image, psi = 0; direction i has the height ``1 - (2 i + 1) / count`` on the
        sphere.
    """
    index = np.arange(count)
    tilt = np.arccos(1.0 - (2.0 * index + 1.0) / count)
    angles = np.stack([index * GOLDEN_ANGLE, tilt, np.zeros(count)], axis=1)
    return rotations_of_angles(np.rad2deg(angles))


def project_views(projectors: Sequence[Projector], views: int, side_px: int) -> NDArray[np.float32]:
    """Project structures from evenly spread directions: the potential alone, without lens, dose and noise.

    Parameters
    ----------
    projectors
        The structures, at one pixel size.
    views
        Number of directions, the same for every structure.
    side_px
        Even side of the images; what sticks out is cut off.

    Returns
    -------
    float32 array (structures * views, side_px, side_px)
        Projected potential in V A, the particle's centre at pixel side_px // 2; matter is positive.
    """
    images = np.zeros((len(projectors) * views, side_px, side_px), dtype=np.float32)
    ways = [(projector, rotation) for projector in projectors for rotation in spread_rotations(views)]
    for image, (projector, rotation) in zip(images, ways, strict=True):
        both = min(side_px, projector.size_px)
        into, out_of = (
            slice((side - both) // 2, (side + both) // 2) for side in (side_px, projector.size_px)
        )
        image[into, into] = project(projector, rotation).cpu().numpy()[out_of, out_of]
    return images
