"""Transforms of BM3D: of a patch (bior1.5, DCT), along a group (Haar), its window, and what noise becomes in them."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from clearice.image.spectra import Spectrum

Matrix = NDArray[np.float64]

# The analysis low-pass of the spline wavelet bior1.5 is these numbers / 128 sqrt(2) (Cohen, Daubechies & Feauveau 1992).
BIOR15_LOWPASS = np.array([3, -3, -22, 22, 128, 128, 22, -22, -3, 3]) / (128 * np.sqrt(2))
SPECTRUM_PX = 128  # side of the grid that a basis function's spectrum is taken on


def bior15_matrix(length: int) -> Matrix:
    """Make the periodic bior1.5 wavelet transform of a power of two, down to one mean, each row of norm 1.

    Returns
    -------
    float64 array (length, length)
        White noise of sd 1 has sd 1 in every coefficient. The way back is the inverse matrix: it is not orthogonal.
    """
    transform = np.eye(length)
    kept = length
    while kept > 1:
        step = np.zeros((kept, kept))
        for index in range(kept // 2):
            for tap, value in enumerate(BIOR15_LOWPASS):
                step[index, (2 * index + tap - 4) % kept] += value
            step[kept // 2 + index, [2 * index, 2 * index + 1]] = np.array([1, -1]) / np.sqrt(2)
        transform[:kept] = step @ transform[:kept]
        kept //= 2
    normal: Matrix = transform / np.linalg.norm(transform, axis=1, keepdims=True)
    return normal


def dct_matrix(length: int) -> Matrix:
    """Make the orthonormal discrete cosine transform (DCT-II), float64 (length, length)."""
    matrix: Matrix = scipy.fft.dct(np.eye(length), axis=0, norm="ortho")
    return matrix


def haar_matrix(length: int) -> Matrix:
    """Make the orthonormal Haar transform of a power of two, the mean first, float64 (length, length)."""
    matrix = np.ones((1, 1))
    while len(matrix) < length:
        means, differences = np.kron(matrix, [1, 1]), np.kron(np.eye(len(matrix)), [1, -1])
        matrix = np.vstack([means, differences]) / np.sqrt(2)
    return matrix


def kaiser_window(length: int, beta: float) -> Matrix:
    """Make the Kaiser window (length, length) that patches are weighted with; beta 0 is flat."""
    line = np.kaiser(length, beta)
    return np.outer(line, line)


def coefficient_variances(transform: Matrix, power: Matrix) -> NDArray[np.float64]:
    """Compute the variance of stationary noise in each coefficient of a patch's transform.

    The integral of the noise's power times the squared spectrum of the basis function (as Makinen et al. 2020):
    for white noise and rows of norm 1 the variance of a pixel.

    Parameters
    ----------
    transform
        Of one side of a patch (p, p); a patch's transform is its product with itself.
    power
        Power spectrum of the noise (n, n), in the order of ``scipy.fft.fft2``, white noise of variance v having v
        everywhere; n at least p.

    Returns
    -------
    float64 array (p * p,)

    Raises
    ------
    ValueError
        A power is negative or not finite, or all are 0.
    """
    if not np.isfinite(power).all() or power.min() < 0 or power.max() == 0:
        raise ValueError(
            f"the noise's power spectrum goes from {power.min():.3g} to {power.max():.3g}, but it must be finite, "
            "nowhere negative and not 0 throughout; measure the noise in other places"
        )
    lines = np.abs(scipy.fft.fft(transform, len(power), axis=1)) ** 2
    variances: NDArray[np.float64] = (lines @ power @ lines.T / power.size).ravel()
    return variances


def noise_similarity(
    transform: Matrix, power: Matrix, weights: NDArray[np.float64], window_px: int
) -> NDArray[np.float64]:
    """Compute by how much noise alone makes patches at every shift more alike than patches far apart.

    The squared distance of two patches of noise, each coefficient weighted, is on average 2 A(0) - 2 A(shift),
    with A the sum of the coefficients' autocorrelations (the idea of Makinen et al. 2020): 2 A is what a near
    patch must be handed back for the comparison to be fair.

    Parameters
    ----------
    transform, power
        As in `coefficient_variances`.
    weights
        Weight of every coefficient's square (p * p,).
    window_px
        Odd side of the window of shifts.

    Returns
    -------
    float64 array (window_px, window_px)
        2 A, the shift 0 in the middle. Shifts beyond the half of the grid count as far apart.
    """
    side, patch = len(power), len(transform)
    lines = np.abs(scipy.fft.fft(transform, side, axis=1)) ** 2
    curve = power * (lines.T @ weights.reshape(patch, patch) @ lines)
    line = np.arange(window_px) - window_px // 2
    near = (np.abs(line)[:, None] < side // 2) & (np.abs(line)[None, :] < side // 2)
    found: Matrix = 2 * scipy.fft.ifft2(curve).real[np.ix_(line % side, line % side)] * near
    return found


def power_on_grid(spectrum: Spectrum, scale: float = 1.0, side: int = SPECTRUM_PX) -> Matrix:
    """Spread a radial spectrum over a square grid, for an image resampled to a coarser pixel size.

    Parameters
    ----------
    spectrum
        Measured at the finer pixel size; constant beyond its ends.
    scale
        Coarser pixel size over the finer one. Cropping in Fourier space keeps an image's values, so the power per
        pixel falls by its square.
    side
        Side of the grid.
    """
    line = np.fft.fftfreq(side)
    frequency = np.hypot(line[:, None], line[None, :]) / scale
    power: Matrix = np.interp(frequency, spectrum.frequency, spectrum.power) / scale**2
    return power
