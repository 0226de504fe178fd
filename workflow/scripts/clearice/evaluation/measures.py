"""All numbers of one micrograph, by the names under which tables and reports show them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from clearice.config.evaluation import ScoreSettings
from clearice.evaluation.agreement import agreement, agreement_sums
from clearice.evaluation.fidelity import fidelity
from clearice.evaluation.null_test import null_sd, residual_correlation
from clearice.evaluation.regions import BoxPair
from clearice.evaluation.snr import micrograph_snr

Image = NDArray[np.float32]


def measure_snr(denoised: Image, pairs: list[BoxPair]) -> dict[str, float]:
    """Measure both SNRs of the field; neither has a physical meaning, and a mask wins both."""
    snr = micrograph_snr(denoised, pairs)
    return {"eq5_snr_dB": snr.variance_dB, "topaz_snr_dB": snr.mean_dB}


def measure_fidelity(
    denoised: Image, raw: Image, truth: Image, pixel_size_A: float, band: ScoreSettings
) -> dict[str, float]:
    """Measure fidelity to a clean simulated truth, and the truth left in the residual."""
    found = fidelity(denoised, truth, pixel_size_A, band.frc_ring_px)
    return {
        "truth_psnr_dB": found.psnr_dB,
        "truth_ssim": found.ssim,
        "truth_mse": found.mse_of_variance,
        "truth_r": found.correlation,
        "truth_explained": found.explained,
        "truth_frc_0.5_A": found.frc_0500_A,
        "truth_frc_0.143_A": found.frc_0143_A,
        "residual_r_truth": residual_correlation(raw, denoised, truth),
    }


def measure_agreement(
    denoised: Image,
    raw: Image,
    second_exposure: Image,
    other: Image | None,
    pixel_size_A: float,
    band: ScoreSettings,
) -> dict[str, float]:
    """Measure agreement with an independent exposure, and with another field's as the control.

    Without another field of this shape the two numbers of the control are nan, so that a table shows the gap.
    """
    limits = {"pixel_size_A": pixel_size_A, "coarsest_A": band.coarsest_A, "finest_A": band.finest_A}
    wide = agreement_sums(denoised, second_exposure, band.frc_ring_px)
    here = agreement(agreement_sums(denoised, second_exposure, band.ring_px), wide, **limits)
    measured = {
        "second_exposure_r": here.correlation,
        "second_exposure_explained": here.explained,
        "second_exposure_frc_0.143_A": here.frc_A,
        "residual_r_second_exposure": residual_correlation(raw, denoised, second_exposure),
    }
    if other is None:
        return measured | {"other_r": math.nan, "other_explained": math.nan}
    there = agreement(agreement_sums(denoised, other, band.ring_px), wide, **limits)
    return measured | {"other_r": there.correlation, "other_explained": there.explained}


def measure_null(denoised_noise: Image, denoised: Image) -> dict[str, float]:
    """Measure what a method makes of pure noise (0 is best)."""
    return {"null_sd": null_sd(denoised_noise, denoised)}
