"""Match picks with known particles and score the picks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.optimize
import scipy.spatial
from numpy.typing import NDArray


@dataclass(frozen=True)
class Matched:
    """Picks of one micrograph beside its particles, the border left out of both.

    Attributes
    ----------
    scores
        Score of each pick that counts, shape (picks,), highest first.
    correct
        Whether that pick is matched with a particle.
    distances_px
        Distance to its particle, nan where it has none.
    particles
        Number of particles that count.
    """

    scores: NDArray[np.float64]
    correct: NDArray[np.bool_]
    distances_px: NDArray[np.float64]
    particles: int


@dataclass(frozen=True)
class PickScore:
    """Scores of a set of picks.

    Where there is no particle to find, precision, recall and F1 are nan: nothing can be right there, and a
    score of 0 would punish a method that finds nothing as much as one that invents.

    Attributes
    ----------
    precision
        Share of the picks that are particles, 0 to 1.
    recall
        Share of the particles that are picked, 0 to 1.
    f1
        Harmonic mean of the two.
    picks
        Number of picks.
    error_px
        Mean distance of the correct picks to their particles in pixels; nan where there is none.
    """

    precision: float
    recall: float
    f1: float
    picks: int
    error_px: float


def match(picks: NDArray[np.float64], particles: NDArray[np.float64], radius_px: float) -> NDArray[np.intp]:
    """Match picks and particles one to one within a radius, as many and as near as possible.

    The assignment minimises the sum of min(d^2 - r^2, 0) (Hungarian algorithm, as Topaz does).

    Parameters
    ----------
    picks, particles
        Centres (n, 2) and (m, 2) as (y, x) in pixels.
    radius_px
        Largest distance of a match.

    Returns
    -------
    int array (n,)
        Index of the particle of each pick, -1 where it has none.
    """
    partner = np.full(len(picks), -1, dtype=np.intp)
    if len(picks) == 0 or len(particles) == 0:
        return partner
    cost = np.minimum(scipy.spatial.distance.cdist(picks, particles, "sqeuclidean") - radius_px**2, 0.0)
    rows, columns = scipy.optimize.linear_sum_assignment(cost)
    near = cost[rows, columns] < 0.0
    partner[rows[near]] = columns[near]
    return partner


def match_micrograph(
    picks: NDArray[np.float64],
    scores: NDArray[np.float64],
    particles: NDArray[np.float64],
    *,
    shape: tuple[int, int],
    radius_px: float,
    border_px: float,
) -> Matched:
    """Match the picks of one micrograph and leave its border out.

    All are matched first. A particle counts if it lies inside the border; a pick counts if it is matched with
    one that counts, or unmatched and inside. So nobody loses by a particle that is cut off by the border.

    Parameters
    ----------
    picks, scores
        Centres (n, 2) as (y, x) in pixels, and their scores (n,).
    particles
        Known centres (m, 2).
    shape
        Micrograph shape (h, w).
    radius_px
        Largest distance of a match; a quarter of the diameter.
    border_px
        Width of the border that is left out; one particle radius.
    """
    order = np.argsort(-scores, kind="stable")
    picks, scores = picks[order], scores[order]
    partner = match(picks, particles, radius_px)
    particle_counts = inside(particles, shape, border_px)
    matched = partner >= 0
    pick_counts = np.where(
        matched, particle_counts[partner] if len(particles) else False, inside(picks, shape, border_px)
    )
    pick_counts = pick_counts.astype(bool)
    distances = np.full(len(picks), np.nan)
    distances[matched] = np.linalg.norm(picks[matched] - particles[partner[matched]], axis=1)
    return Matched(
        scores[pick_counts], matched[pick_counts], distances[pick_counts], int(particle_counts.sum())
    )


def inside(centres: NDArray[np.float64], shape: tuple[int, int], border_px: float) -> NDArray[np.bool_]:
    """Return which centres (n, 2) lie at least `border_px` from the edges of an image (h, w)."""
    limits = np.array(shape, dtype=np.float64) - 1.0 - border_px
    return np.asarray(((centres >= border_px) & (centres <= limits)).all(axis=1))


def score_picks(micrographs: Sequence[Matched], threshold: float = -np.inf) -> PickScore:
    """Score the picks from a threshold on, pooled over micrographs; picks in an empty one count as wrong."""
    kept = [one.scores >= threshold for one in micrographs]
    correct = sum(int(one.correct[keep].sum()) for one, keep in zip(micrographs, kept, strict=True))
    picks = sum(int(keep.sum()) for keep in kept)
    particles = sum(one.particles for one in micrographs)
    errors = [one.distances_px[keep & one.correct] for one, keep in zip(micrographs, kept, strict=True)]
    error = np.concatenate(errors) if errors else np.empty(0)
    if particles == 0:
        return PickScore(math.nan, math.nan, math.nan, picks, math.nan)
    return PickScore(
        precision=correct / picks if picks else 0.0,
        recall=correct / particles,
        f1=2 * correct / (picks + particles),
        picks=picks,
        error_px=float(error.mean()) if error.size else math.nan,
    )


def best_f1(micrographs: Sequence[Matched]) -> tuple[float, float]:
    """Find the threshold, one for all micrographs, with the highest pooled F1.

    Returns
    -------
    tuple of float
        The F1 and the threshold (0 and inf where there is no pick, nan and inf where there is no particle).
    """
    scores, hits = _pooled(micrographs)
    particles = sum(one.particles for one in micrographs)
    if particles == 0 or scores.size == 0:
        return 0.0 if particles else math.nan, math.inf
    f1 = 2 * hits.cumsum() / (np.arange(1, scores.size + 1) + particles)
    f1[:-1][scores[:-1] == scores[1:]] = -1.0  # a threshold takes all picks of one score
    best = int(np.argmax(f1))
    return float(f1[best]), float(scores[best])


def average_precision(micrographs: Sequence[Matched]) -> float:
    """Sum precision times the rise of recall, highest score first (AP, 0 to 1; nan without particles)."""
    _, hits = _pooled(micrographs)
    particles = sum(one.particles for one in micrographs)
    precision = hits.cumsum() / np.arange(1, hits.size + 1)
    return float((precision * hits).sum() / particles) if particles else math.nan


def random_picks(count: int, shape: tuple[int, int], generator: np.random.Generator) -> NDArray[np.float64]:
    """Draw `count` centres (count, 2) uniformly over an image: the control beside every F1."""
    return generator.uniform(0.0, 1.0, (count, 2)) * (np.array(shape, dtype=np.float64) - 1.0)


def _pooled(micrographs: Sequence[Matched]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sort the picks of all micrographs by score, and mark which are correct (1.0) or not (0.0)."""
    scores = np.concatenate([one.scores for one in micrographs]) if micrographs else np.empty(0)
    correct = np.concatenate([one.correct for one in micrographs]) if micrographs else np.empty(0, dtype=bool)
    order = np.argsort(-scores, kind="stable")
    return scores[order], correct[order].astype(np.float64)
