"""Rescale micrographs to the pixel size at which noise is modelled, and remove their slow variation."""

from __future__ import annotations

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from clearice.image.highpass import highpass
from clearice.image.resize import fourier_resample
from clearice.image.units import same_pixel_size

Image = NDArray[np.float32]


def prepared(
    image: Image, *, pixel_size_A: float, rescale_to_A: float | None, highpass_A: float
) -> tuple[Image, float]:
    """Rescale an image to a coarser pixel size and take its slow variation out.

    Parameters
    ----------
    image
        (h, w). Non-finite pixels stay non-finite, with those of the new image they reach into.
    pixel_size_A
        Its pixel size in A.
    rescale_to_A
        The pixel size wanted, not finer; None for no change.
    highpass_A
        Length of `image.highpass.highpass` in A; 0 for none.

    Returns
    -------
    float32 array (h', w'), float
        The image and its pixel size. Sides are rounded to whole pixels.

    Raises
    ------
    ValueError
        The pixel size is unknown or coarser than the one wanted.
    """
    if rescale_to_A is not None and not same_pixel_size(pixel_size_A, rescale_to_A):
        if not 0 < pixel_size_A < rescale_to_A:
            raise ValueError(
                f"an image of {pixel_size_A:.4g} A/px cannot be rescaled to {rescale_to_A:.4g} A/px; "
                "set rescale_to_A to a coarser pixel size than that of the micrographs"
            )
        image, pixel_size_A = _coarser(image, pixel_size_A / rescale_to_A), rescale_to_A
    return highpass(image, pixel_size_A=pixel_size_A, length_A=highpass_A), pixel_size_A


def _coarser(image: Image, factor: float) -> Image:
    """Resample to `factor` < 1 of the pixels along each axis, and mark what bad pixels reach."""
    shape = (max(1, round(image.shape[0] * factor)), max(1, round(image.shape[1] * factor)))
    bad = ~np.isfinite(image)
    if not bad.any():
        return fourier_resample(image, shape)
    resampled = fourier_resample(np.where(bad, image[~bad].mean() if not bad.all() else 0.0, image), shape)
    rows, columns = np.nonzero(scipy.ndimage.binary_dilation(bad, iterations=2))
    scaled_rows = np.minimum((rows * shape[0]) // image.shape[0], shape[0] - 1)
    scaled_columns = np.minimum((columns * shape[1]) // image.shape[1], shape[1] - 1)
    resampled[scaled_rows, scaled_columns] = np.nan
    return resampled
