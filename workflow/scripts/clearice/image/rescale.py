"""Rescale the images of a training to one pixel size, coarser than that of their files."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clearice.image.resize import fourier_resample


def rescale_images(
    name: str, images: NDArray[np.float32], pixel_size_A: float, rescale_to_A: float
) -> NDArray[np.float32]:
    """Rescale images to a coarser pixel size by cropping their transforms.

    Parameters
    ----------
    name
        Name for the message.
    images
        Images (n, h, w).
    pixel_size_A, rescale_to_A
        Pixel size before and after. The sides are rounded to whole pixels, so the true new pixel size differs
        from `rescale_to_A` by up to half a pixel in the image's length.

    Returns
    -------
    float32 array (n, h', w')

    Raises
    ------
    ValueError
        The pixel size is unknown, or not finer than `rescale_to_A`.
    """
    if not 0.0 < pixel_size_A < rescale_to_A:
        raise ValueError(
            f"{name} has {pixel_size_A:.4g} A/px, but rescale_to_A is {rescale_to_A:g}; "
            "rescaling only goes to a coarser pixel size"
        )
    factor = pixel_size_A / rescale_to_A
    shape = (round(images.shape[1] * factor), round(images.shape[2] * factor))
    return np.stack([fourier_resample(image, shape) for image in images])
