"""Correlate an image with templates at every place, each place normalised by its own mean and contrast.

With t of zero mean and unit norm within a disc D, the correlation at x is
``sum_D t(u) I(x + u) / sqrt(sum_D I(x + u)^2 - (sum_D I(x + u))^2 / n)``, in -1..1
(Roseman 2003; sums by FFT).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import scipy.fft
import scipy.ndimage
from numpy.typing import NDArray

from clearice.image.padding import pad_mirrored

LEAST_CONTRAST = 1e-2
"""Where the standard deviation within the disc is below this share of the image's, nothing is there: 0."""


def template_side_px(pixels_per_diameter: float) -> int:
    """Return the even side of templates whose disc has this diameter; pixel side // 2 is the centre."""
    return 2 * math.ceil(pixels_per_diameter / 2) + 2


def normalise_templates(
    images: NDArray[np.float32], pixels_per_diameter: float, *, masked: bool = False
) -> NDArray[np.float32]:
    """Scale images to mean 0 and norm 1 within the disc of the particle's diameter.

    Parameters
    ----------
    images
        (n, s, s), s from `template_side_px`.
    pixels_per_diameter
        Diameter of the disc about pixel s // 2.
    masked
        Set what lies outside the disc to 0.

    Raises
    ------
    ValueError
        An image is flat within the disc.
    """
    disc = disc_of(images.shape[-1], pixels_per_diameter)
    inside = images[:, disc].astype(np.float64)
    mean = inside.mean(axis=1)
    norm = np.linalg.norm(inside - mean[:, None], axis=1)
    if not (norm > 0).all():
        raise ValueError(
            "a template is flat within the particle's diameter, so nothing can be compared with it; "
            "check the structures and particle_diameter_A"
        )
    normal = (images - mean[:, None, None]) / norm[:, None, None]
    return np.where(disc, normal, 0.0).astype(np.float32) if masked else normal.astype(np.float32)


def turn_templates(
    templates: NDArray[np.float32], pixels_per_diameter: float, turn_deg: float
) -> NDArray[np.float32]:
    """Turn templates (n, s, s) in the plane by multiples of an angle below 360 degrees (cubic splines).

    Returns
    -------
    float32 array (turns * n, s, s)
        Normalised anew, and 0 outside the disc.
    """
    centre = np.full(2, templates.shape[-1] // 2, dtype=np.float64)
    turned = []
    for angle in np.deg2rad(np.arange(0.0, 360.0 - 1e-6, turn_deg)):
        matrix = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        offset = centre - matrix @ centre
        turned += [
            scipy.ndimage.affine_transform(one, matrix, offset, order=3, mode="nearest") for one in templates
        ]
    return normalise_templates(np.stack(turned), pixels_per_diameter, masked=True)


def best_correlation(
    image: NDArray[np.float32], templates: Iterable[NDArray[np.float32]], pixels_per_diameter: float
) -> NDArray[np.float32]:
    """Compute at every pixel the highest correlation with any of some templates.

    Parameters
    ----------
    image
        (h, w), finite; it is mirrored at its edges, beyond which a particle may reach.
    templates
        (s, s) each, of mean 0 and norm 1 within the disc and 0 outside.
    pixels_per_diameter
        Diameter of the disc in pixels.

    Returns
    -------
    float32 array (h, w)
        -1 to 1; 0 where the image is flat.
    """
    side_px = template_side_px(pixels_per_diameter)
    height, width = image.shape
    before, after = side_px // 2, side_px - 1 - side_px // 2
    level = image.mean(dtype=np.float64)
    padded = pad_mirrored(image - np.float32(level), ((before, after), (before, after)))
    shape = tuple(scipy.fft.next_fast_len(side, real=True) for side in padded.shape)
    contrast = _contrast_in_disc(padded.astype(np.float64), disc_of(side_px, pixels_per_diameter), shape)
    spectrum = scipy.fft.rfft2(padded, s=shape)
    best = np.full(image.shape, -np.inf, dtype=np.float32)
    for template in templates:
        product = scipy.fft.rfft2(template, s=shape)
        np.multiply(spectrum, np.conj(product, out=product), out=product)
        found = scipy.fft.irfft2(product, s=shape, overwrite_x=True)
        np.maximum(best, found[:height, :width], out=best)
    contrast = contrast[:height, :width]
    filled = contrast > 0
    correlation = np.divide(best, contrast, out=np.zeros(image.shape), where=filled)
    return np.clip(correlation, -1.0, 1.0).astype(np.float32)


def disc_of(side_px: int, diameter_px: float) -> NDArray[np.bool_]:
    """Mark the pixels of a square within a disc about pixel side_px // 2."""
    away = (np.arange(side_px) - side_px // 2) ** 2
    disc: NDArray[np.bool_] = away[:, None] + away[None, :] <= (diameter_px / 2) ** 2
    return disc


def _contrast_in_disc(
    padded: NDArray[np.float64], disc: NDArray[np.bool_], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Compute the norm of the image less its mean within the disc at every place; 0 where it is flat."""
    kernel = scipy.fft.rfft2(disc.astype(np.float64), s=shape).conj()
    total, squares = (
        scipy.fft.irfft2(scipy.fft.rfft2(values, s=shape) * kernel, s=shape) for values in (padded, padded**2)
    )
    power = squares - total**2 / disc.sum()
    flat = power < LEAST_CONTRAST**2 * disc.sum() * padded.var()
    contrast: NDArray[np.float64] = np.sqrt(np.where(flat, 0.0, power))
    return contrast
