"""Linear filters: the baselines every denoiser is compared with."""

from __future__ import annotations

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from clearice.image.grids import apply_transfer, radial_frequencies
from clearice.image.padding import Margin, crop_margin, fast_margin, pad_mirrored

Image = NDArray[np.float32]


def lowpass(image: Image, *, pixel_size_A: float, resolution_A: float, edge_fraction: float) -> Image:
    """Keep what is coarser than a resolution, with a cosine edge.

    Parameters
    ----------
    image
        float32 (h, w).
    pixel_size_A
        Pixel size in A.
    resolution_A
        Half of the amplitude is left at 1/resolution_A; must be coarser than Nyquist (2 pixels).
    edge_fraction
        Full width of the cosine edge as a share of the cut-off frequency, 0 to 1.

    Returns
    -------
    float32 (h, w)
        Filtered image; its mean is kept up to the mirrored margin.

    Raises
    ------
    ValueError
        The resolution is finer than the image can hold.
    """
    _check_resolution(resolution_A, pixel_size_A)
    margin = fast_margin(image.shape, resolution_A / pixel_size_A / max(edge_fraction, 0.1))
    padded = pad_mirrored(image, margin)
    frequency = radial_frequencies(padded.shape, pixel_size_A)
    filtered = apply_transfer(padded, _cosine_edge(frequency, 1 / resolution_A, edge_fraction))
    return _crop(filtered, margin)


def bandpass(
    image: Image, *, pixel_size_A: float, coarsest_A: float, finest_A: float, edge_fraction: float
) -> Image:
    """Keep the band between two resolutions (Penczek 2010), and the mean of the image.

    Parameters
    ----------
    image, pixel_size_A, edge_fraction
        As in `lowpass`.
    coarsest_A, finest_A
        Limits of the band; coarsest_A > finest_A. The mean is kept, so that units stay those of the input.

    Raises
    ------
    ValueError
        The band is empty or finer than the image can hold.
    """
    _check_resolution(finest_A, pixel_size_A)
    if coarsest_A <= finest_A:
        raise ValueError(
            f"band-pass from {coarsest_A} to {finest_A} A is empty; coarsest_A must be larger than finest_A"
        )
    mean = float(image.mean(dtype=np.float64))
    margin = fast_margin(image.shape, coarsest_A / pixel_size_A)
    padded = pad_mirrored(image - np.float32(mean), margin)
    frequency = radial_frequencies(padded.shape, pixel_size_A)
    transfer = _cosine_edge(frequency, 1 / finest_A, edge_fraction) - _cosine_edge(
        frequency, 1 / coarsest_A, edge_fraction
    )
    return _crop(apply_transfer(padded, transfer), margin) + np.float32(mean)


def binned(image: Image, *, factor: int) -> Image:
    """Low-pass as binning does: drop all frequencies a `factor` times coarser grid cannot hold.

    This is the "low-pass (2x binning)" of the NT2C paper, returned on the original grid so that it can be
    compared pixel by pixel: a square brick wall at 0.5/factor cycles per pixel.

    Raises
    ------
    ValueError
        The factor is not at least 1, or larger than the image.
    """
    height, width = image.shape
    if not 1 <= factor <= min(height, width) // 2:
        raise ValueError(
            f"binning by {factor} does not fit an image of {height} x {width} pixels; use 2 to 8"
        )
    margin = fast_margin(image.shape, 8.0 * factor)
    padded = pad_mirrored(image, margin)
    rows = np.abs(np.fft.fftfreq(padded.shape[0]))[:, None]
    columns = np.fft.rfftfreq(padded.shape[1])[None, :]
    keep = (rows <= 0.5 / factor) & (columns <= 0.5 / factor)
    return _crop(apply_transfer(padded, keep.astype(np.float32)), margin)


def gaussian(image: Image, *, sigma_px: float, window_px: int) -> Image:
    """Blur with a Gaussian cut to a window.

    NT2C's baseline is sigma 9 in a window of 5, which is nearly a 5 x 5 box mean.

    Parameters
    ----------
    image
        float32 (h, w).
    sigma_px
        Standard deviation in pixels.
    window_px
        Odd side of the window in pixels.

    Raises
    ------
    ValueError
        The window is even or does not fit the image.
    """
    if window_px % 2 == 0 or not 1 <= window_px <= min(image.shape):
        raise ValueError(
            f"gaussian window is {window_px} px, but must be odd and at most {min(image.shape)} px"
        )
    offsets = np.arange(window_px) - window_px // 2
    kernel = np.exp(-0.5 * (offsets / sigma_px) ** 2)
    kernel /= kernel.sum()
    blurred = image.astype(np.float32, copy=False)
    for axis in (0, 1):
        blurred = scipy.ndimage.correlate1d(blurred, kernel, axis=axis, mode="mirror")
    return np.asarray(blurred, dtype=np.float32)


def _cosine_edge(frequency: NDArray[np.float32], cutoff: float, edge_fraction: float) -> NDArray[np.float32]:
    """Go from 1 to 0 around `cutoff` along half a cosine of full width edge_fraction * cutoff."""
    width = max(edge_fraction * cutoff, 1e-9)
    position = np.clip((frequency - cutoff) / width, -0.5, 0.5)
    edge: NDArray[np.float32] = (0.5 - 0.5 * np.sin(np.pi * position)).astype(np.float32)
    return edge


def _check_resolution(resolution_A: float, pixel_size_A: float) -> None:
    """Refuse a cut-off beyond Nyquist, where a filter would do nothing."""
    if pixel_size_A <= 0:
        raise ValueError(
            "the image has no pixel size; give pixel_size_A in the datasets table and remake the sums"
        )
    if resolution_A < 2 * pixel_size_A:
        raise ValueError(
            f"a cut-off of {resolution_A} A is finer than Nyquist ({2 * pixel_size_A:g} A at {pixel_size_A:g} A/px); "
            "give a coarser one"
        )


def _crop(image: Image, margin: Margin) -> Image:
    """Cut the mirrored margin off into an array of its own."""
    return np.ascontiguousarray(crop_margin(image, margin), dtype=np.float32)
