"""Fidelity to a known truth: only on simulated micrographs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clearice.evaluation.resolution import resolution_or_coarsest_A
from clearice.image.rings import band_correlation, explained_variance, ring_correlation, ring_sums
from clearice.image.similarity import affine_fit, mse, psnr_dB, ssim


@dataclass(frozen=True)
class Fidelity:
    """What a denoised image has of its clean truth.

    Attributes
    ----------
    mse_of_variance
        Mean squared error over the truth's variance (1 is what a flat image reaches).
    psnr_dB
        Peak signal-to-noise ratio in dB, with the truth's range (maximum minus minimum) as the peak.
    ssim
        Structural similarity with the same range.
    frc_0500_A
        Resolution in A where the ring correlation with truth falls below 0.5; that of the first ring where it
        begins below.
    frc_0143_A
        Likewise for 0.143.
    correlation
        Pearson's r up to the Nyquist frequency.
    explained
        Share of the truth's variance explained after the best gain per ring.
    """

    mse_of_variance: float
    psnr_dB: float
    ssim: float
    frc_0500_A: float
    frc_0143_A: float
    correlation: float
    explained: float


def fidelity(
    denoised: NDArray[np.float32], truth: NDArray[np.float32], pixel_size_A: float, ring_width_px: float
) -> Fidelity:
    """Compare a denoised image with its truth after the best scale and offset.

    Parameters
    ----------
    denoised
        Image (h, w), any scale and offset: both are fitted by least squares first.
    truth
        Clean image (h, w).
    pixel_size_A
        Pixel size in A.
    ring_width_px
        Width of a Fourier ring for the correlations.

    Raises
    ------
    ValueError
        The shapes differ, or the truth is flat (an empty field has no fidelity).
    """
    data_range = float(np.ptp(truth))
    if not data_range > 0:
        raise ValueError(
            "the clean image is flat, so nothing can be compared with it; leave empty fields out"
        )
    scale, offset = affine_fit(denoised, truth)
    fitted = (scale * denoised.astype(np.float64) + offset).astype(np.float32)
    sums = ring_sums(denoised, truth, ring_width_px)
    curve, frequency = ring_correlation(sums)[1:], sums.frequency[1:]
    return Fidelity(
        mse_of_variance=mse(fitted, truth) / float(truth.var(dtype=np.float64)),
        psnr_dB=psnr_dB(fitted, truth, data_range),
        ssim=ssim(fitted, truth, data_range),
        frc_0500_A=resolution_or_coarsest_A(frequency, curve, 0.5, pixel_size_A),
        frc_0143_A=resolution_or_coarsest_A(frequency, curve, 0.143, pixel_size_A),
        correlation=band_correlation(sums),
        explained=explained_variance(sums),
    )
