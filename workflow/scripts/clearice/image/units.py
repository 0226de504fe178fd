"""Lengths in A and in pixels, and when two pixel sizes are the same."""

from __future__ import annotations

import math

ROUNDING = 1e-3
"""Relative tolerance between files we wrote: they differ by rounding only (headers hold single precision, and
sides rescaled to whole pixels)."""

HEADER = 1e-2
"""Relative tolerance of a header against what a user or a network says: programs round what they write, and a
calibrated pixel size differs from the nominal one."""

UNKNOWN_PIXEL_SIZES_A = (0.0, 1.0)
"""What headers say whose program did not know the pixel size: many write 1."""


def length_px(length_A: float, pixel_size_A: float) -> float:
    """Convert a length from A to pixels.

    Raises
    ------
    ValueError
        The image has no pixel size.
    """
    if not pixel_size_A > 0:
        raise ValueError(
            "the image has no pixel size in its header, so a length in A has none in pixels; "
            "give pixel_size_A in the datasets table and remake the sums"
        )
    return length_A / pixel_size_A


def same_pixel_size(one_A: float, other_A: float, tolerance: float = ROUNDING) -> bool:
    """Compare two pixel sizes in A; they are the same up to `tolerance` times the larger of them."""
    return math.isclose(one_A, other_A, rel_tol=tolerance)


def check_same_pixel_size(name: str, pixel_size_A: float, other: str, other_pixel_size_A: float) -> None:
    """Refuse two pixel sizes in one training.

    Parameters
    ----------
    name, other
        Names of the two, for the message.
    pixel_size_A, other_pixel_size_A
        Their pixel sizes in A.

    Raises
    ------
    ValueError
        Naming both, and the setting that makes them one.
    """
    if not same_pixel_size(pixel_size_A, other_pixel_size_A):
        raise ValueError(
            f"{name} has {pixel_size_A:.4g} A/px, but {other} {other_pixel_size_A:.4g}; "
            "set rescale_to_A to a common, coarser pixel size"
        )
