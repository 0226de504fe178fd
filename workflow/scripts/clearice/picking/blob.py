"""Pick particles as round blobs: the mean of a ring around a place minus the mean of the disc inside."""

from __future__ import annotations

import math

import numpy as np
import scipy.fft
import scipy.ndimage
from numpy.typing import NDArray

from clearice.config.kind import PickerSettings
from clearice.image.thresholds import otsu
from clearice.picking.registry import Picks

DISC_OF_DIAMETER = 38.0 / 83.0
"""Radius of the disc as a share of the particle's diameter (38 px for the 124 A apoferritin at 1.5 A/px)."""

RING_OF_DIAMETER = 50.0 / 83.0
"""Outer radius of the ring as a share of the particle's diameter."""


def pick(
    image: NDArray[np.float32],
    diameter_px: float,
    *,
    particles_are_dark: bool = True,
    settings: PickerSettings | None = None,
    templates: NDArray[np.float32] | None = None,
) -> Picks:
    """Pick the local maxima of ring minus disc that Otsu's threshold parts from the others.

    Parameters and errors are those of `registry.Picker`; `settings` and `templates` are not used. Scores are
    in units of the image.
    """
    centres, scores = pick_blobs(image, diameter_px, particles_are_dark=particles_are_dark)
    return Picks(centres, scores, otsu(scores))


def pick_blobs(
    image: NDArray[np.float32], diameter_px: float, *, particles_are_dark: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find every local maximum of the ring-minus-disc contrast.

    Parameters
    ----------
    image
        Micrograph (h, w), raw or denoised; its offset and scale do not matter to the places.
    diameter_px
        Particle diameter in pixels.
    particles_are_dark
        Whether particles are darker than ice (true for micrographs as recorded).

    Returns
    -------
    tuple of arrays
        Centres (n, 2) as (y, x) in pixels, and scores (n,) in units of the image, highest first. No two
        centres are nearer than half a diameter.
    """
    contrast = blob_contrast(image, diameter_px, particles_are_dark=particles_are_dark)
    return local_maxima(contrast, 0.5 * diameter_px)


def blob_contrast(
    image: NDArray[np.float32], diameter_px: float, *, particles_are_dark: bool = True
) -> NDArray[np.float32]:
    """Subtract the mean of a disc from the mean of the ring around it, at every pixel.

    The ring takes away slow gradients of ice; both have the particle's size. The image is mirrored at its
    edges.

    Returns
    -------
    float32 array (h, w)
        Positive where a particle may be, in units of the image.
    """
    disc, ring = DISC_OF_DIAMETER * diameter_px, RING_OF_DIAMETER * diameter_px
    margin = math.ceil(ring) + 1
    if margin >= min(image.shape):
        raise ValueError(
            f"particles of {diameter_px:.0f} px cannot be picked on an image of {image.shape}; "
            "check particle_diameter_A and the pixel size"
        )
    padded = np.pad(image - image.mean(dtype=np.float64), margin, mode="reflect")
    shape = tuple(scipy.fft.next_fast_len(side, real=True) for side in padded.shape)
    rows = np.fft.fftfreq(shape[0], 1.0 / shape[0])[:, None]
    columns = np.fft.fftfreq(shape[1], 1.0 / shape[1])[None, :]
    distance = np.hypot(rows, columns)
    inner, outer = distance <= disc, (distance > disc) & (distance <= ring)
    kernel = outer / outer.sum() - inner / inner.sum()
    spectrum = scipy.fft.rfft2(padded, s=shape) * scipy.fft.rfft2(kernel).conj()
    contrast = scipy.fft.irfft2(spectrum, s=shape)
    height, width = image.shape
    cut: NDArray[np.float32] = contrast[margin : margin + height, margin : margin + width].astype(np.float32)
    return cut if particles_are_dark else -cut


def local_maxima(
    contrast: NDArray[np.float32], distance_px: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find local maxima no two of which are nearer than a distance; of two near ones the higher stays.

    Returns
    -------
    tuple of arrays
        Centres (n, 2) as (y, x) in pixels, and the contrast there, highest first. A flat image has none.
    """
    reach = 2 * max(1, round(distance_px / 4)) + 1
    highest = scipy.ndimage.maximum_filter(contrast, size=reach, mode="nearest")
    lowest = scipy.ndimage.minimum_filter(contrast, size=reach, mode="nearest")
    peaks = np.argwhere((contrast == highest) & (highest > lowest))
    scores = contrast[peaks[:, 0], peaks[:, 1]].astype(np.float64)
    return thin_out(peaks.astype(np.float64), scores, distance_px)


def thin_out(
    centres: NDArray[np.float64], scores: NDArray[np.float64], distance_px: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Keep the best of the centres that lie within a distance of one another.

    Parameters
    ----------
    centres, scores
        Places (n, 2) in pixels and their scores (n,); equal scores are taken in the order given.

    Returns
    -------
    tuple of arrays
        What is kept, highest score first.
    """
    order = np.argsort(-scores, kind="stable")
    centres, scores = centres[order], scores[order]
    waiting = np.arange(len(centres))
    kept = []
    while waiting.size:
        kept.append(waiting[0])
        far = ((centres[waiting] - centres[waiting[0]]) ** 2).sum(axis=1) >= distance_px**2
        far[0] = False
        waiting = waiting[far]
    return centres[kept], scores[kept]
