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


def prepare_gain(reference: NDArray[np.float32], operation: str, flip: str, quarter_turns: int) -> Gain:
    """Turn a gain reference into the factor of each pixel, in the orientation of the frames.

    A pixel whose reference is 0, negative, NaN or Inf has no gain: it is dead, its factor is 1, and its value
    is to be replaced from its neighbours (`clearice.movies.defects`).

    Parameters
    ----------
    reference
        Gain reference (h, w) as it lies in its file.
    operation
        ``multiply`` where frames are multiplied by the reference (MotionCor's and RELION's convention),
        ``divide`` where they are divided by it.
    flip
        ``none``, ``up_down`` or ``left_right``; applied after the turns.
    quarter_turns
        Number of turns by 90 degrees, counter-clockwise as seen with row 0 at the top (``numpy.rot90``).

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
    turned = np.rot90(reference, quarter_turns % 4)
    if flip != "none":
        turned = np.flipud(turned) if flip == "up_down" else np.fliplr(turned)
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
        advice = "set gain_quarter_turns to 1 or 3"
    raise ValueError(
        f"the gain reference has {found[0]} x {found[1]} pixels (after its turns), the frames have "
        f"{shape[0]} x {shape[1]}; {advice}"
    )
