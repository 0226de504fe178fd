"""The two signal-to-noise ratios of the field, measured on fixed pairs of boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clearice.evaluation.regions import BoxPair, cut_box


@dataclass(frozen=True)
class PairSnr:
    """SNRs of one pair of boxes.

    Attributes
    ----------
    variance_dB
        SNR of variances in dB (NT2C eq. 5).
    mean_dB
        SNR of means in dB (Topaz-Denoise).
    """

    variance_dB: float
    mean_dB: float


def pair_snr(signal: NDArray[np.float32], background: NDArray[np.float32]) -> PairSnr:
    """Measure both SNRs on one pair of regions.

    With s = x_s - mu_b, NT2C (eq. 5) takes the variance of s over that of the background:
    10 log10(v_s / v_b), which is (signal + noise) / noise, so about 0 dB for a raw micrograph. Topaz-Denoise
    takes its squared mean: 10 log10(mu_s^2 / v_b). Neither has a physical meaning, and a mask wins both.

    Parameters
    ----------
    signal, background
        Pixels of the two regions, any shapes.

    Returns
    -------
    PairSnr
        In dB. A ratio beyond +-120 dB (a flat background, a region without signal) is given as +-120.
    """
    mean_background = float(background.mean(dtype=np.float64))
    difference = signal.astype(np.float64) - mean_background
    noise = float(background.var(dtype=np.float64))
    return PairSnr(_in_dB(float(difference.var()), noise), _in_dB(float(difference.mean()) ** 2, noise))


def micrograph_snr(image: NDArray[np.float32], pairs: Sequence[BoxPair]) -> PairSnr:
    """Average both SNRs, in dB, over the pairs of one micrograph (eq. 5 with N pairs).

    Raises
    ------
    ValueError
        There is no pair, or a box leaves the image.
    """
    if not pairs:
        raise ValueError(
            "no pair of regions is given for this micrograph; run choose_regions with its coordinates"
        )
    each = [pair_snr(cut_box(image, pair.signal), cut_box(image, pair.background)) for pair in pairs]
    return PairSnr(
        float(np.mean([one.variance_dB for one in each])), float(np.mean([one.mean_dB for one in each]))
    )


def _in_dB(signal: float, noise: float) -> float:
    """Return 10 log10(signal / noise), held within +-120 dB, 0 dB where both vanish."""
    if signal <= 0.0 and noise <= 0.0:
        return 0.0
    if noise <= signal * 1e-12:
        return 120.0
    if signal <= noise * 1e-12:
        return -120.0
    return float(10.0 * np.log10(signal / noise))
