"""Remove slow variation from micrographs: what is longer than the patches noise is learned from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clearice.image.grids import apply_transfer, radial_frequencies
from clearice.image.padding import crop_margin, equal_margin, pad_mirrored


def highpass(image: NDArray[np.float32], *, pixel_size_A: float, length_A: float) -> NDArray[np.float32]:
    """Remove variation slower than a length with a Gaussian edge, and keep the mean.

    Noise patches of d pixels say nothing about variation longer than d (thickness gradients, uneven
    illumination). A denoiser trained with their noise has never seen such variation, so it is taken out of
    the micrographs it is applied to and out of the simulated references alike.

    Parameters
    ----------
    image
        (h, w). Non-finite pixels count as the mean of the others and stay as they are.
    pixel_size_A
        Pixel size in A.
    length_A
        The transfer is 1 - 2^(-(f length_A)^2): one half at the frequency 1/length_A. 0 leaves the image as
        it is.

    Returns
    -------
    float32 array (h, w)

    Raises
    ------
    ValueError
        The length is negative or below four pixels, or the pixel size is not positive.
    """
    if length_A == 0:
        return image
    if pixel_size_A <= 0 or length_A < 4 * pixel_size_A:
        raise ValueError(
            f"a high-pass at {length_A:g} A on pixels of {pixel_size_A:g} A would remove the image; "
            "set it to 0 or to several particle diameters"
        )
    finite = np.isfinite(image)
    if not finite.all():
        filled = np.where(finite, image, image[finite].mean(dtype=np.float64) if finite.any() else 0.0)
        passed = highpass(filled.astype(np.float32), pixel_size_A=pixel_size_A, length_A=length_A)
        return np.where(finite, passed, image).astype(np.float32)
    mean = image.mean(dtype=np.float64)
    margin = equal_margin(image.shape, round(length_A / pixel_size_A))
    # The mirrored margin keeps a gradient from meeting itself across the wrap-around.
    padded = pad_mirrored((image - mean).astype(np.float32), margin)
    frequency = radial_frequencies((padded.shape[0], padded.shape[1]), pixel_size_A)
    slow_removed = apply_transfer(padded, (1.0 - np.exp2(-((frequency * length_A) ** 2))).astype(np.float32))
    inner = crop_margin(slow_removed, margin)
    result: NDArray[np.float32] = (inner - inner.mean(dtype=np.float64) + mean).astype(np.float32)
    return result
