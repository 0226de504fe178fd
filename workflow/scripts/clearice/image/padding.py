"""Borders: mirrored pixels around an image, and the way back.

A margin is the number of pixels added before and after each axis, as `numpy.pad` takes it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

Image = NDArray[np.float32]
Margin = tuple[tuple[int, int], tuple[int, int]]


def equal_margin(shape: tuple[int, ...], wanted_px: int) -> Margin:
    """Return the same margin on all four sides, as wide as wanted or as the image can mirror.

    Parameters
    ----------
    shape
        Image shape (h, w).
    wanted_px
        Width of the margin; at most the shorter side less one pixel is returned.
    """
    width = min(wanted_px, *(side - 1 for side in shape))
    return (width, width), (width, width)


def fast_margin(shape: tuple[int, ...], wanted_px: float) -> Margin:
    """Return a margin of at least the width wanted, up to a length the Fourier transform is fast at.

    Parameters
    ----------
    shape
        Image shape (h, w).
    wanted_px
        Least width of the margin, rounded up; each axis gets at most its side less one pixel.
    """
    margins = []
    for side in shape:
        most = side - 1
        before = min(math.ceil(wanted_px), most)
        after = min(scipy.fft.next_fast_len(side + 2 * before, real=True) - side - before, most)
        margins.append((before, after))
    return margins[0], margins[1]


def pad_mirrored(image: Image, margin: Margin) -> Image:
    """Extend an image (h, w) by a mirrored margin, so that a periodic transform does not see its borders."""
    return np.pad(image, margin, mode="reflect")


def crop_margin(image: NDArray[Any], margin: Margin) -> NDArray[Any]:
    """Cut a margin off again; returns a view."""
    (top, bottom), (left, right) = margin
    return image[top : image.shape[0] - bottom, left : image.shape[1] - right]


def pad_to_multiple(image: Image, multiple_px: int) -> Image:
    """Extend an image at the bottom and the right, by mirroring, to multiples of `multiple_px`.

    The same border that the network adds to a whole image, so that tiles at the border see what it sees.
    """
    missing = [(0, -side % multiple_px) for side in image.shape]
    return np.pad(image, missing, mode="symmetric") if any(after for _, after in missing) else image
