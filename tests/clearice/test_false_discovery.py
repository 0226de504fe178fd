"""Laws of the false discovery rate: what is promised is kept, whatever the scale of the scores."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from clearice.picking.false_discovery import (
    Search,
    area_in_discs,
    evidence_at,
    pooled,
    q_values,
    q_values_high,
    threshold_of,
)

WIDE = 1e9  # so large an area that no particle takes a share of it
RATES = (0.01, 0.05, 0.1, 0.2)
SEEDS = 200


def mixture(
    generator: np.random.Generator, noise: int = 1000, signal: int = 300, distance: float = 3.0
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Draw scores of noise and of particles, and tell which are false."""
    scores = np.concatenate([generator.normal(0, 1, noise), generator.normal(distance, 1, signal)])
    order = generator.permutation(scores.size)
    return scores[order], (np.arange(scores.size) < noise)[order]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("area", [0.5, 1.0, 5.0])
def test_the_found_share_is_the_promised_one_within_the_binomial_error(rate: float, area: float) -> None:
    """The mean over draws; it falls short by no more than the one decoy that is added to those of each."""
    shares, picks = [], []
    for seed in range(SEEDS):
        generator = np.random.default_rng([seed, 8])
        scores, wrong = mixture(generator)
        noise = Search(generator.normal(0, 1, int(1000 * area)), area * WIDE)
        kept = q_values(Search(scores, WIDE), noise) <= rate
        shares.append(wrong[kept].mean() if kept.any() else 0.0)
        picks.append(kept.sum())
    error = 3 * math.sqrt(rate * (1 - rate) / np.sum(picks))
    added = 1 / (area * np.mean(picks))
    assert rate - error - added <= np.mean(shares) <= rate + error


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("area", [0.5, 1.0, 4.0])
def test_pure_noise_is_picked_in_at_most_the_promised_share_of_draws(rate: float, area: float) -> None:
    draws, picked = 1000, 0
    for seed in range(draws):
        generator = np.random.default_rng([seed, 7])
        noise = Search(generator.normal(0, 1, int(100 * area)), area * WIDE)
        picked += bool((q_values(Search(generator.normal(0, 1, 100), WIDE), noise) <= rate).any())
    assert picked / draws <= rate + 3 * math.sqrt(rate * (1 - rate) / draws)


def test_q_never_falls_with_the_score_and_equal_scores_have_one_q() -> None:
    generator = np.random.default_rng(1)
    scores = np.round(mixture(generator)[0], 1)
    q = q_values(Search(scores, 100.0), Search(np.round(generator.normal(0, 1, 700), 1), 80.0))
    order = np.argsort(-scores, kind="stable")
    assert (np.diff(q[order]) >= 0).all()
    assert ((q > 0) & (q <= 1)).all()
    for level in np.unique(scores):
        assert np.ptp(q[scores == level]) == 0


def test_a_decoy_of_the_same_score_counts() -> None:
    targets = Search(np.array([3.0, 2.0, 2.0, 1.0]), WIDE)
    below = q_values(targets, Search(np.array([2.0 - 1e-9]), WIDE))
    equal = q_values(targets, Search(np.array([2.0]), WIDE))
    np.testing.assert_allclose(below, [1 / 3, 1 / 3, 1 / 3, 1 / 2], rtol=1e-6)
    np.testing.assert_allclose(equal, [1 / 2, 1 / 2, 1 / 2, 1 / 2], rtol=1e-6)


@pytest.mark.parametrize("scale", [lambda x: 7 * x - 3, np.exp, np.arctan, lambda x: x**3])
def test_any_increasing_scale_of_the_scores_changes_nothing(scale: np.ufunc) -> None:
    generator = np.random.default_rng(2)
    scores, noise = mixture(generator)[0], generator.normal(0, 1, 900)
    plain = q_values(Search(scores, 50.0), Search(noise, 40.0))
    scaled = q_values(Search(scale(scores), 50.0), Search(scale(noise), 40.0))
    np.testing.assert_array_equal(plain, scaled)


def test_the_order_of_candidates_changes_nothing() -> None:
    generator = np.random.default_rng(3)
    scores, noise = mixture(generator)[0], Search(generator.normal(0, 1, 900), 40.0)
    order = generator.permutation(scores.size)
    np.testing.assert_array_equal(
        q_values(Search(scores, 50.0), noise)[order], q_values(Search(scores[order], 50.0), noise)
    )


def test_decoys_of_twice_the_area_count_half() -> None:
    scores, noise = np.array([5.0, 4.0, 3.0, 2.0]), np.array([2.5, 2.4, 2.3])
    one = evidence_at(2.0, Search(scores, WIDE), Search(noise, WIDE))
    two = evidence_at(2.0, Search(scores, WIDE), Search(np.concatenate([noise, noise]), 2 * WIDE))
    half = evidence_at(2.0, Search(scores, WIDE), Search(noise, 2 * WIDE))
    assert one.expected_false == pytest.approx(3) == two.expected_false
    assert half.expected_false == pytest.approx(1.5)
    assert (one.decoys, two.decoys, half.decoys) == (3, 6, 3)


def test_more_decoys_narrow_the_upper_limit_and_lift_no_q_above_it() -> None:
    generator = np.random.default_rng(4)
    targets = Search(mixture(generator)[0], WIDE)
    widths = []
    for area in (1, 4, 16):
        noise = Search(generator.normal(0, 1, 1000 * area), area * WIDE)
        q, high = q_values(targets, noise), q_values_high(targets, noise)
        assert (high >= q).all()
        widths.append(float((high - q)[q < 0.2].mean()))
    assert widths == sorted(widths, reverse=True)


def test_the_upper_limit_holds_the_true_number_as_often_as_it_says() -> None:
    """The true mean number of noise candidates above 2 is 1000 times 2.3 %."""
    truth = 1000 * 0.5 * math.erfc(2 / math.sqrt(2))
    held = []
    for seed in range(SEEDS):
        generator = np.random.default_rng([seed, 5])
        targets = Search(generator.normal(10, 1, 500), WIDE)
        noise = Search(generator.normal(0, 1, 1000), WIDE)
        held.append(evidence_at(2.0, targets, noise).expected_false_high >= truth)
    assert np.mean(held) >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / SEEDS)


@pytest.mark.parametrize("covered", [0.2, 0.5])
def test_what_particles_cover_is_no_place_for_false_picks(covered: float) -> None:
    """Particles laid at random leave exp(-covered) of the field; noise is found there alone."""
    area, per_disc, rate = 2000.0, 1.0, 0.1
    false = picks = 0
    for seed in range(100):
        generator = np.random.default_rng([seed, 6])
        free = int(generator.poisson(area * per_disc * math.exp(-covered)))
        scores, wrong = mixture(generator, free, int(covered * area), distance=6.0)
        noise = Search(generator.normal(0, 1, int(10 * area * per_disc)), 10 * area)
        kept = q_values(Search(scores, area), noise) <= rate
        false, picks = false + int(wrong[kept].sum()), picks + int(kept.sum())
    assert false / picks == pytest.approx(rate, abs=0.01)


def test_the_threshold_is_the_lowest_score_that_keeps_the_rate() -> None:
    scores, q = np.array([1.0, 3.0, 2.0]), np.array([0.4, 0.01, 0.05])
    assert threshold_of(scores, q, 0.05) == 2.0
    assert threshold_of(scores, q, 0.001) == math.inf == threshold_of(np.empty(0), np.empty(0), 0.05)


def test_fewer_candidates_than_decoys_and_none_at_all_are_no_error() -> None:
    noise = Search(np.arange(10.0), 1.0)
    assert q_values(Search(np.array([20.0]), WIDE), Search(np.arange(10.0), WIDE)).tolist() == [1.0]
    assert q_values(Search(np.empty(0), 1.0), noise).shape == (0,)
    assert evidence_at(math.inf, Search(np.empty(0), 1.0), noise).expected_false == 0


def test_noise_in_which_nothing_is_found_still_leaves_one_false_pick_open() -> None:
    """Two hundred picks and no decoy: one of 200 may be false, so 1 % can be promised and 0.1 % cannot."""
    q = q_values(Search(np.arange(200.0), WIDE), Search(np.empty(0), WIDE))
    np.testing.assert_allclose(q, 1 / 200, rtol=1e-6)


@pytest.mark.parametrize(
    ("targets", "decoys", "said"),
    [
        (Search(np.ones(3), 1.0), Search(np.empty(0), 0.0), "no pure noise was picked.*picking.fdr"),
        (Search(np.empty(0), 0.0), Search(np.ones(3), 1.0), "no micrograph was picked"),
        (Search(np.array([1.0, np.nan]), 1.0), Search(np.ones(3), 1.0), "1 of 2 candidate scores"),
        (Search(np.ones(3), 1.0), Search(np.array([np.nan, np.inf, 1.0]), 1.0), "2 of 3 decoy scores"),
    ],
)
def test_what_has_no_rate_is_said_in_one_sentence(targets: Search, decoys: Search, said: str) -> None:
    for estimate in (q_values, q_values_high):
        with pytest.raises(ValueError, match=said):
            estimate(targets, decoys)
    with pytest.raises(ValueError, match=said):
        evidence_at(0.0, targets, decoys)


def test_searches_are_joined_with_their_areas() -> None:
    joined = pooled([Search(np.array([1.0]), 2.0), Search(np.array([3.0, 0.0]), 5.0)])
    assert joined.scores.tolist() == [1.0, 3.0, 0.0] and joined.area == 7.0
    assert pooled([]).area == 0.0
    assert area_in_discs((100, 200), 20.0) == pytest.approx(20000 / (math.pi * 100))
