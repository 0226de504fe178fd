"""Re-weighting: known coefficients come back, and the modulation restores the noise."""

import re
from typing import get_args

import numpy as np
import pytest
import scipy.ndimage

from clearice.config.stages.reweight import Reweight
from clearice.noise.reweighting import MODULATIONS, reweight, solve_weights
from clearice.noise.weighted_pairs import divided_fields, draw_pairs

SIDE = 96


def images(seed=0, side=SIDE):
    """A clean patch, independent noise, and a reference of known coefficients."""
    generator = np.random.default_rng(seed)
    clean = (20 + scipy.ndimage.gaussian_filter(generator.standard_normal((side, side)), 4) * 10).astype(
        np.float32
    )
    noise = (3 + 2.0 * generator.standard_normal((side, side))).astype(np.float32)
    own = generator.standard_normal((side, side)).astype(np.float32)
    return clean, noise, own


def test_known_coefficients_come_back():
    clean, noise, _ = images()
    reference = (0.7 * clean + 0.3 * (noise - noise.mean()) + 5.0).astype(np.float32)
    weights = solve_weights(clean, noise, reference)
    assert weights.alpha == pytest.approx(0.7, abs=1e-4)
    assert weights.beta == pytest.approx(0.3, abs=1e-4)
    assert weights.gamma == pytest.approx(5.0, abs=1e-2)


def test_known_alpha_and_gamma_come_back_under_noise_and_beta_is_near_zero():
    # Trap 1 of the design: V knows nothing of the noise in X, so least squares removes it.
    clean, noise, own = images(1, 320)
    weights = solve_weights(clean, noise, (0.7 * clean + 5.0 + 3.0 * own).astype(np.float32))
    assert weights.alpha == pytest.approx(0.7, abs=0.05)
    assert weights.gamma + 20 * weights.alpha == pytest.approx(5.0 + 20 * 0.7, abs=0.05)
    assert abs(weights.beta) < 0.02


def test_coefficients_agree_with_a_plain_least_squares_solver():
    clean, noise, own = images(2)
    reference = (0.5 * clean - 1.0 + 2.0 * own).astype(np.float32)
    centred = (noise - noise.mean()).ravel()
    columns = np.stack([clean.ravel(), centred, np.ones(clean.size)], axis=1).astype(np.float64)
    expected = np.linalg.lstsq(columns, reference.ravel().astype(np.float64), rcond=None)[0]
    weights = solve_weights(clean, noise, reference)
    np.testing.assert_allclose((weights.alpha, weights.beta, weights.gamma), expected, rtol=1e-4)


def test_no_other_coefficients_are_closer_to_the_reference():
    clean, noise, own = images(3)
    reference = (clean + 4.0 * own).astype(np.float32)
    weights = solve_weights(clean, noise, reference)

    def distance(alpha, beta, gamma):
        return float(((alpha * clean + beta * (noise - noise.mean()) + gamma - reference) ** 2).sum())

    best = distance(weights.alpha, weights.beta, weights.gamma)
    for step in ((0.01, 0, 0), (-0.01, 0, 0), (0, 0.01, 0), (0, -0.01, 0), (0, 0, 0.1), (0, 0, -0.1)):
        trial = np.add((weights.alpha, weights.beta, weights.gamma), step)
        assert distance(*trial) > best


@pytest.mark.parametrize("snr", [0.5, 0.1, 0.05])
@pytest.mark.parametrize("noise_scale", [0.01, 1.0, 50.0])
def test_match_residual_restores_the_noise_of_the_reference(snr, noise_scale):
    clean, noise, own = images(4, 160)
    level = float(clean.std() / np.sqrt(snr))
    reference = (clean + level * own).astype(np.float32)
    pair = reweight(clean, noise * noise_scale, reference, modulation="match_residual", signal_scale=1.0)
    made = (pair.noisy - pair.clean).std()
    assert made == pytest.approx(level, rel=0.05)
    assert pair.noise_sd == pytest.approx(made, rel=1e-3)
    assert pair.reference_noise_sd == pytest.approx(level, rel=0.05)
    assert pair.noisy.var() == pytest.approx(reference.var(), rel=0.05)


def test_without_modulation_the_noise_would_be_gone():
    clean, noise, own = images(5, 320)
    reference = (clean + 10.0 * own).astype(np.float32)
    weights = solve_weights(clean, noise, reference)
    assert abs(weights.beta) * noise.std() < 0.05 * 10.0


def test_add_noise_is_the_formula_of_the_released_code():
    clean, noise, own = images(6)
    reference = (0.9 * clean + 2.0 + 2.0 * own).astype(np.float32)
    pair = reweight(clean, noise, reference, modulation="add_noise", signal_scale=1.0)
    w, centred = pair.weights, noise - noise.mean()
    expected = w.alpha * clean + w.beta * centred + w.gamma + centred
    np.testing.assert_allclose(pair.noisy, expected, rtol=1e-4, atol=1e-3)
    # On the scale of X it restores the noise as well.
    assert (pair.noisy - pair.clean).std() == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize(("factor", "refused"), [(0.2, True), (0.5, False), (2.0, False), (5.0, True)])
def test_add_noise_refuses_noise_of_another_scale_and_match_residual_does_not_mind(factor, refused):
    # Trap 1 in its other form: micrographs of standard deviation 1 beside a simulation in counts.
    clean, noise, own = images(6)
    reference = (clean + 2.0 * own).astype(np.float32)
    other = (factor * noise).astype(np.float32)
    made = reweight(clean, other, reference, modulation="match_residual", signal_scale=1.0)
    assert made.noise_sd == pytest.approx(2.0, rel=0.05)
    if refused:
        words = (
            r"noise of standard deviation [\d.]+, but the simulation's noise has .*match_residual.*one scale"
        )
        with pytest.raises(ValueError, match=words) as said:
            reweight(clean, other, reference, modulation="add_noise", signal_scale=1.0)
        numbers = [float(word) for word in re.findall(r"\d+\.\d+", str(said.value))]
        assert numbers == pytest.approx([2.0 * factor, 2.0], rel=0.1)
    else:
        added = reweight(clean, other, reference, modulation="add_noise", signal_scale=1.0)
        assert added.noise_sd == pytest.approx(2.0 * factor, rel=0.1)


def test_the_clean_image_is_on_the_scale_of_the_noisy_one():
    clean, noise, own = images(7, 320)
    reference = (0.7 * clean + 5.0 + own).astype(np.float32)
    pair = reweight(clean, noise, reference, modulation="match_residual", signal_scale=1.0)
    np.testing.assert_allclose(pair.clean, 0.7 * clean + 5.0, atol=0.1)
    assert (pair.noisy - pair.clean).mean() == pytest.approx(0.0, abs=1e-4)


def test_the_signal_scale_acts_on_contrast_alone():
    clean, noise, own = images(8)
    reference = (clean + 3.0 * own).astype(np.float32)
    full, half, empty = (
        reweight(clean, noise, reference, modulation="match_residual", signal_scale=s)
        for s in (1.0, 0.5, 0.0)
    )
    assert half.clean.std() == pytest.approx(0.5 * full.clean.std(), rel=1e-3)
    assert half.clean.mean() == pytest.approx(full.clean.mean(), rel=1e-5)
    assert np.ptp(empty.clean) == 0.0
    assert (empty.noisy - empty.clean).std() == pytest.approx((full.noisy - full.clean).std(), rel=1e-3)


def test_an_empty_simulation_has_no_alpha_and_keeps_its_noise():
    _, noise, own = images(9)
    reference = (100.0 + 3.0 * own).astype(np.float32)
    pair = reweight(
        np.full_like(noise, 100.0), noise, reference, modulation="match_residual", signal_scale=1.0
    )
    assert pair.weights.alpha == 0.0
    assert pair.clean.mean() == pytest.approx(100.0, rel=1e-3)
    assert (pair.noisy - pair.clean).std() == pytest.approx(3.0, rel=0.05)


def test_a_reference_without_noise_is_refused():
    clean, noise, _ = images()
    with pytest.raises(ValueError, match="is its clean one, without any noise"):
        reweight(
            clean, noise, (2 * clean + 1).astype(np.float32), modulation="match_residual", signal_scale=1.0
        )


def test_bad_patches_are_refused():
    clean, noise, own = images()
    with pytest.raises(ValueError, match="must have one shape"):
        solve_weights(clean, noise[:50], own)
    with pytest.raises(ValueError, match="non-finite"):
        solve_weights(clean, np.where(noise > 3, np.nan, noise), own)
    with pytest.raises(ValueError, match="modulation 'magic' is unknown"):
        reweight(clean, noise, own, modulation="magic", signal_scale=1.0)
    with pytest.raises(ValueError, match="noise patch is constant"):
        reweight(clean, np.ones_like(noise), own, modulation="match_residual", signal_scale=1.0)


def settings(patch_px=32, patches_per_micrograph=5):
    return Reweight(
        patch_px=patch_px,
        patches_per_micrograph=patches_per_micrograph,
        draws=3,
        modulation="match_residual",
        signal_scale=[0.5, 2.0],
        empty_fraction=0.25,
    )


SETTINGS = settings()


def fields():
    return np.random.default_rng(11).standard_normal((7, 48, 48)).astype(np.float32)


def test_every_place_gets_several_draws_of_noise():
    clean, _, own = images(10)
    drawn = list(draw_pairs(clean, clean + own, fields(), range(7), SETTINGS, np.random.default_rng(0)))
    assert [(one.place, one.draw) for one in drawn] == [(p, d) for p in range(5) for d in range(3)]
    noises = [one.pair.noisy - one.pair.clean for one in drawn[:3]]
    assert drawn[0].corner == drawn[1].corner
    assert not np.allclose(noises[0], noises[1])


def test_pairs_are_a_pure_function_of_the_generator():
    clean, _, own = images(10)
    first, again = (
        [
            one.pair.noisy
            for one in draw_pairs(clean, clean + own, fields(), range(7), SETTINGS, np.random.default_rng(5))
        ]
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)


def test_the_share_of_empty_fields_and_the_scales_are_as_asked():

    clean, _, own = images(10)
    many = settings(patches_per_micrograph=200)
    scales = np.array(
        [
            one.signal_scale
            for one in draw_pairs(clean, clean + own, fields(), range(7), many, np.random.default_rng(5))
        ]
    )
    assert (scales == 0).mean() == pytest.approx(0.25, abs=0.05)
    drawn = scales[scales > 0]
    assert drawn.min() >= 0.5
    assert drawn.max() <= 2.0
    assert np.median(drawn) == pytest.approx(1.0, abs=0.1)


def test_patches_larger_than_noise_fields_are_refused():
    clean, _, own = images(10)
    words = "noise fields of 48 px are smaller than training patches of 64 px; raise sample_noise.field_px"
    with pytest.raises(ValueError, match=words):
        list(draw_pairs(clean, own, fields(), range(7), settings(patch_px=64), np.random.default_rng(0)))


def test_the_config_may_name_every_modulation_and_no_other():
    assert get_args(Reweight.model_fields["modulation"].annotation) == MODULATIONS


@pytest.mark.parametrize(
    ("count", "validation", "kept"),
    [(2, 1, 1), (20, 1, 2), (512, 1, 51), (3, 9, 2), (10, 0, 1), (200, 5, 100)],
)
def test_the_splits_share_no_field_and_leave_none_over(count, validation, kept):
    splits = {f"s{number}": "validation" if number < validation else "train" for number in range(10)}
    divided = divided_fields(count, splits)
    assert len(divided["validation"]) == kept
    assert [*divided["train"], *divided["validation"]] == list(range(count))


def test_one_field_cannot_be_divided():
    with pytest.raises(
        ValueError, match=r"1 noise field cannot be divided.*sample_noise\.fields to 2 or more"
    ):
        divided_fields(1, {"s1": "train", "s2": "validation"})


def test_only_usable_fields_are_drawn_and_all_of_them():
    clean, _, own = images(10)
    many = settings(patches_per_micrograph=40)
    drawn = draw_pairs(clean, clean + own, fields(), range(3, 6), many, np.random.default_rng(2))
    numbers = [one.field for one in drawn]
    assert set(numbers) == {3, 4, 5}
    alone = fields()
    alone[3:6] = 0
    with pytest.raises(ValueError, match="noise patch is constant"):
        list(draw_pairs(clean, clean + own, alone, range(3, 6), many, np.random.default_rng(2)))
