"""The numbers of a micrograph's picks, under the names that tables and reports show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clearice.picking.matching import Matched, PickScore, inside, match_micrograph, random_picks, score_picks


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
    """Measure the picks of one micrograph, those that reach a threshold, and as many random picks.

    Parameters
    ----------
    centres, scores
        All candidates (n, 2) as (y, x) in pixels, and (n,).
    particles
        Known centres (m, 2).
    shape, diameter_px
        Micrograph shape, and particle diameter: matches lie within a quarter, the border of half of it is
        left out.
    threshold
        What a candidate must reach to be a pick.
    generator
        Draws the random picks.

    Returns
    -------
    dict of float
        precision, recall, f1, picks, error_px and random_f1: nan where there is no particle to find, but for
        the number of picks.
    Matched
        All candidates, for thresholds that several micrographs share.
    """
    limits = {"radius_px": diameter_px / 4, "border_px": diameter_px / 2}
    accepted = scores >= threshold
    picked = match_micrograph(centres[accepted], scores[accepted], particles, shape=shape, **limits)
    chance = random_picks(int(accepted.sum()), shape, generator)
    guessed = match_micrograph(chance, np.ones(len(chance)), particles, shape=shape, **limits)
    score = score_picks([picked])
    measured = _named(score) | {"random_f1": score_picks([guessed]).f1}
    return measured, match_micrograph(centres, scores, particles, shape=shape, **limits)


def picks_in_noise(
    centres: NDArray[np.float64],
    scores: NDArray[np.float64],
    shape: tuple[int, int],
    border_px: float,
    thresholds: Sequence[float],
) -> float:
    """Count what a picker finds where no particle is, at the median of its thresholds where some are.

    That place is denoised pure noise, or an empty simulated field. A threshold of its own would always find
    some: Otsu's parts any set of maxima in two.

    Parameters
    ----------
    centres, scores
        All candidates in it: (n, 2) as (y, x) in pixels, and (n,), in the scale of those among particles.
    shape
        Image shape (h, w).
    border_px
        Width of the border that is left out, as in `matching`.
    thresholds
        The picker's threshold on each micrograph with particles that was denoised in the same way.

    Returns
    -------
    float
        Number of invented particles, 0 at best.

    Raises
    ------
    ValueError
        There is no threshold.
    """
    if not thresholds:
        raise ValueError(
            "no real micrograph was picked, so noise has no threshold; pick the real batch first"
        )
    return float((inside(centres, shape, border_px) & (scores >= np.median(thresholds))).sum())


def _named(score: PickScore) -> dict[str, float]:
    """List the scores of a set of picks by name."""
    return {
        "precision": score.precision,
        "recall": score.recall,
        "f1": score.f1,
        "picks": float(score.picks),
        "error_px": score.error_px,
    }
