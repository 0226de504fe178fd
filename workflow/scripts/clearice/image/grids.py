"""Frequency grids and Fourier-space resizing."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray


def radial_frequencies(shape: tuple[int, int], pixel_size_A: float = 1.0) -> NDArray[np.float32]:
    """Make the spatial frequency of every coefficient of a real 2D transform.

    Parameters
    ----------
    shape
        Image shape (h, w) in pixels.
    pixel_size_A
        Pixel size in A; with 1.0 the result is in cycles per pixel.

    Returns
    -------
    float32 array (h, w // 2 + 1)
        |g| in 1/A, in the order of ``scipy.fft.rfft2``.
    """
    height, width = shape
    rows = np.fft.fftfreq(height, pixel_size_A).astype(np.float32)
    columns = np.fft.rfftfreq(width, pixel_size_A).astype(np.float32)
    return np.hypot(rows[:, None], columns[None, :])


def apply_transfer(image: NDArray[np.float32], transfer: NDArray[np.float32]) -> NDArray[np.float32]:
    """Multiply the transform of `image` (h, w) by a real `transfer` (h, w // 2 + 1) and come back."""
    spectrum = scipy.fft.rfft2(image)
    spectrum *= transfer
    result: NDArray[np.float32] = scipy.fft.irfft2(spectrum, s=image.shape)
    return result
