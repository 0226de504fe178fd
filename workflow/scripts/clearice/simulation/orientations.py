"""Orientations: uniform rotations and RELION's Euler angles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def random_rotations(count: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Draw rotation matrices (count, 3, 3), uniform on SO(3), from normal quaternions."""
    quaternions = generator.standard_normal((count, 4))
    quaternions /= np.linalg.norm(quaternions, axis=1, keepdims=True)
    w, x, y, z = quaternions.T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.ascontiguousarray(np.moveaxis(np.array(rows), 2, 0))


def rotations_of_angles(angles_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn RELION's angles into the matrices A that take atoms into the frame of the image.

    ``r' = A r``; the image is the projection of the rotated atoms along z', x' to the right, y' down the
    rows.

    Parameters
    ----------
    angles_deg
        (n, 3): rlnAngleRot, rlnAngleTilt, rlnAnglePsi in degrees.

    Returns
    -------
    float64 array (n, 3, 3)
    """
    rot, tilt, psi = np.deg2rad(np.asarray(angles_deg, dtype=np.float64)).T
    ca, cb, cg = np.cos(rot), np.cos(tilt), np.cos(psi)
    sa, sb, sg = np.sin(rot), np.sin(tilt), np.sin(psi)
    rows = [
        [cg * cb * ca - sg * sa, cg * cb * sa + sg * ca, -cg * sb],
        [-sg * cb * ca - cg * sa, -sg * cb * sa + cg * ca, sg * sb],
        [sb * ca, sb * sa, cb],
    ]
    return np.ascontiguousarray(np.moveaxis(np.array(rows), 2, 0))


def angles_of_rotations(rotations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn rotation matrices (n, 3, 3) into RELION's rot, tilt, psi (n, 3) in degrees, tilt in 0..180."""
    tilt = np.arccos(np.clip(rotations[:, 2, 2], -1.0, 1.0))
    steep = np.sin(tilt) > 1e-7
    rot = np.where(
        steep,
        np.arctan2(rotations[:, 2, 1], rotations[:, 2, 0]),
        np.arctan2(rotations[:, 0, 1], rotations[:, 0, 0]) * np.sign(rotations[:, 2, 2]),
    )
    psi = np.where(steep, np.arctan2(rotations[:, 1, 2], -rotations[:, 0, 2]), 0.0)
    rot = np.where(
        ~steep & (rotations[:, 2, 2] < 0), np.arctan2(-rotations[:, 0, 1], -rotations[:, 0, 0]), rot
    )
    angles: NDArray[np.float64] = np.rad2deg(np.stack([rot, tilt, psi], axis=1))
    return angles
