"""White particles are dark ones of the negative, in everything that has a sign; all else knows no sign."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.ndimage
from numpy.typing import NDArray

from clearice.config.evaluation import ScoreSettings
from clearice.config.layers import shipped_config
from clearice.config.registry import all_kinds
from clearice.config.stages.extract_noise import ExtractNoise
from clearice.denoisers.registry import Evidence, load_denoiser
from clearice.evaluation.measures import measure_agreement, measure_fidelity, measure_null, measure_snr
from clearice.evaluation.null_test import background_spectrum, whole_spectrum
from clearice.evaluation.regions import Box, BoxPair
from clearice.noise.background import find_background
from clearice.noise.reweighting import reweight
from clearice.picking.registry import load_picker
from support.settings import made

Image = NDArray[np.float32]
SHAPE = (128, 144)
DIAMETER_PX = 20.0
SMALL_BM3D = {
    **shipped_config()["methods"]["bm3d"], "step_px": 4, "window_px": 13, "group_hard": 8, "group_wiener": 8, "ring_px": 2.0,
}  # fmt: skip
SMALL_BM3D.pop("kind")
FILTERS: dict[str, dict[str, Any]] = {
    "lowpass": {"resolution_A": 20.0, "edge_fraction": 0.2},
    "bandpass": {"coarsest_A": 200.0, "finest_A": 20.0, "edge_fraction": 0.2},
    "binning": {"factor": 2},
    "gaussian": {"sigma_px": 3.0, "window_px": 13},
    "mask_control": {"sigma_px": 3.0},
    "bm3d": SMALL_BM3D,
    "wiener": {"noise": "free_boxes", "ring_px": 2.0},
}


def truth() -> Image:
    """Dark particles in the left half."""
    image = np.zeros(SHAPE)
    centres = np.random.default_rng(0).integers(12, [SHAPE[0] - 12, SHAPE[1] // 2 - 12], (9, 2))
    image[tuple(centres.T)] = -400.0
    return scipy.ndimage.gaussian_filter(image, 5).astype(np.float32)


def recorded(seed: int) -> Image:
    return (10 + truth() + np.random.default_rng(seed).normal(0, 1, SHAPE)).astype(np.float32)


@pytest.mark.parametrize("kind", sorted(FILTERS))
def test_a_filter_of_the_negative_with_white_particles_is_the_negative(kind: str) -> None:
    image, boxes = recorded(1), ((0, 80, 32), (40, 90, 32))
    settings = all_kinds()[kind].settings(kind=kind, **FILTERS[kind])

    def denoised(sign: int, dark: bool) -> Image:
        return load_denoiser(kind)(sign * image, 2.0, settings, Evidence(sign * image, boxes, dark))

    np.testing.assert_allclose(denoised(-1, False), -denoised(1, True), rtol=1e-5, atol=1e-5)
    followed = "sign" in all_kinds()[kind].needs
    assert followed is not np.allclose(denoised(1, False), denoised(1, True), atol=1e-4)


def test_every_filter_is_tried() -> None:
    assert set(FILTERS) == {name for name, kind in all_kinds().items() if kind.step == "filter_micrographs"}


@pytest.mark.parametrize("picker", ["blob", "mean_shift"])
def test_white_particles_of_the_negative_are_picked_at_the_same_places(picker: str) -> None:
    dark = load_picker(picker)(recorded(1), DIAMETER_PX, particles_are_dark=True)
    white = load_picker(picker)(-recorded(1), DIAMETER_PX, particles_are_dark=False)
    assert len(dark.centres) > 4
    np.testing.assert_allclose(white.centres, dark.centres, atol=1e-3)
    np.testing.assert_array_equal(white.accepted, dark.accepted)


@pytest.mark.parametrize("criterion", ["ssim", "std", "flattest"])
def test_pure_noise_of_the_negative_is_found_at_the_same_places(criterion: Any) -> None:
    settings = ExtractNoise(
        patch_px=32, step_px=8, local_patches=4, criterion=criterion, ssim_threshold=0.7, std_threshold_255=3.5,
        mean_difference=0.1, clip_percent=0.1, contamination_sd=8.0, maximum_patches=40, highpass_A=0.0, pictures=0,
    )  # fmt: skip
    guide = truth() + 0.02 * (recorded(2) - truth())
    dark = find_background(guide, recorded(1), settings, particles_are_dark=True)
    white = find_background(-guide, -recorded(1), settings, particles_are_dark=False)
    assert len(dark.corners) > 5
    np.testing.assert_array_equal(white.corners, dark.corners)
    np.testing.assert_array_equal(white.similarities, dark.similarities)
    assert (white.low, white.high) == (-dark.low, -dark.high)


def test_a_pair_of_the_negatives_is_the_negative_of_the_pair() -> None:
    noise = np.random.default_rng(3).normal(0, 2, SHAPE).astype(np.float32)
    images = 10 + truth(), noise, recorded(1)
    one, other = (
        reweight(*(sign * image for image in images), modulation="match_residual", signal_scale=0.7)
        for sign in (1, -1)
    )
    np.testing.assert_allclose(other.clean, -one.clean, rtol=1e-5)
    np.testing.assert_allclose(other.noisy, -one.noisy, rtol=1e-4, atol=1e-4)
    assert other.weights.alpha == pytest.approx(one.weights.alpha)


def test_no_score_knows_the_sign() -> None:
    images = {name: recorded(seed) for seed, name in enumerate(("denoised", "raw", "second", "other"))}
    images["truth"] = truth()
    band = made(ScoreSettings, finest_A=8.0, frc_ring_px=6.0)
    box = BoxPair(Box(20, 20, 32), Box(20, 90, 32))

    def scores(sign: int) -> dict[str, float]:
        one = {name: sign * image for name, image in images.items()}
        return {
            **measure_snr(one["denoised"], [box]),
            **measure_fidelity(one["denoised"], one["raw"], one["truth"], 2.0, band),
            **measure_agreement(one["denoised"], one["raw"], one["second"], one["other"], 2.0, band),
            **measure_null(one["other"], one["denoised"]),
        }

    assert scores(-1) == pytest.approx(scores(1), rel=1e-4, nan_ok=True)


def test_the_noise_of_the_null_test_knows_no_sign() -> None:
    image, boxes = recorded(1), [Box(0, 80, 32), Box(40, 90, 32)]
    for one, other in (
        (whole_spectrum(image), whole_spectrum(-image)),
        (background_spectrum(image, boxes), background_spectrum(-image, boxes)),
    ):
        np.testing.assert_allclose(one.power, other.power, rtol=1e-4)
