"""Lengths in A and in pixels, and when two pixel sizes are the same."""

from __future__ import annotations

import math
from collections.abc import Sequence

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


def commonest_pixel_size(sizes_A: Sequence[float]) -> float:
    """Return the pixel size that most of some have, of several the first; 0 of none."""
    return max(sizes_A, key=lambda one: sum(same_pixel_size(one, other) for other in sizes_A), default=0.0)


def check_whole_groups(names: Sequence[str], sizes_A: Sequence[float], groups: Sequence[int]) -> None:
    """Refuse a pixel size that all members of a group have, where the others have another one.

    A single member of another pixel size may be left out; where a whole group differs, such as a batch or a
    dataset, it is the settings that are wrong.

    Parameters
    ----------
    names
        Names, for the message.
    sizes_A
        Pixel sizes in A, as many.
    groups
        The group that each belongs to.

    Raises
    ------
    ValueError
        As `check_same_pixel_size`.
    """
    common_A = commonest_pixel_size(sizes_A)
    fitting = {
        group for group, size_A in zip(groups, sizes_A, strict=True) if same_pixel_size(size_A, common_A)
    }
    first = next((name for name, size_A in zip(names, sizes_A, strict=True) if size_A == common_A), "")
    for name, size_A, group in zip(names, sizes_A, groups, strict=True):
        if group not in fitting and list(groups).count(group) > 1:
            check_same_pixel_size(name, size_A, first, common_A)
