import numpy as np
import pytest

from clearice.training.pairs import (
    BIAS,
    TrainingImage,
    draw_pair,
    fixed_pair,
    neighbor2neighbor_pair,
    training_image,
)


def noise(seed: int, shape=(40, 48), mean=5.0, sd=2.0):
    return np.random.default_rng(seed).normal(mean, sd, shape).astype(np.float32)


def drawn(images, index, pairing, **changes):
    settings = {"seed": 3, "crop_px": 16, "noise_level": 1.0, "added_noise_sd": 0.5}
    return draw_pair(images, index, pairing=pairing, **{**settings, **changes})


def test_both_exposures_of_a_pair_are_cut_and_turned_alike():
    exposure = noise(1)
    mean, sd = float(exposure.mean()), float(exposure.std())
    image = TrainingImage("m", exposure, 3.0 * exposure + 1.0, mean, sd, 3.0 * mean + 1.0, 3.0 * sd)
    for index in range(20):
        even, odd = drawn([image], index, "noise2noise")
        np.testing.assert_allclose(even, odd, atol=1e-5)


def test_each_exposure_of_noise2noise_is_standardised_by_its_own_statistics():
    image = training_image("m", noise(1, mean=5, sd=2), noise(2, mean=-70, sd=9), "noise2noise")
    even, odd = drawn([image], 0, "noise2noise", crop_px=40)
    for crop in (even, odd):
        assert abs(crop.mean()) < 0.1
        assert crop.std() == pytest.approx(1.0, abs=0.05)


def test_supervised_pairs_share_the_normalisation_of_the_noisy_image():
    noisy = noise(1)
    mean, sd = float(noisy.mean()), float(noisy.std())
    image = TrainingImage("m", noisy, 0.1 * noisy + 4.0, mean, sd, mean, sd)
    seen, wanted = drawn([image], 0, "supervised")
    np.testing.assert_allclose(wanted, 0.1 * seen + (0.1 * mean + 4.0 - mean) / sd, atol=1e-5)


def test_supervised_pairs_are_never_swapped():
    image = training_image("m", noise(1, mean=0.0), np.zeros((40, 48), np.float32), "supervised")
    for index in range(50):
        seen, wanted = drawn([image], index, "supervised")
        assert np.ptp(wanted) == 0
        assert np.std(seen) > 0.5


def test_an_empty_field_is_a_target_like_any_other():
    noisy = noise(1, mean=0.0)
    image = training_image("empty", noisy, np.zeros_like(noisy), "supervised")
    assert (image.target_mean, image.target_sd) == (image.noisy_mean, image.noisy_sd)
    _, wanted = drawn([image], 0, "supervised")
    np.testing.assert_allclose(wanted, -noisy.mean() / noisy.std(), rtol=1e-4)


def test_the_curriculum_scales_the_noise_and_leaves_the_signal():
    clean = noise(1, sd=0.5)
    noisy = clean + noise(2, mean=0.0)
    image = training_image("m", noisy, clean, "supervised")
    full, wanted = drawn([image], 4, "supervised")
    weak, same = drawn([image], 4, "supervised", noise_level=0.2)
    np.testing.assert_array_equal(same, wanted)
    np.testing.assert_allclose(weak - wanted, 0.2 * (full - wanted), atol=1e-6)


def test_neighbour_pairs_take_two_adjacent_pixels_of_every_cell():
    rows, columns = np.mgrid[:10, :12]
    number = (rows * 100 + columns).astype(np.float32)
    first, second = neighbor2neighbor_pair(number, np.random.default_rng(0))
    assert first.shape == second.shape == (5, 6)
    for one in (first, second):
        np.testing.assert_array_equal(one // 200, np.mgrid[:5, :6][0])
        np.testing.assert_array_equal(one % 100 // 2, np.mgrid[:5, :6][1])
    assert set(np.abs(first - second).ravel()) == {
        1.0,
        100.0,
    }  # beside or above, never the same, never diagonal


def test_neighbour_pairs_of_white_noise_are_uncorrelated():
    white = np.random.default_rng(0).standard_normal((400, 400)).astype(np.float32)
    first, second = neighbor2neighbor_pair(white, np.random.default_rng(1))
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.02


def test_added_noise_has_the_set_standard_deviation_and_leaves_the_target():
    image = training_image("m", noise(1, (200, 200)), None, "added_noise")
    seen, wanted = drawn([image], 0, "added_noise", crop_px=200)
    assert np.std(seen - wanted) == pytest.approx(0.5, rel=0.02)
    assert np.std(wanted) == pytest.approx(1.0, rel=1e-4)


@pytest.mark.parametrize("pairing", BIAS)
def test_pairs_are_pure_functions_of_seed_and_number(pairing):
    partner = noise(2) if pairing in ("noise2noise", "supervised") else None
    images = [training_image("m", noise(1), partner, pairing)]
    one, again, other = (drawn(images, index, pairing) for index in (7, 7, 8))
    for first, second, third in zip(one, again, other, strict=True):
        np.testing.assert_array_equal(first, second)
        assert not np.array_equal(first, third)


def test_validation_pairs_are_fixed_unturned_and_go_round_all_images():
    ramp = np.arange(40 * 48, dtype=np.float32).reshape(40, 48)
    images = [
        training_image(str(k), ramp + 5000 * k + noise(k, sd=0.1), None, "added_noise") for k in range(3)
    ]
    for index in range(6):
        _, crop = fixed_pair(images, index, pairing="added_noise", seed=1, crop_px=16, added_noise_sd=0.5)
        _, again = fixed_pair(images, index, pairing="added_noise", seed=1, crop_px=16, added_noise_sd=0.5)
        np.testing.assert_array_equal(crop, again)
        assert np.all(np.diff(crop, axis=0) > 0), "rows still ascend: neither flipped nor turned"
        pixels = crop * images[index % 3].noisy_sd + images[index % 3].noisy_mean
        assert 5000 * (index % 3) - 50 < pixels.min() < 5000 * (index % 3) + 1950


@pytest.mark.parametrize("pairing", BIAS)
def test_a_constant_noisy_image_is_refused(pairing):
    with pytest.raises(ValueError, match="m1: the noisy image is constant"):
        training_image("m1", np.full((8, 8), 3.0, np.float32), noise(1, (8, 8)), pairing)


def test_a_constant_second_exposure_is_refused():
    with pytest.raises(ValueError, match="m1: the second noisy image is constant"):
        training_image("m1", noise(1), np.full((40, 48), 3.0, np.float32), "noise2noise")


def test_unequal_shapes_are_refused():
    with pytest.raises(ValueError, match="m1 has 40 x 48 px, but its partner 40 x 40 px"):
        training_image("m1", noise(1), noise(2, (40, 40)), "noise2noise")


def test_a_missing_partner_is_refused():
    with pytest.raises(ValueError, match="m1 has no partner"):
        training_image("m1", noise(1), None, "supervised")


def test_pixels_that_are_not_finite_are_refused():
    broken = noise(1)
    broken[3, 3] = np.nan
    with pytest.raises(ValueError, match="m1: the noisy image has pixels that are not finite"):
        training_image("m1", broken, None, "neighbor2neighbor")


def test_a_target_in_other_units_is_refused():
    with pytest.raises(ValueError, match="same units"):
        training_image("m1", noise(1, mean=500.0), noise(2, mean=0.0), "supervised")


@pytest.mark.parametrize("pairing", ["noise2noise", "supervised"])
def test_a_copy_is_no_partner(pairing):
    with pytest.raises(ValueError, match="m1 and its partner are the same image"):
        training_image("m1", noise(1), 1.01 * noise(1), pairing)
