"""A radial Wiener filter: every ring of frequencies is kept by the share of its power that is not noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clearice.config.kinds.wiener import Wiener
from clearice.denoisers.measured_noise import box_ring_px, check_reference, cut_squares, noise_spectrum
from clearice.denoisers.registry import Evidence, Image
from clearice.image.boxes import Square
from clearice.image.grids import apply_transfer
from clearice.image.padding import crop_margin, fast_margin, pad_mirrored
from clearice.image.rings import transfer_of_rings
from clearice.image.scaling import fill_not_finite
from clearice.image.spectra import Spectrum, tapered_spectrum


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
    check_reference(micrograph, evidence)
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
    noise = noise_spectrum(reference, boxes, ring_px)
    side_px = boxes[0][2]
    cover = cut_squares(reference, _tiles(reference.shape, side_px))
    tiles = tapered_spectrum(cover, box_ring_px(side_px, reference.shape, ring_px))
    whole = tapered_spectrum([reference], ring_px)
    slow = whole.frequency < noise.frequency[0]
    frequency = np.concatenate([whole.frequency[slow], noise.frequency])
    power = np.concatenate([whole.power[slow], tiles.power])
    of_noise = np.concatenate([np.full(int(slow.sum()), noise.power[0]), noise.power])
    kept = np.divide(power - of_noise, power, out=np.zeros_like(power), where=power > of_noise)
    return Spectrum(frequency, kept)


def _tiles(shape: tuple[int, ...], side_px: int) -> list[Square]:
    """Cover an image with the fewest squares of one side, evenly spread."""
    rows, columns = (
        np.rint(np.linspace(0, length - side_px, -(-length // side_px))).astype(int) for length in shape
    )
    return [(int(top), int(left), side_px) for top in rows for left in columns]
