"""Fidelity to a truth, agreement with an independent exposure, and the null test; the mask control loses where it must."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage
from numpy.typing import NDArray

from clearice.config.kinds.mask_control import MaskControl
from clearice.denoisers import mask_control
from clearice.denoisers.registry import Evidence
from clearice.evaluation.agreement import agreement, agreement_sums
from clearice.evaluation.fidelity import fidelity
from clearice.evaluation.null_test import (
    Spectrum,
    background_spectrum,
    noise_image,
    null_sd,
    phase_randomised,
    residual_correlation,
    whole_spectrum,
)
from clearice.evaluation.regions import Box, free_boxes
from clearice.evaluation.resolution import resolution_or_coarsest_A
from clearice.image.rings import radial_power
from clearice.picking.blob import pick_blobs
from clearice.picking.measures import picks_in_noise

SHAPE = (256, 288)
LIMITS = {"pixel_size_A": 2.0, "coarsest_A": 300.0, "finest_A": 8.0}


def truth(seed: int = 0) -> NDArray[np.float32]:
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    image = np.zeros(SHAPE)
    for y, x in generator.uniform(0, 1, (14, 2)) * SHAPE:
        distance = np.hypot(rows - y, columns - x)
        image -= (distance < 16) * (1 + np.cos(distance * 0.8))
    return image.astype(np.float32)


def noise(seed: int, sd: float = 2.0) -> NDArray[np.float32]:
    return (sd * np.random.default_rng(seed).standard_normal(SHAPE)).astype(np.float32)


def judged(denoised: NDArray[np.float32], second_exposure: NDArray[np.float32]):  # type: ignore[no-untyped-def]
    return agreement(
        agreement_sums(denoised, second_exposure, 1.0),
        agreement_sums(denoised, second_exposure, 8.0),
        **LIMITS,
    )


def masked(image: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    settings = MaskControl(kind="mask_control", sigma_px=sigma_px)
    return mask_control.denoise(image, 2.0, settings, Evidence(image))


def test_the_truth_itself_has_full_fidelity_at_any_scale_and_offset() -> None:
    found = fidelity(-0.25 * truth() + 9, truth(), 2.0, 4.0)
    assert found.mse_of_variance == pytest.approx(0, abs=1e-8)
    assert found.ssim == pytest.approx(1, abs=1e-6)
    assert abs(found.correlation) == pytest.approx(1, abs=1e-6)
    assert fidelity(truth(), truth(), 2.0, 4.0).frc_0143_A == pytest.approx(4.0, rel=0.05), "Nyquist"


def test_random_phases_keep_the_power_of_every_frequency_and_direction_and_no_place() -> None:
    image = truth() + 50
    drawn = phase_randomised(image, np.random.default_rng(3))
    np.testing.assert_allclose(
        np.abs(np.fft.rfft2(drawn))[:, 1:-1], np.abs(np.fft.rfft2(image))[:, 1:-1], rtol=1e-3, atol=1.0
    )
    assert abs(np.corrcoef(drawn.ravel(), image.ravel())[0, 1]) < 0.2
    assert drawn.mean() == pytest.approx(50 + truth().mean(), abs=0.01)


def test_noise_lowers_every_measure_of_fidelity() -> None:
    little, much = (fidelity(truth() + noise(1, sd), truth(), 2.0, 4.0) for sd in (0.3, 2.0))
    assert little.psnr_dB > much.psnr_dB
    assert little.ssim > much.ssim
    assert little.frc_0500_A < much.frc_0500_A
    assert little.explained > much.explained


def test_a_flat_output_has_the_variance_of_the_truth_as_its_error() -> None:
    assert fidelity(np.ones(SHAPE, np.float32), truth(), 2.0, 4.0).mse_of_variance == pytest.approx(1.0)


def test_a_flat_truth_is_refused() -> None:
    with pytest.raises(ValueError, match="flat"):
        fidelity(truth(), np.ones(SHAPE, np.float32), 2.0, 4.0)


def test_explained_variance_cannot_be_raised_by_blurring_but_correlation_can() -> None:
    raw, independent = truth() + noise(1), truth() + noise(2)
    before, after = judged(raw, independent), judged(scipy.ndimage.gaussian_filter(raw, 1.0), independent)
    assert after.correlation > before.correlation + 0.05
    assert after.explained <= before.explained * 1.02


def test_a_curve_that_never_rises_above_the_threshold_counts_as_the_coarsest_ring() -> None:
    frequency = np.array([0.02, 0.04, 0.06])
    below = resolution_or_coarsest_A(frequency, np.array([0.1, 0.9, 0.9]), 0.143, 2.0)
    assert below == pytest.approx(2.0 / 0.02)
    for first in (0.15, 0.5, 0.9):
        crossing = resolution_or_coarsest_A(frequency, np.array([first, 0.0, 0.0]), 0.143, 2.0)
        assert crossing < below, "no resolution is worse than any"


def test_a_method_cannot_gain_by_having_no_resolution_on_most_micrographs() -> None:
    """One lucky field and two of nothing, against three fields of a modest blur."""
    fields = [truth(seed) for seed in (1, 2, 3)]
    lucky = [fields[0], np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.float32)]
    modest = [field + noise(7, 2.0) for field in fields]
    for crossing in ("frc_0500_A", "frc_0143_A"):
        means = [
            np.mean(
                [
                    getattr(fidelity(image, field, 2.0, 4.0), crossing)
                    for image, field in zip(images, fields, strict=True)
                ]
            )
            for images in (lucky, modest)
        ]
        assert np.isfinite(means).all() and means[0] > means[1]
    independent = [field + noise(9, 1.0) for field in fields]
    means = [
        np.mean([judged(image, other).frc_A for image, other in zip(images, independent, strict=True)])
        for images in (lucky, modest)
    ]
    assert np.isfinite(means).all() and means[0] > means[1]


def test_what_lies_outside_the_band_counts_against_the_correlation() -> None:
    """A denoiser may not hide junk beyond the band."""
    rows = np.arange(SHAPE[0])[:, None]
    stripes = np.broadcast_to(3.0 * (-1.0) ** rows, SHAPE).astype(np.float32)
    independent = truth() + noise(2)
    assert judged(truth() + stripes, independent).correlation < 0.6 * judged(truth(), independent).correlation


def test_the_truth_agrees_best_and_another_field_not_at_all() -> None:
    independent = truth() + noise(2)
    assert judged(truth(), independent).explained > judged(truth() + noise(1), independent).explained
    assert judged(truth(5), independent).explained < 0.1
    assert judged(truth() + noise(1), independent).frc_A > judged(truth(), independent).frc_A


def test_the_mask_control_loses_explained_variance_and_resolution() -> None:
    raw, independent = truth() + noise(1, 1.0), truth() + noise(2, 1.0)
    honest, control = judged(raw, independent), judged(masked(raw, sigma_px=5), independent)
    assert control.correlation > honest.correlation, "plain r is fooled"
    assert control.explained < 0.9 * honest.explained
    assert control.frc_A > honest.frc_A


@pytest.mark.parametrize("shape", [(256, 256), (255, 300)])
def test_a_noise_image_has_the_spectrum_and_mean_it_was_drawn_with(shape: tuple[int, int]) -> None:
    frequency = np.linspace(0.01, 0.7, 40)
    spectrum = Spectrum(frequency, 1 + 5 * np.exp(-frequency / 0.1))
    image = noise_image(spectrum, shape, 12.0, np.random.default_rng(0))
    assert image.mean() == pytest.approx(12.0, abs=1e-3)
    ring, power = radial_power(image, ring_width_px=8)
    assert power[2:] == pytest.approx(np.interp(ring[2:], frequency, spectrum.power), rel=0.2)
    assert noise_image(spectrum, shape, 12.0, np.random.default_rng(0)).tobytes() == image.tobytes()


def test_noise_of_the_whole_spectrum_has_the_sd_of_the_micrograph() -> None:
    image = scipy.ndimage.gaussian_filter(noise(1), 1.0)
    drawn = noise_image(whole_spectrum(image), SHAPE, 0.0, np.random.default_rng(0))
    assert drawn.std() == pytest.approx(image.std(), rel=0.05)


def test_the_spectrum_of_the_background_leaves_the_particles_out() -> None:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    centres = np.array([[60.0, 60.0], [180.0, 200.0]])
    image = noise(1, 1.0)
    for y, x in centres:
        image -= (9 * (np.hypot(rows - y, columns - x) < 30)).astype(np.float32)
    boxes = free_boxes(centres, SHAPE, radius_px=32, side_px=48)
    drawn = noise_image(background_spectrum(image, boxes), SHAPE, 0.0, np.random.default_rng(0))
    assert drawn.std() == pytest.approx(1.0, rel=0.08)
    assert noise_image(whole_spectrum(image), SHAPE, 0.0, np.random.default_rng(0)).std() > 2
    with pytest.raises(ValueError, match="smaller boxes"):
        background_spectrum(image, [])


def test_a_denoiser_that_leaves_everything_has_a_null_sd_of_one_and_a_perfect_one_of_zero() -> None:
    assert null_sd(noise(1), noise(2)) == pytest.approx(1.0, abs=0.02)
    assert null_sd(np.zeros(SHAPE, np.float32), noise(2)) == 0


def test_the_mask_control_invents_particles_in_noise() -> None:
    """It masks noise as readily as particles: its picks in nothing are far from none."""
    empty = scipy.ndimage.gaussian_filter(noise(1), 2.0)
    centres, scores = pick_blobs(masked(empty, sigma_px=3), 32.0)
    _, real_scores = pick_blobs(masked(empty + 0.1 * truth(), sigma_px=3), 32.0)
    assert picks_in_noise(centres, scores, SHAPE, 16.0, [float(np.median(real_scores))]) > 3


def test_picks_in_noise_are_those_above_the_median_threshold_inside_the_border() -> None:
    centres = np.array([[100.0, 100], [100, 150], [2, 2], [120, 60]])
    assert picks_in_noise(centres, np.array([5.0, 1, 9, 3]), SHAPE, 16.0, [2.0, 3.0, 8.0]) == 2
    with pytest.raises(ValueError, match="pick the real batch"):
        picks_in_noise(centres, np.ones(4), SHAPE, 16.0, [])


def test_a_residual_of_pure_noise_holds_no_signal_and_one_that_does_is_found() -> None:
    raw = truth() + noise(1)
    assert abs(residual_correlation(raw, truth(), truth())) < 0.02
    assert residual_correlation(raw, 0.5 * truth(), truth()) > 0.05
    assert residual_correlation(raw, 1.5 * truth(), truth()) < -0.05


def test_boxes_are_tuples_of_their_numbers() -> None:
    assert Box(*(1, 2, 3)) == Box(top_px=1, left_px=2, side_px=3)
