"""Matching picks with particles: perfect, shifted, random, and where greedy matching fails."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from clearice.picking.matching import (
    Matched,
    average_precision,
    best_f1,
    match,
    match_micrograph,
    random_picks,
    score_picks,
)

SHAPE = (1000, 1200)


def particles(count: int = 150, seed: int = 0) -> NDArray[np.float64]:
    grid = np.array([[y, x] for y in range(40, 980, 80) for x in range(40, 1180, 80)], dtype=float)
    generator = np.random.default_rng(seed)
    return generator.permutation(grid)[:count] + generator.uniform(-5, 5, (count, 2))


def matched(picks: NDArray[np.float64], scores: NDArray[np.float64] | None = None) -> Matched:
    scores = np.ones(len(picks)) if scores is None else scores
    return match_micrograph(picks, scores, particles(), shape=SHAPE, radius_px=20, border_px=40)


def test_perfect_picks_score_one_in_everything() -> None:
    found = matched(np.random.default_rng(1).permutation(particles()))
    score = score_picks([found])
    assert (score.precision, score.recall, score.f1, score.error_px) == (1, 1, 1, 0)
    assert average_precision([found]) == 1
    assert best_f1([found])[0] == 1


def test_shifted_picks_match_within_the_radius_only() -> None:
    near = score_picks([matched(particles() + np.array([12, -15]))])
    assert near.f1 == 1
    assert near.error_px == pytest.approx(np.hypot(12, 15))
    assert score_picks([matched(particles() + np.array([0, 21]))]).f1 == 0


def test_half_of_the_particles_is_half_the_recall() -> None:
    inner = particles()[((particles() >= 40) & (particles() <= np.array(SHAPE) - 41)).all(axis=1)]
    score = score_picks([matched(inner[::2])])
    assert score.precision == 1
    assert score.recall == pytest.approx(0.5, abs=0.01)


def test_one_particle_takes_one_pick() -> None:
    inner = particles()[((particles() >= 43) & (particles() <= np.array(SHAPE) - 44)).all(axis=1)]
    assert score_picks([matched(np.concatenate([inner, inner + 3.0]))]).precision == 0.5


def test_the_best_assignment_beats_the_greedy_one() -> None:
    """The first pick is nearest to B, but only B is in reach of the second."""
    known = np.array([[0.0, 0.0], [0.0, 18.0]])
    picks = np.array([[0.0, 10.0], [0.0, 30.0]])
    nearest_first = int(np.argmin(np.abs(known[:, 1] - picks[0, 1])))
    assert nearest_first == 1, "greedy would spend B on the first pick and leave the second without"
    assert match(picks, known, 15.0).tolist() == [0, 1]


def test_nothing_matches_nothing() -> None:
    empty = np.empty((0, 2))
    assert match(empty, particles(), 20).size == 0
    assert match(particles(3), empty, 20).tolist() == [-1, -1, -1]
    score = score_picks(
        [match_micrograph(empty, np.empty(0), empty, shape=SHAPE, radius_px=20, border_px=40)]
    )
    assert (np.isnan(score.f1), score.picks) == (True, 0)
    assert np.isnan(average_precision([]))
    f1, threshold = best_f1([])
    assert np.isnan(f1) and threshold == float("inf")


def test_an_empty_field_has_no_score_whatever_is_picked_in_it() -> None:
    empty = np.empty((0, 2))
    for picks in (empty, particles(7)):
        found = match_micrograph(picks, np.ones(len(picks)), empty, shape=SHAPE, radius_px=20, border_px=40)
        score = score_picks([found])
        assert np.isnan([score.precision, score.recall, score.f1, average_precision([found])]).all()
        assert score.picks == len(found.scores)


def test_finding_nothing_where_something_is_scores_zero_and_is_not_left_out() -> None:
    score = score_picks([matched(np.empty((0, 2)))])
    assert (score.precision, score.recall, score.f1) == (0, 0, 0)
    assert average_precision([matched(np.empty((0, 2)))]) == 0
    assert best_f1([matched(np.empty((0, 2)))]) == (0, float("inf"))


def test_pooled_with_others_an_empty_field_costs_what_is_invented_in_it() -> None:
    """30 wrong picks beside 150 right ones; without them the empty field changes nothing."""
    full = matched(particles())
    quiet = Matched(np.empty(0), np.empty(0, bool), np.empty(0), 0)
    loud = Matched(np.ones(30), np.zeros(30, bool), np.full(30, np.nan), 0)
    assert score_picks([full, quiet]).f1 == 1
    assert score_picks([full, loud]).precision == pytest.approx(full.particles / (full.particles + 30))
    assert best_f1([full, loud])[0] < 1


def test_the_border_counts_for_nobody() -> None:
    known = np.array([[500.0, 600.0], [10.0, 600.0]])
    outside = np.array([[500.0, 600.0], [10.0, 600.0], [985.0, 30.0]])
    found = match_micrograph(outside, np.ones(3), known, shape=SHAPE, radius_px=20, border_px=40)
    assert (found.particles, found.correct.tolist()) == (1, [True])


def test_a_pick_just_outside_the_border_still_finds_its_particle_inside() -> None:
    found = match_micrograph(
        np.array([[36.0, 600.0]]),
        np.ones(1),
        np.array([[44.0, 600.0]]),
        shape=SHAPE,
        radius_px=20,
        border_px=40,
    )
    assert score_picks([found]).f1 == 1


def test_random_picks_score_as_chance_predicts() -> None:
    """Each of n particles is hit with the chance that at least one of n uniform picks is in its circle."""
    found = [matched(random_picks(150, SHAPE, np.random.default_rng(seed))) for seed in range(40)]
    expected = 1 - (1 - np.pi * 20**2 / (SHAPE[0] * SHAPE[1])) ** 150
    assert score_picks(found).recall == pytest.approx(expected, abs=0.02)


def test_the_best_threshold_parts_good_from_bad_scores() -> None:
    bad = random_picks(150, SHAPE, np.random.default_rng(5))
    picks = np.concatenate([bad, particles()])
    scores = np.concatenate([np.linspace(0, 1, 150), np.linspace(2, 3, 150)])
    found = matched(picks, scores)
    f1, threshold = best_f1([found])
    assert f1 > 0.99
    assert 1 < threshold <= 2.1
    assert score_picks([found], threshold).f1 == pytest.approx(f1)


def test_equal_scores_stand_or_fall_together() -> None:
    picks = np.concatenate([particles(), random_picks(150, SHAPE, np.random.default_rng(6))])
    found = matched(picks)
    assert best_f1([found])[0] == pytest.approx(score_picks([found]).f1)


def test_average_precision_of_a_known_order() -> None:
    """Right, wrong, right of 4 particles: (1/1 + 2/3) / 4."""
    found = Matched(np.array([3.0, 2, 1]), np.array([True, False, True]), np.array([0.0, np.nan, 0]), 4)
    assert average_precision([found]) == pytest.approx((1 + 2 / 3) / 4)


def test_micrographs_are_pooled_not_averaged() -> None:
    one = Matched(np.ones(1), np.array([True]), np.zeros(1), 1)
    many = Matched(np.ones(9), np.zeros(9, bool), np.full(9, np.nan), 9)
    assert score_picks([one, many]).precision == pytest.approx(0.1)
