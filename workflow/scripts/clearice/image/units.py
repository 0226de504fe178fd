"""Lengths in A and in pixels."""

from __future__ import annotations


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
