"""Change the number of pixels of an image in Fourier space: the mean stays, and so does all that fits."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray


def fourier_bin(image: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Bin an image by a whole factor by cropping its transform.

    Parameters
    ----------
    image
        Image (h, w). Rows and columns at the far edges that do not fill a whole new pixel are dropped first,
        so that the new pixel size is exactly `factor` times the old.
    factor
        1 (no binning) or more.

    Returns
    -------
    float32 array (h // factor, w // factor)

    Raises
    ------
    ValueError
        The factor is smaller than 1, or leaves less than 2 x 2 pixels.
    """
    if factor < 1:
        raise ValueError(f"binning by {factor} is not possible; use a whole number from 1 on")
    if factor == 1:
        return image.astype(np.float32, copy=False)
    height, width = (side // factor for side in image.shape)
    if min(height, width) < 2:
        raise ValueError(
            f"binning an image of {image.shape[0]} x {image.shape[1]} pixels by {factor} leaves nothing; "
            "use a smaller factor"
        )
    return fourier_resample(image[: height * factor, : width * factor], (height, width))


def fourier_resample(image: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Resample an image to another shape by cropping or zero-padding its transform.

    The image is taken as one period of a periodic function, sampled anew from the same origin. An image
    that is band-limited to the smaller of the two shapes survives the way there and back.

    Parameters
    ----------
    image
        Image (h, w).
    shape
        New shape (h, w); each side may grow or shrink.

    Returns
    -------
    float32 array of the new shape, of the same mean

    Raises
    ------
    ValueError
        A new side is smaller than 1.
    """
    if min(shape) < 1:
        raise ValueError(f"an image cannot have the shape {shape}; each side is at least 1")
    order = (1, 0) if shape[1] <= image.shape[1] else (0, 1)  # the axis that shrinks first saves work
    for axis in order:
        image = _resample_axis(image, shape[axis], axis)
    return np.ascontiguousarray(image, dtype=np.float32)


def _resample_axis(image: NDArray[np.float32], size: int, axis: int) -> NDArray[np.float32]:
    """Resample one axis.

    With an even number of samples the coefficient at the Nyquist frequency stands for that of both signs: it
    is halved on the way up and doubled on the way down, so that a cosine there keeps its amplitude.
    """
    before = image.shape[axis]
    if size == before:
        return image
    spectrum = scipy.fft.rfft(image, axis=axis)
    smaller = min(size, before)
    along = [slice(None), slice(None)]
    along[axis] = slice(0, smaller // 2 + 1)
    kept = np.array(spectrum[tuple(along)])
    kept *= np.float32(size / before)
    if smaller % 2 == 0:
        along[axis] = slice(smaller // 2, smaller // 2 + 1)
        kept[tuple(along)] *= 2.0 if size < before else 0.5
    resampled: NDArray[np.float32] = scipy.fft.irfft(kept, n=size, axis=axis)
    return resampled
