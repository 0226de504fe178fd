"""How many picks are false, from what the same picker finds in pure noise (target and decoy).

Candidates of real micrographs are the targets, those of denoised pure noise the decoys. At a threshold t

    false(t) = (1 + D(t)) A / A_d exp(-S(t) / A),  S(t) = max(T(t) - (1 + D(t)) A / A_d, 0)
    q(t) = min over u <= t of false(u) / T(u)

with T and D the targets and decoys that reach t, and A and A_d the areas in which they were sought, in units of the disc of
a particle's diameter. The 1 makes the estimate hold for few decoys too (Barber and Candes 2015; He, Fu, Wang and
Li 2015 for target and decoy): without particles, the chance that anything at all is picked is at most the rate.
The exponential is the share of the field that S particles laid at random leave free: where a particle is, no
maximum of noise is found. The rate covers noise only: dirt, carbon and ice are in no decoy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import scipy.special
from numpy.typing import NDArray

UPPER = 0.95
"""Confidence of the upper limits, which follow from the number of decoys alone (Poisson)."""

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Search:
    """What a picker found in some images, and how far it looked.

    Attributes
    ----------
    scores
        (n,) of every candidate, higher is better; those of weak ones must be there too.
    area
        Area that was searched, in units of the disc of a particle's diameter.
    """

    scores: Scores
    area: float


@dataclass(frozen=True)
class Evidence:
    """What is known of the candidates that reach a threshold.

    Attributes
    ----------
    picks
        Their number.
    decoys
        Number of decoys that reach it.
    expected_false
        Expected number of false ones, without the 1 of the module's equation.
    expected_false_high
        Its upper limit, with confidence `UPPER`.
    """

    picks: int
    decoys: int
    expected_false: float
    expected_false_high: float


def area_in_discs(shape: tuple[int, ...], diameter_px: float) -> float:
    """Return the area of an image (h, w) in units of the disc of a particle's diameter."""
    return math.prod(shape) / (math.pi * (diameter_px / 2) ** 2)


def pooled(searches: Iterable[Search]) -> Search:
    """Join what was found in several images."""
    listed = list(searches)
    scores = [one.scores for one in listed]
    return Search(np.concatenate(scores) if scores else np.empty(0), sum(one.area for one in listed))


def q_values(targets: Search, decoys: Search) -> Scores:
    """Estimate for every candidate the share of false ones among all that are at least as good.

    Parameters
    ----------
    targets, decoys
        What the picker found in micrographs, and in pure noise that was denoised and searched in the same way.

    Returns
    -------
    array (n,)
        0 to 1, in the order of the targets: never lower for a lower score, and equal for equal scores.

    Raises
    ------
    ValueError
        No noise was searched, no area is given, or a score is no finite number.
    """
    return _monotone(targets, decoys, lambda reached: reached + 1.0)


def q_values_high(targets: Search, decoys: Search) -> Scores:
    """Estimate the upper limit of every q-value that so few decoys leave open (confidence `UPPER`).

    Parameters, errors and the order are those of `q_values`, which is never above it.
    """
    return np.maximum(_monotone(targets, decoys, _upper), q_values(targets, decoys))


def threshold_of(scores: Scores, q: Scores, rate: float) -> float:
    """Return the lowest score whose q-value is at most a rate; inf where there is none."""
    taken = scores[q <= rate]
    return float(taken.min()) if taken.size else math.inf


def evidence_at(threshold: float, targets: Search, decoys: Search) -> Evidence:
    """Count what reaches a threshold, and estimate how many of the picks are false.

    Raises
    ------
    ValueError
        As for `q_values`.
    """
    _check(targets, decoys)
    limit = np.array([threshold])
    picks, reached = _reaching(targets.scores, limit), _reaching(decoys.scores, limit)
    expected, high = (
        float(np.minimum(_false(picks, count, targets.area / decoys.area, targets.area), picks)[0])
        for count in (reached, _upper(reached))
    )
    return Evidence(int(picks[0]), int(reached[0]), expected, max(expected, high))


def _monotone(targets: Search, decoys: Search, corrected: Callable[[Scores], Scores]) -> Scores:
    """Estimate the share of false ones at every score, with a correction of the number of decoys."""
    _check(targets, decoys)
    levels, level_of = np.unique(targets.scores, return_inverse=True)
    picks = _reaching(targets.scores, levels)
    counts = corrected(_reaching(decoys.scores, levels))
    share = _false(picks, counts, targets.area / decoys.area, targets.area) / picks
    lowest: Scores = np.minimum(np.minimum.accumulate(share), 1.0)[level_of]
    return lowest


def _reaching(scores: Scores, levels: Scores) -> Scores:
    """Count the scores that are at least as high as each level."""
    return (scores.size - np.searchsorted(np.sort(scores), levels, side="left")).astype(np.float64)


def _false(picks: Scores, decoys: Scores, ratio: float, area: float) -> Scores:
    """Scale a number of decoys to the area of the targets that no particle takes."""
    false = decoys * ratio
    return false * np.exp(-np.maximum(picks - false, 0.0) / area)


def _upper(decoys: Scores) -> Scores:
    """Return the highest mean number that leaves a chance of 1 - `UPPER` for so few decoys."""
    return np.asarray(scipy.special.gammaincinv(decoys + 1.0, UPPER), dtype=np.float64)


def _check(targets: Search, decoys: Search) -> None:
    """Refuse what has no false discovery rate."""
    if not decoys.area > 0:
        raise ValueError(
            "no pure noise was picked, so no false discovery rate can be estimated; "
            "see why in the manifests of the batches n0001, or set picking.fdr to null for the picker's own threshold"
        )
    if not targets.area > 0:
        raise ValueError(
            "no micrograph was picked, so there is nothing to estimate a false discovery rate of"
        )
    for what, found in (("candidate", targets), ("decoy", decoys)):
        bad = int((~np.isfinite(found.scores)).sum())
        if bad:
            raise ValueError(
                f"{bad} of {found.scores.size} {what} scores are no finite numbers; make the picks of that batch again"
            )
