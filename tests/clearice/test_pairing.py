import numpy as np
import pytest

from clearice.training.pairing import (
    PairingSettings,
    check_images,
    check_pairing,
    training_pairs,
    validation_pairs,
)
from clearice.training.pairs import training_image

SETTINGS = {
    "pairing": "supervised",
    "crop_px": 16,
    "seed": 1,
    "batch_size": 2,
    "steps": 10,
    "curriculum_start": 0.2,
    "curriculum_fraction": 0.5,
    "added_noise_sd": None,
}


def settings(**changes) -> PairingSettings:
    return PairingSettings(**{**SETTINGS, **changes})


def image(name="m", side=24):
    noisy = np.random.default_rng(1).standard_normal((side, side)).astype(np.float32)
    return training_image(name, noisy, np.zeros_like(noisy), "supervised")


def test_the_noise_of_the_training_pairs_grows_with_the_step_and_that_of_validation_is_full():
    draw, give = (
        training_pairs([image()], settings(crop_px=24)),
        validation_pairs([image()], settings(crop_px=24)),
    )
    levels = [float(np.std(draw(index)[0])) for index in range(20)]
    np.testing.assert_allclose(levels[0], 0.2, rtol=1e-5)
    np.testing.assert_allclose(levels[:10:2], np.linspace(0.2, 0.84, 5), rtol=1e-4)
    np.testing.assert_allclose(levels[10:], 1.0, rtol=1e-5)
    assert levels[0::2] == pytest.approx(levels[1::2], rel=1e-5), "both crops of a step have one level"
    np.testing.assert_allclose(np.std(give(0)[0]), 1.0, rtol=1e-5)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"pairing": "noise2void"}, "pairing 'noise2void' is unknown; use one of noise2noise, supervised"),
        (
            {"pairing": "noise2noise"},
            "a noise curriculum needs clean targets, which the pairing noise2noise has not",
        ),
        ({"curriculum_start": 1.5}, r"curriculum_start \(1.5\) .* must lie between 0 and 1"),
        ({"added_noise_sd": 1.0}, "added_noise_sd is 1.0 for the pairing supervised"),
        (
            {"pairing": "added_noise", "curriculum_fraction": 0.0},
            "added_noise_sd is None for the pairing added_noise",
        ),
        (
            {"pairing": "added_noise", "curriculum_fraction": 0.0, "added_noise_sd": 0.0},
            "added_noise_sd is 0.0; it must be above 0",
        ),
    ],
)
def test_settings_that_do_not_go_together_are_refused_in_one_sentence(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        check_pairing(settings(**changes))


def test_fewer_than_two_training_micrographs_are_refused():
    with pytest.raises(ValueError, match=r"1 micrographs are marked train and usable, but .* at least 2"):
        check_images([image()], [image()], settings())


def test_a_training_without_validation_is_refused():
    with pytest.raises(ValueError, match="no usable micrograph is marked validation"):
        check_images([image(), image()], [], settings())


def test_a_crop_larger_than_any_image_is_refused():
    with pytest.raises(
        ValueError, match="crops of 16 px are larger than small with 12 x 12 px; lower crop_px"
    ):
        check_images([image(), image()], [image("small", 12)], settings())
