"""Pairs of signal and background boxes, chosen once from known coordinates and shared by all methods."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray


class Box(NamedTuple):
    """A square region.

    Attributes
    ----------
    top_px
        Row of its upper left pixel.
    left_px
        Column of its upper left pixel.
    side_px
        Side in pixels.
    """

    top_px: int
    left_px: int
    side_px: int


class BoxPair(NamedTuple):
    """Two regions to compare.

    Attributes
    ----------
    signal
        A region with one particle in its middle.
    background
        A particle-free region near it.
    """

    signal: Box
    background: Box


class Regions(NamedTuple):
    """Boxes of a micrograph.

    Attributes
    ----------
    pairs
        Pairs of a signal and a background box.
    free
        Particle-free boxes.
    note
        Why there are no pairs; empty where there are some.
    """

    pairs: list[BoxPair]
    free: list[Box]
    note: str


def choose_regions_of(
    centres: NDArray[np.float64],
    shape: tuple[int, int],
    *,
    radius_px: float,
    pairs: int,
    largest_box_px: int,
    smallest_box_px: int,
) -> Regions:
    """Choose pairs of boxes, and particle-free boxes of their side.

    Where there are too few pairs, in a crowded field or an empty one, the particle-free boxes stand alone.

    Parameters and errors
    ---------------------
    As for `choose_pairs`; it is an error only where there is no particle-free box either.
    """
    limits = {"largest_box_px": largest_box_px, "smallest_box_px": smallest_box_px}
    try:
        chosen = choose_pairs(centres, shape, radius_px=radius_px, pairs=pairs, **limits)
    except ValueError as too_few:
        free = largest_free_boxes(centres, shape, radius_px=radius_px, boxes=pairs, **limits)
        if not free:
            raise
        why = str(too_few) if len(centres) else "it is an empty field"
        return Regions([], free, f"no SNR, but the noise of {len(free)} particle-free boxes: {why}")
    side_px = chosen[0].signal.side_px
    return Regions(chosen, free_boxes(centres, shape, radius_px=radius_px, side_px=side_px), "")


def choose_pairs(
    centres: NDArray[np.float64],
    shape: tuple[int, int],
    *,
    radius_px: float,
    pairs: int,
    largest_box_px: int,
    smallest_box_px: int,
) -> list[BoxPair]:
    """Choose pairs of boxes with the background as near to its particle as possible.

    The boxes depend on the coordinates alone, never on an image, so no method can gain by them. In a crowded
    field the box shrinks until there are enough particle-free places.

    Parameters
    ----------
    centres
        Particle centres (n, 2) as (y, x) in pixels.
    shape
        Micrograph shape (h, w).
    radius_px
        Radius around a centre that belongs to the particle.
    pairs
        Number of pairs wanted.
    largest_box_px, smallest_box_px
        Box sides to try, from the largest down in steps of an eighth.

    Returns
    -------
    list of BoxPair
        `pairs` pairs of one box side, background boxes without overlap, nearest pairs first.

    Raises
    ------
    ValueError
        Even the smallest box finds too few pairs, no particle is known, or the smallest box is the larger
        one.
    """
    if len(centres) == 0:
        raise ValueError(
            "no particle is known on this micrograph, so no signal region can be chosen; give its coordinates"
        )
    occupied = _occupied(centres, shape, radius_px)
    found = 0
    for side in _sides(largest_box_px, smallest_box_px):
        chosen = _nearest_pairs(centres, occupied, side, pairs)
        if len(chosen) >= pairs:
            return chosen
        found = len(chosen)
    raise ValueError(
        f"only {found} of {pairs} pairs of particle and empty background were found with boxes of "
        f"{smallest_box_px} px; ask for fewer pairs or smaller boxes"
    )


def free_boxes(
    centres: NDArray[np.float64], shape: tuple[int, int], *, radius_px: float, side_px: int
) -> list[Box]:
    """Find particle-free boxes without overlap, scanning from the upper left.

    Parameters
    ----------
    centres
        Particle centres (n, 2) as (y, x) in pixels; none means that every place is free.
    shape, radius_px, side_px
        As in `choose_pairs`.
    """
    free = _free_corners(_occupied(centres, shape, radius_px), side_px)
    boxes = []
    for top in range(free.shape[0]):
        columns = np.flatnonzero(free[top])
        while columns.size:
            left = int(columns[0])
            boxes.append(Box(top, left, side_px))
            free[top : top + side_px, max(0, left - side_px + 1) : left + side_px] = False
            columns = np.flatnonzero(free[top])
    return boxes


def largest_free_boxes(
    centres: NDArray[np.float64],
    shape: tuple[int, int],
    *,
    radius_px: float,
    boxes: int,
    largest_box_px: int,
    smallest_box_px: int,
) -> list[Box]:
    """Find particle-free boxes where no pairs could be chosen: the null test still needs the background.

    Parameters
    ----------
    centres, shape, radius_px, largest_box_px, smallest_box_px
        As in `choose_pairs`.
    boxes
        Number of boxes wanted: the largest side that has so many is taken, else that which covers most of the
        field.

    Returns
    -------
    list of Box
        Boxes of one side without overlap; none where even the smallest finds no place.
    """
    best: list[Box] = []
    for side in _sides(largest_box_px, smallest_box_px):
        found = free_boxes(centres, shape, radius_px=radius_px, side_px=side)
        if len(found) >= boxes:
            return found
        if sum(box.side_px**2 for box in found) > sum(box.side_px**2 for box in best):
            best = found
    return best


def cut_box(image: NDArray[np.float32], box: Box) -> NDArray[np.float32]:
    """Cut a box out of an image (h, w).

    Raises
    ------
    ValueError
        The box leaves the image.
    """
    bottom, right = box.top_px + box.side_px, box.left_px + box.side_px
    if box.top_px < 0 or box.left_px < 0 or bottom > image.shape[0] or right > image.shape[1]:
        raise ValueError(
            f"a region at ({box.top_px}, {box.left_px}) of {box.side_px} px leaves the image of {image.shape}; "
            "the regions were chosen for an image of another size: choose them anew"
        )
    return image[box.top_px : bottom, box.left_px : right]


def _sides(largest_px: int, smallest_px: int) -> Iterator[int]:
    """Yield the box sides to try, from the largest down in steps of an eighth.

    Raises
    ------
    ValueError
        The smallest is below two pixels or larger than the largest.
    """
    if not 2 <= smallest_px <= largest_px:
        raise ValueError(
            f"boxes from {smallest_px} to {largest_px} px were asked for; smallest_box_A must be at least "
            "two pixels and at most largest_box_A"
        )
    side = largest_px
    while side >= smallest_px:
        yield side
        side = min(side - 1, round(side * 7 / 8))


def _occupied(centres: NDArray[np.float64], shape: tuple[int, int], radius_px: float) -> NDArray[np.bool_]:
    """Mark the pixels within a radius of any centre."""
    mask = np.zeros(shape, dtype=bool)
    reach = math.ceil(radius_px)
    for y, x in centres:
        top, bottom = max(0, int(y) - reach), min(shape[0], int(y) + reach + 2)
        left, right = max(0, int(x) - reach), min(shape[1], int(x) + reach + 2)
        rows, columns = np.ogrid[top:bottom, left:right]
        mask[top:bottom, left:right] |= (rows - y) ** 2 + (columns - x) ** 2 <= radius_px**2
    return mask


def _free_corners(occupied: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """Find for each upper left pixel whether its box is wholly free, shape (h - side + 1, w - side + 1)."""
    if side > min(occupied.shape):
        return np.zeros((0, 0), dtype=bool)
    total = np.zeros((occupied.shape[0] + 1, occupied.shape[1] + 1), dtype=np.int64)
    total[1:, 1:] = occupied.cumsum(0).cumsum(1)
    inside = total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
    free: NDArray[np.bool_] = inside == 0
    return free


def _nearest_pairs(
    centres: NDArray[np.float64], occupied: NDArray[np.bool_], side: int, pairs: int
) -> list[BoxPair]:
    """Pair particles with the nearest free boxes, nearest first, each particle and each place once."""
    free = _free_corners(occupied, side)
    corners = np.floor(centres - side / 2 + 0.5).astype(int)
    inside = (corners >= 0).all(axis=1) & (corners + side <= np.array(occupied.shape)).all(axis=1)
    waiting = sorted((int(top), int(left)) for top, left in corners[inside])
    chosen: list[BoxPair] = []
    while waiting and len(chosen) < pairs and free.any():
        distance, nearest = scipy.ndimage.distance_transform_edt(~free, return_indices=True)
        rows, columns = free.shape
        at = [min(max(top, 0), rows - 1) * columns + min(max(left, 0), columns - 1) for top, left in waiting]
        best = int(np.argmin(distance.ravel()[at]))
        top, left = (int(axis.ravel()[at[best]]) for axis in nearest)
        signal = waiting.pop(best)
        chosen.append(BoxPair(Box(signal[0], signal[1], side), Box(top, left, side)))
        free[max(0, top - side + 1) : top + side, max(0, left - side + 1) : left + side] = False
    return chosen
