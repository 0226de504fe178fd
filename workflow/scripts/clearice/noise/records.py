"""What tables say of noise patches and of re-weighted pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clearice.noise.background import Background
from clearice.noise.weighted_pairs import DrawnPair

POSITION_COLUMNS = ("micrograph", "y_px", "x_px", "lowest_ssim", "largest_local_sd_255")
SEARCH_COLUMNS = (
    "micrograph", "patches", "searched", "excluded", "best_refused_ssim", "guide_at_0", "guide_at_1",
    "mean", "sd",
)  # fmt: skip
WEIGHT_COLUMNS = (
    "micrograph", "pair", "y_px", "x_px", "draw", "field", "signal_scale",
    "alpha", "beta", "gamma", "noise_gain", "noise_sd", "reference_noise_sd", "signal_sd",
)  # fmt: skip

Row = dict[str, object]


def position_rows(name: str, found: Background) -> list[Row]:
    """Describe every patch of a micrograph: its corner in pixels of the stack, and how flat its guide is."""
    measured = zip(found.corners, found.similarities, found.deviations_255, strict=True)
    rows = [
        (name, int(y), int(x), f"{similarity:.4f}", f"{deviation:.3f}")
        for (y, x), similarity, deviation in measured
    ]
    return [dict(zip(POSITION_COLUMNS, row, strict=True)) for row in rows]


def search_row(name: str, found: Background, patches: NDArray[np.float32]) -> Row:
    """Describe how a micrograph was searched, and its patches (n, d, d) as a whole."""
    mean, sd = (patches.mean(), patches.std()) if len(patches) else (float("nan"), float("nan"))
    values = (
        name, len(patches), found.searched, found.excluded, f"{found.best_refused:.4f}", f"{found.low:.6g}",
        f"{found.high:.6g}", f"{mean:.6g}", f"{sd:.6g}",
    )  # fmt: skip
    return dict(zip(SEARCH_COLUMNS, values, strict=True))


def weight_row(micrograph: str, index: int, one: DrawnPair) -> Row:
    """Describe a re-weighted pair: where it was cut, what was drawn for it, and its coefficients."""
    pair, weights = one.pair, one.pair.weights
    numbers = (
        one.signal_scale, weights.alpha, weights.beta, weights.gamma, pair.noise_gain, pair.noise_sd,
        pair.reference_noise_sd, float(pair.clean.std(dtype=np.float64)),
    )  # fmt: skip
    drawn = (micrograph, index, one.corner[0], one.corner[1], one.draw, one.field)
    return dict(zip(WEIGHT_COLUMNS, (*drawn, *(f"{value:.6g}" for value in numbers)), strict=True))
