"""A radial Wiener filter: every ring of frequencies is kept by the share of its power that is not noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from clearice.config.kinds.wiener import Wiener
from clearice.denoisers.registry import Evidence, Image
from clearice.image.boxes import Square
from clearice.image.grids import apply_transfer
from clearice.image.padding import crop_margin, fast_margin, pad_mirrored
from clearice.image.rings import transfer_of_rings
from clearice.image.scaling import fill_not_finite
from clearice.image.spectra import Spectrum, tapered_spectrum

SMALLEST_BOX_PX = 8


def denoise(micrograph: Image, pixel_size_A: float, settings: Wiener, evidence: Evidence) -> Image:
    """Multiply the transform by W(k) = max(P(k) - N(k), 0) / P(k), and keep the mean.

    P is the radial power of the whole reference, N that of its noise (Wiener 1949, both spectra measured,
    none assumed); see `wiener_transfer`.

    Parameters
    ----------
    micrograph
        Micrograph (h, w), any units; pixels that are not finite are filled (`fill_not_finite`).
    pixel_size_A
        Not used: all is measured in the pixels of the micrograph.
    settings
        Width of the rings.
    evidence
        The reference, of the micrograph's shape (or of that of each of the fields that lie one below the other in the
        micrograph), and its boxes of noise.

    Raises
    ------
    ValueError
        There is no box, or boxes are too small, of several sides or outside the reference; the reference has
        another shape; no pixel is finite.
    """
    height, width = evidence.reference.shape
    if micrograph.shape[1] != width or micrograph.shape[0] % height:
        raise ValueError(
            f"the micrograph has {micrograph.shape[0]} x {micrograph.shape[1]} px, the one whose noise was measured "
            f"{evidence.reference.shape[0]} x {evidence.reference.shape[1]}; make its batch again"
        )
    filled, _ = fill_not_finite(micrograph)
    reference, _ = fill_not_finite(evidence.reference)
    boxes = evidence.free_boxes or ()
    transfer = wiener_transfer(reference, boxes, settings.ring_px)
    mean = filled.mean(dtype=np.float64)
    margin = fast_margin(filled.shape, boxes[0][2])
    padded = pad_mirrored((filled - mean).astype(np.float32), margin)
    shape = (padded.shape[0], padded.shape[1])
    passed = apply_transfer(padded, transfer_of_rings(shape, transfer.frequency, transfer.power))
    inner = crop_margin(passed, margin)
    kept: Image = (inner - inner.mean(dtype=np.float64) + mean).astype(np.float32)
    return kept


def wiener_transfer(reference: Image, boxes: Sequence[Square], ring_px: float) -> Spectrum:
    """Measure how much of each frequency of a micrograph is not noise.

    From one period per box on, N is the mean spectrum of the boxes and P that of tiles of the same side that
    cover the whole reference: both are seen through the same window and at the same resolution, so that where
    there is only noise they are equal, whatever its colour. Slower variation no box can hold. It is neither
    passed as it is nor erased: there N is the power of the lowest ring of the boxes, as in the null test, and
    P is that of the reference as one piece, in rings of `ring_px`. What exceeds that level (particles larger
    than a box, but also ice whose thickness varies) counts as signal.

    Parameters
    ----------
    reference
        Finite micrograph (h, w).
    boxes
        Squares of one side in which there is nothing but noise, as (top, left, side).
    ring_px
        Width of a ring in Fourier pixels of the reference's shorter side; at least one of a box is taken.

    Returns
    -------
    Spectrum
        `power` is W, 0 to 1, at frequencies in cycles per pixel.

    Raises
    ------
    ValueError
        There is no box, or boxes are too small, of several sides or outside the reference.
    """
    side_px = _side_of(boxes, reference.shape)
    box_ring_px = max(1.0, ring_px * side_px / min(reference.shape))
    noise = tapered_spectrum(_cut(reference, boxes), box_ring_px)
    tiles = tapered_spectrum(_cut(reference, _tiles(reference.shape, side_px)), box_ring_px)
    whole = tapered_spectrum([reference], ring_px)
    slow = whole.frequency < noise.frequency[0]
    frequency = np.concatenate([whole.frequency[slow], noise.frequency])
    power = np.concatenate([whole.power[slow], tiles.power])
    of_noise = np.concatenate([np.full(int(slow.sum()), noise.power[0]), noise.power])
    kept = np.divide(power - of_noise, power, out=np.zeros_like(power), where=power > of_noise)
    return Spectrum(frequency, kept)


def _side_of(boxes: Sequence[Square], shape: tuple[int, ...]) -> int:
    """Return the side of the boxes in pixels, or say why their noise cannot be measured."""
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


def _tiles(shape: tuple[int, ...], side_px: int) -> list[Square]:
    """Cover an image with the fewest squares of one side, evenly spread."""
    rows, columns = (
        np.rint(np.linspace(0, length - side_px, -(-length // side_px))).astype(int) for length in shape
    )
    return [(int(top), int(left), side_px) for top in rows for left in columns]


def _cut(image: Image, squares: Sequence[Square]) -> Iterator[NDArray[np.float32]]:
    """Cut squares out of an image."""
    for top, left, side in squares:
        yield image[top : top + side, left : left + side]
