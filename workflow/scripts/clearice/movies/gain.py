"""Correct for the gain of the detector's pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

OPERATIONS = ("multiply", "divide")
FLIPS = ("none", "up_down", "left_right")
MOST_DEAD = 0.1


@dataclass(frozen=True)
class Gain:
    """Gain of a detector.

    Attributes
    ----------
    factor
        What each pixel is multiplied by, float32 (h, w).
    dead
        Which pixels are dead, bool (h, w).
    """

    factor: NDArray[np.float32]
    dead: NDArray[np.bool_]


def prepare_gain(reference: NDArray[np.float32], operation: str, rotation: int, flip: str) -> Gain:
    """Turn a gain reference into the factor of each pixel, in the orientation of the frames.

    A pixel whose reference is 0, negative, NaN or Inf has no gain: it is dead, its factor is 1, and its value
    is to be replaced from its neighbours (`clearice.movies.defects`).

    Parameters
    ----------
    reference
        Gain reference (h, w), its rows in the order of an MRC file.
    operation
        ``multiply`` where frames are multiplied by the reference (MotionCor's and RELION's convention),
        ``divide`` where they are divided by it.
    rotation, flip
        As in `oriented`.

    Returns
    -------
    Gain
        For frames whose rows are in the order of an MRC file.

    Raises
    ------
    ValueError
        An operation or flip is unknown, or more than a tenth of the reference is dead.
    """
    if operation not in OPERATIONS or flip not in FLIPS:
        raise ValueError(
            f"gain_operation is {operation!r} and gain_flip {flip!r}; "
            f"use one of {', '.join(OPERATIONS)} and one of {', '.join(FLIPS)}"
        )
    turned = oriented(reference, rotation, flip)
    with np.errstate(invalid="ignore"):
        dead = ~((turned > 0) & np.isfinite(turned))
    share = np.count_nonzero(dead) / dead.size
    if share > MOST_DEAD:
        raise ValueError(
            f"{share:.0%} of the gain reference is 0, negative or not finite, {MOST_DEAD:.0%} may be; "
            "give the detector's gain reference, not a dark reference or a defect map"
        )
    factor = np.where(dead, np.float32(1), turned).astype(np.float32)
    if operation == "divide":
        np.divide(np.float32(1), factor, out=factor)
    return Gain(factor, dead)


def oriented(image: NDArray[np.float32], rotation: int, flip: str) -> NDArray[np.float32]:
    """Turn and then flip a gain reference as RELION and MotionCor do.

    Parameters
    ----------
    image
        Image (h, w), its rows in the order of an MRC file.
    rotation
        Quarter turns: the first row becomes the last column, so that a turn is clockwise where the first row is
        shown on top (relion_display) and counter-clockwise where it is shown at the bottom (MotionCor's manual).
        RELION's ``--gain_rot`` and MotionCor's ``-RotGain``.
    flip
        ``none``, ``up_down`` or ``left_right``, done after the turns. RELION's ``--gain_flip`` and MotionCor's
        ``-FlipGain`` 0, 1 and 2.

    Returns
    -------
    array (h, w) or (w, h)
        A view of the image.
    """
    turned = np.rot90(image, -rotation % 4)
    if flip == "none":
        return turned
    return np.flipud(turned) if flip == "up_down" else np.fliplr(turned)


def upside_down(gain: Gain) -> Gain:
    """Return the gain for frames whose first row is the upper one, as in TIFF files."""
    return Gain(np.flipud(gain.factor), np.flipud(gain.dead))


def check_gain(gain: Gain, shape: tuple[int, int]) -> None:
    """Refuse a gain reference of another shape than the frames.

    Raises
    ------
    ValueError
        The shapes differ.
    """
    found = gain.factor.shape
    if found == shape:
        return
    advice = "give the gain reference of this detector and this binning"
    if found == shape[::-1]:
        advice = "set gain_rotation to 1 or 3"
    raise ValueError(
        f"the gain reference has {found[0]} x {found[1]} pixels (after its turns), the frames have "
        f"{shape[0]} x {shape[1]}; {advice}"
    )
