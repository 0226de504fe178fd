from typing import get_args

import numpy as np
import pytest

from clearice.config.training import Pairing
from clearice.training.pairing import check_images, training_pairs, validation_pairs
from clearice.training.pairs import BIAS, training_image
from support.training import small_training


def settings(**changes):
    return small_training(
        **{"crop_px": 32, "steps": 10, "curriculum_start": 0.2, "curriculum_fraction": 0.5, **changes}
    )


def image(name="m", side=32):
    noisy = np.random.default_rng(1).standard_normal((side, side)).astype(np.float32)
    return training_image(name, noisy, np.zeros_like(noisy), "supervised")


def test_the_noise_of_the_training_pairs_grows_with_the_step_and_that_of_validation_is_full():
    draw, give = (
        training_pairs([image()], settings(), 1),
        validation_pairs([image()], settings(), 1),
    )
    levels = [float(np.std(draw(index)[0])) for index in range(20)]
    np.testing.assert_allclose(levels[0], 0.2, rtol=1e-5)
    np.testing.assert_allclose(levels[:10:2], np.linspace(0.2, 0.84, 5), rtol=1e-4)
    np.testing.assert_allclose(levels[10:], 1.0, rtol=1e-5)
    assert levels[0::2] == pytest.approx(levels[1::2], rel=1e-5), "both crops of a step have one level"
    np.testing.assert_allclose(np.std(give(0)[0]), 1.0, rtol=1e-5)


def test_pairs_follow_the_seed_they_are_given_and_not_that_of_the_run():
    one, other, same = (
        training_pairs([image(side=64)], settings(seed=run), seed)(0)[0]
        for run, seed in ((1, 7), (1, 8), (2, 7))
    )
    assert not np.array_equal(one, other)
    np.testing.assert_array_equal(one, same)


def test_the_config_may_name_every_pairing_and_no_other():
    assert set(get_args(Pairing)) == set(BIAS)


def test_fewer_than_two_training_micrographs_are_refused():
    words = r"1 micrographs are marked train and usable, but .* at least 2; .* \(1 left out: a: blank\)$"
    with pytest.raises(ValueError, match=words):
        check_images([image()], [image()], " (1 left out: a: blank)")


def test_a_training_without_validation_is_refused():
    words = r"no usable micrograph is marked validation.* \(1 left out: a: blank\)$"
    with pytest.raises(ValueError, match=words):
        check_images([image(), image()], [], " (1 left out: a: blank)")
