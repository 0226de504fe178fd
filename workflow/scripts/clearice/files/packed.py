"""Counts of 4 bits, two in a byte, and what tells them from bytes.

IMOD and SerialEM hold the left pixel of a pair in the low half of its byte (IMOD's mrc_format.txt, mode 101);
TIFF holds it in the high half (TIFF 6.0, FillOrder 1).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SERIALEM_PACKED = "4 bits packed"
"""What SerialEM's plugin writes into label or description of packed frames, beside its own name."""

SUPER_RESOLUTION_PX = ((7676, 7420), (7680, 7424), (11520, 8184))
"""Width and height of K2 and K3 frames in super-resolution. IMOD, RELION and cisTEM tell packed files by half the width
of these, since no camera has such frames."""

COUNTING_PX = ((3838, 3710), (3840, 3712), (5760, 4092))
"""Width and height of K2 and K3 frames in counting mode."""

TOLERANCE_PX = 2  # of IMOD, for frames that lack an edge


def unpack_counts(packed: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Unpack rows of 4-bit counts, the left pixel of each pair in the low half of its byte.

    Parameters
    ----------
    packed
        Bytes (h, ceil(width / 2)); the last high half of an odd row is padding.
    width
        Pixels of a row.

    Returns
    -------
    uint8 array (h, width)
        Counts from 0 to 15.
    """
    counts = np.empty((len(packed), width), np.uint8)
    np.bitwise_and(packed, 15, out=counts[:, 0::2])
    np.right_shift(packed[:, : width // 2], 4, out=counts[:, 1::2])
    return counts


def half_as_wide(height: int, width: int, frames_px: tuple[tuple[int, int], ...]) -> bool:
    """Check whether an image has the height and half the width of a known frame, lying or standing."""
    return any(
        abs(2 * width - long) <= 2 * TOLERANCE_PX and abs(height - short) <= TOLERANCE_PX
        for one, other in frames_px
        for long, short in ((one, other), (other, one))
    )


def packed_or_not(path: object, height: int, width: int) -> ValueError:
    """Make the error for bytes that may be packed counts, where nothing in the file says so."""
    return ValueError(
        f"{path} holds bytes of {height} x {width} px, half the width of a K2 or K3 frame: they may be 4-bit counts, two "
        "in a byte, but nothing in the file says so; convert it with IMOD's newstack -mode 1 from the original"
    )
