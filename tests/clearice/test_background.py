"""Background: pure noise is found, specimen is not, and the threshold means what eq. 3 says."""

from typing import Any, get_args

import numpy as np
import pytest
import scipy.ndimage
from skimage.metrics import structural_similarity

from clearice.config.stages.extract_noise import Criterion, ExtractNoise
from clearice.image.patches import cut_patches, local_patches
from clearice.noise.background import (
    GIVE_MORE,
    find_background,
    lowest_similarity,
    require_patches,
    scale_guide,
)


def settings(**changes: Any) -> ExtractNoise:
    values: dict[str, Any] = {
        "patch_px": 32,
        "step_px": 16,
        "local_patches": 4,
        "criterion": "ssim",
        "ssim_threshold": 0.7,
        "std_threshold_255": 3.5,
        "mean_difference": 0.1,
        "clip_percent": 0.1,
        "contamination_sd": 0.0,
        "maximum_patches": 0,
        "highpass_A": 0.0,
        "pictures": 0,
    }
    return ExtractNoise(**{**values, **changes})


SETTINGS = settings()


def scene(seed=0, side=256):
    """Blobs in the left half, nothing in the right half; the guide has little noise left, the raw image much."""
    generator = np.random.default_rng(seed)
    signal = np.zeros((side, side))
    centres = generator.integers(10, [side - 10, side // 2 - 20], (40, 2))
    signal[tuple(centres.T)] = -300.0
    signal = scipy.ndimage.gaussian_filter(signal, 5)
    guide = signal + 0.01 * generator.standard_normal(signal.shape)
    raw = signal + 3.0 * generator.standard_normal(signal.shape)
    return signal.astype(np.float32), guide.astype(np.float32), raw.astype(np.float32)


def test_similarity_agrees_with_scikit_image():
    generator = np.random.default_rng(1)
    local = generator.random((5, 4, 15, 15)).astype(np.float32)
    local[2] = 0.5 + 0.02 * local[2]
    lowest = lowest_similarity(local)
    for patches, value in zip(local, lowest, strict=True):
        pairs = [(a, b) for i, a in enumerate(patches) for b in patches[i + 1 :]]
        settings = {"win_size": 15, "data_range": 1.0, "use_sample_covariance": False}
        expected = min(structural_similarity(a, b, **settings) for a, b in pairs)
        assert value == pytest.approx(expected, abs=1e-5)


def test_equal_local_patches_have_similarity_one():
    quadrant = np.random.default_rng(2).random((1, 1, 8, 8)).astype(np.float32)
    np.testing.assert_allclose(lowest_similarity(np.repeat(quadrant, 4, axis=1)), 1.0)


@pytest.mark.parametrize(
    ("spread", "expected"), [(0.001, 0.998), (0.005, 0.947), (0.0139, 0.700), (0.03, 0.333)]
)
def test_similarity_of_flat_noise_measures_its_spread(spread, expected):
    # Trap 2 of the design: for uncorrelated patches of equal mean eq. 3 is c2 / (2 s^2 + c2).
    generator = np.random.default_rng(3)
    noise = (0.5 + spread * generator.standard_normal((50, 4, 80, 80))).astype(np.float32)
    assert lowest_similarity(noise).mean() == pytest.approx(expected, abs=0.015)


def test_pure_noise_is_found_and_particles_are_not():
    signal, guide, raw = scene()
    found = find_background(guide, raw, SETTINGS)
    assert len(found.corners) > 20
    assert (found.similarities > 0.7).all()
    held = cut_patches(signal, found.corners, 32)
    assert held.std(axis=(1, 2)).max() < 0.02 * np.ptp(signal)
    # All of the empty half is found.
    right = [tuple(c) for c in found.corners.tolist() if c[1] >= 144]
    assert len(right) == 15 * 6


@pytest.mark.parametrize("criterion", ["std", "flattest"])
def test_the_other_criteria_find_noise_too(criterion):
    signal, guide, raw = scene(1)
    found = find_background(guide, raw, settings(criterion=criterion, maximum_patches=30))
    assert len(found.corners) == 30
    assert np.ptp(cut_patches(signal, found.corners, 32), axis=(1, 2)).max() < 0.02 * np.ptp(signal)


def test_flattest_keeps_the_flattest_of_all():
    _, guide, raw = scene(2)
    all_alike = {"criterion": "flattest", "mean_difference": 1.0}
    everything = settings(maximum_patches=10**6, **all_alike)
    kept = find_background(guide, raw, settings(maximum_patches=12, **all_alike)).deviations_255
    # Patches are ranked among all that were searched, so none that was left out is flatter.
    assert kept.max() <= np.sort(find_background(guide, raw, everything).deviations_255)[11]


def test_one_hot_pixel_does_not_change_what_is_found():
    _, guide, raw = scene()
    hot = guide.copy()
    hot[5, 5] = 1e4
    np.testing.assert_array_equal(
        find_background(hot, raw, SETTINGS).corners, find_background(guide, raw, SETTINGS).corners
    )
    # Without clipping, the same pixel makes everything look flat, particles too.
    careless = settings(clip_percent=0.0)
    assert len(find_background(hot, raw, careless).corners) > 1.5 * len(
        find_background(guide, raw, SETTINGS).corners
    )


def test_the_scaling_used_is_recorded():
    _, guide, raw = scene()
    found = find_background(guide, raw, SETTINGS)
    scaled, low, high = scale_guide(guide, 0.1)
    assert (found.low, found.high) == (low, high)
    inside = (guide > low) & (guide < high)
    np.testing.assert_allclose(scaled[inside] * (high - low) + low, guide[inside], atol=1e-3)
    assert scaled.min() == 0.0
    assert scaled.max() == 1.0


def test_what_is_found_does_not_depend_on_the_scale_of_the_guide():
    _, guide, raw = scene()
    np.testing.assert_array_equal(
        find_background(5.0 * guide - 100.0, raw, SETTINGS).corners,
        find_background(guide, raw, SETTINGS).corners,
    )


def test_patches_on_bad_pixels_are_left_out():
    _, guide, raw = scene()
    broken = raw.copy()
    broken[40, 200] = np.nan
    broken[100:120, 200:220] = 7.0
    before = find_background(guide, raw, SETTINGS)
    after = find_background(guide, broken, SETTINGS)
    gone = {tuple(c) for c in before.corners.tolist()} - {tuple(c) for c in after.corners.tolist()}
    assert after.excluded > before.excluded == 0
    assert gone
    for y, x in gone:
        assert (y <= 40 < y + 32 and x <= 200 < x + 32) or (
            y < 120 and y + 32 > 100 and x < 220 and x + 32 > 200
        )


@pytest.mark.parametrize("mean", [0.5, 1.0, 3.0])
def test_no_patch_is_lost_to_the_zeros_of_low_counts(mean):
    signal, guide, _ = scene()
    raw = np.random.default_rng(3).poisson(mean * np.exp(0.05 * signal)).astype(np.float32)
    found = find_background(guide, raw, SETTINGS)
    assert found.excluded == 0
    assert len(found.corners)
    raw[:, 200] = 0.0
    through = (found.corners[:, 1] <= 200) & (found.corners[:, 1] + 32 > 200)
    after = find_background(guide, raw, SETTINGS)
    np.testing.assert_array_equal(after.corners, found.corners[~through])


def test_contaminated_regions_are_left_out():
    _, guide, raw = scene()
    dirty = raw.copy()
    dirty[180:230, 160:250] -= 12.0
    found = find_background(guide, dirty, settings(contamination_sd=6.0))
    assert len(found.corners)
    assert not cut_patches((dirty != raw).astype(np.float32), found.corners, 32)[:, 4:-4, 4:-4].any()


def test_a_slope_is_refused_by_the_difference_of_means():
    ramp = np.linspace(0, 1, 64, dtype=np.float32)[None, :] * np.ones((64, 1), np.float32)
    raw = np.random.default_rng(0).standard_normal((64, 64)).astype(np.float32)
    flattest = {"criterion": "flattest", "maximum_patches": 100}
    assert len(find_background(ramp, raw, settings(mean_difference=0.6, **flattest)).corners) == 9
    assert not len(find_background(ramp, raw, settings(mean_difference=0.1, **flattest)).corners)


def test_bad_input_is_refused_in_one_sentence():
    _, guide, raw = scene()
    with pytest.raises(ValueError, match="lower extract_noise.patch_px"):
        find_background(guide, raw, settings(patch_px=512))
    with pytest.raises(ValueError, match="denoise without rescaling"):
        find_background(guide[:100], raw, SETTINGS)
    with pytest.raises(ValueError, match="the guide is constant"):
        find_background(np.ones_like(guide), raw, SETTINGS)
    with pytest.raises(ValueError, match="no finite pixel"):
        find_background(np.full_like(guide, np.nan), raw, SETTINGS)


KNOBS = {
    "ssim": ("ssim_threshold", "maximum_patches if it is not 0", "criterion flattest"),
    "std": ("std_threshold_255", "maximum_patches if it is not 0", "criterion flattest"),
    "flattest": ("raise extract_noise.maximum_patches,",),
}


@pytest.mark.parametrize("criterion", KNOBS)
def test_too_few_patches_name_the_knobs_that_bind_under_the_criterion(criterion):
    stacks = [np.zeros((count, 64, 64), np.float32) for count in (30, 7)]
    with pytest.raises(ValueError, match=r"37 noise patches of 64 px.* in 2 micrographs.*, 200 are") as said:
        require_patches(stacks, 200, criterion)
    words = str(said.value).split("are needed")[1]
    always = ("mean_difference", "contamination_sd", "step_px", "patch_px", "noise_gan.minimum_patches")
    assert all(knob in words for knob in (*KNOBS[criterion], *always))
    foreign = {"ssim_threshold", "std_threshold_255", "criterion flattest"} - set(KNOBS[criterion])
    assert not [knob for knob in foreign if knob in words]
    require_patches(stacks, 37, criterion)


def test_no_patch_at_all_is_said_with_the_same_knobs_whatever_the_minimum():
    words = r"no noise patches were found in any.*, 1 are needed: .*maximum_patches"
    with pytest.raises(ValueError, match=words):
        require_patches([], 0, "flattest")


def test_every_criterion_the_config_may_name_says_what_gives_more_patches():
    assert set(get_args(Criterion)) == set(GIVE_MORE)


def test_more_local_patches_are_stricter():
    _, guide, raw = scene()
    scaled, _, _ = scale_guide(guide, 0.1)
    corners = find_background(guide, raw, settings(criterion="flattest", maximum_patches=500)).corners
    patches = cut_patches(scaled, corners, 32)
    quarter, sixteenth = (lowest_similarity(local_patches(patches, count)) for count in (4, 16))
    assert sixteenth.mean() < quarter.mean()
