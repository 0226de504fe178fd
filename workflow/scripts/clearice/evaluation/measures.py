"""All numbers of one micrograph, by the names under which tables and reports show them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clearice.evaluation.fidelity import fidelity
from clearice.evaluation.independent import agreement, agreement_sums
from clearice.evaluation.matching import Matched, PickScore, match_micrograph, random_picks, score_picks
from clearice.evaluation.regions import BoxPair
from clearice.evaluation.snr import micrograph_snr
from clearice.evaluation.trust import null_sd, residual_correlation

Image = NDArray[np.float32]


@dataclass(frozen=True)
class Band:
    """Where images are compared: `coarsest_A` to `finest_A`; rings of `ring_px`, of `frc_ring_px` for crossings."""

    coarsest_A: float
    finest_A: float
    ring_px: float
    frc_ring_px: float


def measure_snr(denoised: Image, pairs: list[BoxPair]) -> dict[str, float]:
    """Measure both SNRs of the field; neither has a physical meaning, and a mask wins both."""
    snr = micrograph_snr(denoised, pairs)
    return {"eq5_snr_dB": snr.variance_dB, "topaz_snr_dB": snr.mean_dB}


def measure_fidelity(
    denoised: Image, raw: Image, truth: Image, pixel_size_A: float, band: Band
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
    denoised: Image, raw: Image, independent: Image, other: Image | None, pixel_size_A: float, band: Band
) -> dict[str, float]:
    """Measure agreement with an independent exposure, and with another field's as the control.

    Without another field of this shape the two numbers of the control are nan, so that a table shows the gap.
    """
    limits = {"pixel_size_A": pixel_size_A, "coarsest_A": band.coarsest_A, "finest_A": band.finest_A}
    wide = agreement_sums(denoised, independent, band.frc_ring_px)
    here = agreement(agreement_sums(denoised, independent, band.ring_px), wide, **limits)
    measured = {
        "independent_r": here.correlation,
        "independent_explained": here.explained,
        "independent_frc_0.143_A": here.frc_A,
        "residual_r_independent": residual_correlation(raw, denoised, independent),
    }
    if other is None:
        return measured | {"other_r": math.nan, "other_explained": math.nan}
    there = agreement(agreement_sums(denoised, other, band.ring_px), wide, **limits)
    return measured | {"other_r": there.correlation, "other_explained": there.explained}


def measure_null(denoised_noise: Image, denoised: Image) -> dict[str, float]:
    """Measure what a method makes of pure noise (0 is best)."""
    return {"null_sd": null_sd(denoised_noise, denoised)}


def measure_picks(
    centres: NDArray[np.float64],
    scores: NDArray[np.float64],
    particles: NDArray[np.float64],
    *,
    shape: tuple[int, int],
    diameter_px: float,
    threshold: float,
    generator: np.random.Generator,
) -> tuple[dict[str, float], Matched]:
    """Measure the picks of one micrograph at the picker's own threshold, and as many random picks beside them.

    Parameters
    ----------
    centres, scores
        All candidates (n, 2) as (y, x) in pixels, and (n,).
    particles
        Known centres (m, 2).
    shape, diameter_px
        Micrograph shape, and particle diameter: matches lie within a quarter, the border of half of it is left out.
    threshold
        What a candidate must reach to be a pick.
    generator
        Draws the random picks.

    Returns
    -------
    tuple
        The numbers (nan where there is no particle to find, but for the number of picks), and the matched
        candidates for thresholds that several micrographs share.
    """
    limits = {"radius_px": diameter_px / 4, "border_px": diameter_px / 2}
    accepted = scores >= threshold
    picked = match_micrograph(centres[accepted], scores[accepted], particles, shape=shape, **limits)
    chance = random_picks(int(accepted.sum()), shape, generator)
    guessed = match_micrograph(chance, np.ones(len(chance)), particles, shape=shape, **limits)
    score = score_picks([picked])
    measured = _named(score) | {"random_f1": score_picks([guessed]).f1}
    return measured, match_micrograph(centres, scores, particles, shape=shape, **limits)


def _named(score: PickScore) -> dict[str, float]:
    """Name the numbers of a set of picks."""
    return {
        "precision": score.precision,
        "recall": score.recall,
        "f1": score.f1,
        "picks": float(score.picks),
        "error_px": score.error_px,
    }
