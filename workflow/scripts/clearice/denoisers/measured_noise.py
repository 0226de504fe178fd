"""The noise of a micrograph, measured in boxes of it in which there is nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from clearice.denoisers.registry import Evidence, Image
from clearice.image.boxes import Square
from clearice.image.spectra import Spectrum, tapered_spectrum

SMALLEST_BOX_PX = 8


def check_reference(micrograph: Image, evidence: Evidence) -> None:
    """Refuse evidence about a micrograph of another shape; fields of pure noise may lie one below the other.

    Raises
    ------
    ValueError
        The shapes differ.
    """
    height, width = evidence.reference.shape
    if micrograph.shape[1] != width or micrograph.shape[0] % height:
        raise ValueError(
            f"the micrograph has {micrograph.shape[0]} x {micrograph.shape[1]} px, the one whose noise was measured "
            f"{evidence.reference.shape[0]} x {evidence.reference.shape[1]}; make its batch again"
        )


def noise_spectrum(reference: Image, boxes: Sequence[Square], ring_px: float) -> Spectrum:
    """Measure the radial spectrum of the noise, from one period per box on.

    Parameters
    ----------
    reference
        Finite micrograph (h, w).
    boxes
        Squares of one side in which there is nothing but noise, as (top, left, side).
    ring_px
        Width of a ring in Fourier pixels of the reference's shorter side; at least one of a box is taken.

    Raises
    ------
    ValueError
        There is no box, or boxes are too small, of several sides or outside the reference.
    """
    side_px = side_of_boxes(boxes, reference.shape)
    return tapered_spectrum(cut_squares(reference, boxes), box_ring_px(side_px, reference.shape, ring_px))


def box_ring_px(side_px: int, shape: tuple[int, ...], ring_px: float) -> float:
    """Return the width of a ring in Fourier pixels of a box, at least 1, of one given in those of the micrograph."""
    return max(1.0, ring_px * side_px / min(shape))


def side_of_boxes(boxes: Sequence[Square], shape: tuple[int, ...]) -> int:
    """Return the side of boxes of noise in pixels.

    Raises
    ------
    ValueError
        Their noise cannot be measured: there is none, or they are too small, of several sides or outside.
    """
    if not len(boxes):
        raise ValueError(
            "no particle-free box and no noise patch is given, so the noise has no spectrum; "
            "use smaller boxes, or set the method's noise to what this micrograph has"
        )
    sides = {side for _, _, side in boxes}
    if len(sides) > 1:
        raise ValueError(
            f"the boxes of noise have sides of {min(sides)} to {max(sides)} px; give boxes of one side"
        )
    side = sides.pop()
    if side < SMALLEST_BOX_PX:
        raise ValueError(
            f"boxes of noise of {side} px are too small for a spectrum; use boxes of at least {SMALLEST_BOX_PX} px"
        )
    for top, left, _ in boxes:
        if min(top, left) < 0 or top + side > shape[0] or left + side > shape[1]:
            raise ValueError(
                f"a box of noise at ({top}, {left}) of {side} px leaves the micrograph of {shape[0]} x {shape[1]} px; "
                "choose the boxes anew for it"
            )
    return side


def cut_squares(image: Image, squares: Sequence[Square]) -> Iterator[NDArray[np.float32]]:
    """Cut squares out of an image."""
    for top, left, side in squares:
        yield image[top : top + side, left : left + side]
