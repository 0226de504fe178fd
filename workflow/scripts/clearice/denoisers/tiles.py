"""Tiles that give the answer of the whole image: where they lie, how large they may be, how they are joined.

A tile's window begins at a multiple of 32, so that it is pooled on the grid of the whole image, and reaches
at least the network's reach beyond what is kept of it, so that nothing kept has seen the window's border.
Then the joined result equals that of the whole image up to rounding, without blending.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]


@dataclass(frozen=True)
class Axis:
    """Tiles along one axis, in pixels.

    Attributes
    ----------
    starts
        Where the windows start.
    length
        Length of every window.
    kept
        What is kept: ``kept[i]`` to ``kept[i + 1]`` is taken from the window that starts at ``starts[i]``.
    """

    starts: tuple[int, ...]
    length: int
    kept: tuple[int, ...]


@dataclass(frozen=True)
class TilePlan:
    """Equal windows over an image.

    Attributes
    ----------
    rows
        The windows along y.
    columns
        The windows along x.
    """

    rows: Axis
    columns: Axis

    @property
    def computed_px(self) -> int:
        """Pixels computed, overlaps counted as often as they are computed."""
        return len(self.rows.starts) * self.rows.length * len(self.columns.starts) * self.columns.length


def plan_tiles(shape: tuple[int, int], most_pixels: int, reach_px: int, multiple_px: int) -> TilePlan:
    """Choose the grid of equal windows that computes the fewest pixels within a limit per window.

    Parameters
    ----------
    shape
        Image shape (h, w), multiples of `multiple_px` (see `image.padding.pad_to_multiple`).
    most_pixels
        Pixels that one window may have.
    reach_px
        How far the network sees in one direction (`UNet.reach_px`). The halo is the next multiple of
        `multiple_px`: 192 for the published network (reach 164, receptive field 326 px).
    multiple_px
        Grid of the network's pooling, 32 for five levels.

    Returns
    -------
    TilePlan

    Raises
    ------
    ValueError
        Even the smallest window that keeps anything has more pixels than allowed, or the shape is off the
        grid.
    """
    if any(side % multiple_px or side < multiple_px for side in shape):
        raise ValueError(f"shape {shape} is not a multiple of {multiple_px} px; pad the image first")
    halo_px = -(-reach_px // multiple_px) * multiple_px
    best: TilePlan | None = None
    by_columns = _distinct_axes(shape[1], halo_px, multiple_px)
    for rows in _distinct_axes(shape[0], halo_px, multiple_px):
        for columns in by_columns:
            plan = TilePlan(rows, columns)
            if rows.length * columns.length <= most_pixels:
                if best is None or plan.computed_px < best.computed_px:
                    best = plan
                break  # more columns would only overlap more
    if best is None:
        least = min(rows.length for rows in _distinct_axes(shape[0], halo_px, multiple_px))
        least *= by_columns[-1].length
        raise ValueError(
            f"tiles of {most_pixels} px fit into the memory allowed, but the network needs tiles of at least "
            f"{least} px; raise tile_memory_mb"
        )
    return best


def join_tiles(image: Image, plan: TilePlan, process: Callable[[Image], Image]) -> Image:
    """Process every window of `image` (h, w) and join what is kept of them.

    Parameters
    ----------
    image
        Image of the plan's shape.
    plan
        Where the windows lie.
    process
        Denoises one window; returns an array of the window's shape.
    """
    result = np.empty_like(image)
    for i, top in enumerate(plan.rows.starts):
        for j, left in enumerate(plan.columns.starts):
            processed = process(image[top : top + plan.rows.length, left : left + plan.columns.length])
            first, last = plan.rows.kept[i], plan.rows.kept[i + 1]
            start, end = plan.columns.kept[j], plan.columns.kept[j + 1]
            result[first:last, start:end] = processed[first - top : last - top, start - left : end - left]
    return result


def _distinct_axes(size: int, halo_px: int, multiple_px: int) -> list[Axis]:
    """List the ways to cut one axis, from one window to the smallest ones."""
    axes = [_axis(size, 1, halo_px, multiple_px)]
    for count in range(2, size // multiple_px + 1):
        axis = _axis(size, count, halo_px, multiple_px)
        if axis.length < axes[-1].length:
            axes.append(axis)
    return axes


def _axis(size: int, count: int, halo_px: int, multiple_px: int) -> Axis:
    """Lay `count` equal windows along an axis.

    Windows of length l overlap by at least two halos: count (l - 2 halo) + 2 halo >= size. Those at the
    ends need no halo outside. Starts are spread evenly on the grid; neighbours are cut in the middle of
    their overlap, on the grid.
    """
    if count == 1:
        return Axis((0,), size, (0, size))
    inner = max(1, -(-(size - 2 * halo_px) // (count * multiple_px)))
    length = min(size, inner * multiple_px + 2 * halo_px)
    steps = (size - length) // multiple_px
    starts = sorted({i * steps // (count - 1) * multiple_px for i in range(count)})
    cuts = [(before + length + after) // 2 // multiple_px * multiple_px for before, after in pairwise(starts)]
    return Axis(tuple(starts), length, (0, *cuts, size))
