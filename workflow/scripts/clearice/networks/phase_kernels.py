"""Kernels for convolutions on doubled maps, rewritten exactly for the lower resolution."""

from __future__ import annotations

import torch
from torch import Tensor


def phase_kernel(weight: Tensor) -> Tensor:
    """Turn a kernel that follows a nearest-neighbour doubling into four at the lower resolution.

    Output pixel (2y + a, 2x + b) of the phase (a, b) meets through tap d the value at row floor((2y + a + d
    - r) / 2) = y + floor((a + d - r) / 2), with r = (k - 1) / 2: taps of equal row are summed.

    Parameters
    ----------
    weight
        (outgoing, incoming, k, k), k odd.

    Returns
    -------
    Tensor
        (4 outgoing, incoming, r + 1, r + 1), phases in the order (0, 0), (0, 1), (1, 0), (1, 1). The window
        of phase a begins at row y + floor((a - r) / 2).
    """
    radius = weight.shape[-1] // 2
    return torch.cat(
        [
            _merge_taps(_merge_taps(weight, 2, row, radius), 3, column, radius)
            for row in (0, 1)
            for column in (0, 1)
        ]
    )


def unshuffled_kernel(weight: Tensor) -> Tensor:
    """Turn a kernel on a full-size channel into one between that channel's phases and the output's.

    Parameters
    ----------
    weight
        (outgoing, 1, k, k), k odd.

    Returns
    -------
    Tensor
        (4 outgoing, 4, r + 1, r + 1): incoming phases as ``pixel_unshuffle`` orders them, outgoing phases and
        windows as in `phase_kernel`.
    """
    outgoing, _, size, _ = weight.shape
    radius = size // 2
    taps = weight.new_zeros(2, 2, outgoing, 2, 2, radius + 1, radius + 1)
    for a in (0, 1):
        for b in (0, 1):
            for d in range(size):
                for e in range(size):
                    row, column = a + d - radius, b + e - radius
                    first_row, first_column = (a - radius) // 2, (b - radius) // 2
                    window = (row // 2 - first_row, column // 2 - first_column)
                    taps[a, b, :, row % 2, column % 2, window[0], window[1]] = weight[:, 0, d, e]
    return taps.reshape(4 * outgoing, 4, radius + 1, radius + 1)


def _merge_taps(weight: Tensor, axis: int, phase: int, radius: int) -> Tensor:
    """Sum the taps along one axis that meet the same value of the lower resolution in this phase."""
    first = (phase - radius) // 2
    shape = list(weight.shape)
    shape[axis] = radius + 1
    merged = weight.new_zeros(shape)
    for tap in range(weight.shape[axis]):
        merged.select(axis, (phase + tap - radius) // 2 - first).add_(weight.select(axis, tap))
    return merged
