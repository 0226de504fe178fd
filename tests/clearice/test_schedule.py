from itertools import pairwise

import pytest

from clearice.training.schedule import curriculum_steps, learning_rate_at, noise_level_at


def rates(schedule, warmup_steps=10):
    return [
        learning_rate_at(step, learning_rate=2.0, schedule=schedule, warmup_steps=warmup_steps, steps=100)
        for step in range(1, 101)
    ]


def test_the_warm_up_grows_linearly_to_the_full_rate():
    assert rates("constant")[:10] == pytest.approx([0.2 * step for step in range(1, 11)])


def test_a_constant_schedule_stays_at_the_full_rate():
    assert set(rates("constant")[9:]) == {2.0}
    assert set(rates("constant", warmup_steps=0)) == {2.0}


def test_a_cosine_falls_all_the_way_to_a_hundredth():
    after = rates("cosine")[9:]
    assert after[0] == 2.0
    assert all(later < earlier for earlier, later in pairwise(after))
    assert after[-1] == pytest.approx(0.02)


def test_an_unknown_schedule_is_refused():
    with pytest.raises(ValueError, match="schedule 'steps' is unknown; use one of constant, cosine"):
        rates("steps", 0)


def test_the_noise_grows_from_its_start_to_the_full_level_and_stays():
    levels = [
        noise_level_at(s, curriculum_start=0.2, curriculum_fraction=0.5, steps=100) for s in range(1, 101)
    ]
    assert levels[0] == pytest.approx(0.2)
    assert levels[25] == pytest.approx(0.6)
    assert set(levels[50:]) == {1.0}
    assert levels == sorted(levels)


def test_without_a_curriculum_the_noise_is_always_full():
    assert noise_level_at(1, curriculum_start=0.2, curriculum_fraction=0.0, steps=100) == 1.0
    assert curriculum_steps(0.0, 100) == 0
