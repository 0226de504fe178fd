"""Patches: where they lie, what they hold."""

import numpy as np
import pytest

from clearice.image.highpass import highpass
from clearice.image.patches import (
    cut_patches,
    grid_corners,
    local_patches,
    outlined,
    random_corners,
    smaller_patches,
    touched,
)
from clearice.noise.preparation import prepared


@pytest.fixture
def image():
    return np.random.default_rng(0).standard_normal((37, 53)).astype(np.float32)


def test_a_grid_without_overlap_cuts_every_pixel_once():
    corners = grid_corners((32, 48), 16, 16)
    counted = np.zeros((32, 48), int)
    for y, x in corners:
        counted[y : y + 16, x : x + 16] += 1
    assert (counted == 1).all()


def test_a_grid_that_reaches_the_edge_covers_every_pixel():
    counted = np.zeros((37, 53), int)
    for y, x in grid_corners((37, 53), 16, 12, reach_edge=True):
        counted[y : y + 16, x : x + 16] += 1
    assert counted.min() >= 1


def test_half_steps_give_overlapping_neighbours():
    corners = grid_corners((16, 32), 16, 8)
    assert corners.tolist() == [[0, 0], [0, 8], [0, 16]]


def test_an_image_smaller_than_a_patch_has_no_corner_on_the_grid():
    assert grid_corners((10, 100), 16, 8).shape == (0, 2)


def test_cut_patches_are_the_pixels_at_their_corners(image):
    corners = np.array([[0, 0], [21, 37], [5, 11]])
    for patch, (y, x) in zip(cut_patches(image, corners, 16), corners, strict=True):
        np.testing.assert_array_equal(patch, image[y : y + 16, x : x + 16])


@pytest.mark.parametrize("corner", [(-1, 0), (22, 0), (0, 38)])
def test_a_patch_over_the_edge_is_refused(image, corner):
    with pytest.raises(ValueError, match="reaches over the edge of an image of 37 x 53 px"):
        cut_patches(image, np.array([corner]), 16)


def test_random_corners_reach_all_places_and_no_other():
    corners = random_corners((18, 20), 16, 2000, np.random.default_rng(1))
    assert {tuple(c) for c in corners.tolist()} == {(y, x) for y in range(3) for x in range(5)}


def test_random_corners_refuse_too_large_patches():
    with pytest.raises(ValueError, match="holds no patch of 64 px"):
        random_corners((37, 53), 64, 1, np.random.default_rng(0))


def test_quadrants_put_together_are_the_patch(image):
    patch = image[None, :32, :32]
    a, b, c, d = local_patches(patch, 4)[0]
    np.testing.assert_array_equal(np.block([[a, b], [c, d]]), patch[0])


def test_nine_local_patches_leave_the_rest_out(image):
    local = local_patches(image[None, :32, :32], 9)
    assert local.shape == (1, 9, 10, 10)
    np.testing.assert_array_equal(local[0, 5], image[10:20, 20:30])


def test_smaller_patches_overlap_by_half_and_equal_ones_stay(image):
    patches = np.stack([image[:32, :32], image[5:37, 20:52]])
    smaller = smaller_patches(patches, 16)
    assert smaller.shape == (2 * 9, 16, 16)
    np.testing.assert_array_equal(smaller[4], patches[0, 8:24, 8:24])
    assert smaller_patches(patches, 32) is patches
    with pytest.raises(ValueError, match="patches of 32 px hold none of 64 px"):
        smaller_patches(patches, 64)


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_a_patch_is_only_divided_into_squares(count):
    with pytest.raises(ValueError, match="cannot be divided"):
        local_patches(np.zeros((1, 16, 16), np.float32), count)


def test_touched_agrees_with_looking_at_every_patch():
    mask = np.random.default_rng(3).random((40, 60)) < 0.002
    corners = grid_corners((40, 60), 12, 5)
    expected = [mask[y : y + 12, x : x + 12].any() for y, x in corners]
    assert touched(mask, corners, 12).tolist() == expected
    assert any(expected)
    assert not all(expected)


def test_an_outline_lies_on_the_border_of_its_patch(image):
    image[0, 0] = np.nan
    picture = outlined(image, np.array([[4, 6]]), 10, (255, 0, 0))
    coloured = (picture == (255, 0, 0)).all(axis=-1)
    expected = np.zeros(image.shape, bool)
    expected[4:14, 6:16] = True
    expected[5:13, 7:15] = False
    np.testing.assert_array_equal(coloured, expected)


def test_a_highpass_removes_a_gradient_and_keeps_mean_and_fine_detail(image):
    large = np.random.default_rng(4).standard_normal((128, 160)).astype(np.float32)
    gradient = 100 + np.linspace(0, 20, 160, dtype=np.float32)[None, :] * np.ones((128, 1), np.float32)
    passed = highpass(large + gradient, pixel_size_A=2.0, length_A=100.0)
    assert passed.mean() == pytest.approx((large + gradient).mean(), rel=1e-5)
    assert abs(passed[:, :40].mean() - passed[:, -40:].mean()) < 0.6
    assert np.corrcoef(passed.ravel(), large.ravel())[0, 1] > 0.97


def test_a_highpass_of_a_constant_is_the_constant():
    constant = np.full((40, 50), 7.0, np.float32)
    np.testing.assert_allclose(highpass(constant, pixel_size_A=1.0, length_A=20.0), constant, rtol=1e-6)


def test_a_highpass_halves_a_wave_of_its_length():
    wave = np.cos(2 * np.pi * np.arange(256) / 32).astype(np.float32)[None, :] * np.ones((256, 1), np.float32)
    passed = highpass(wave, pixel_size_A=1.5, length_A=48.0)
    assert passed[64:192, 64:192].std() / wave[64:192, 64:192].std() == pytest.approx(0.5, rel=0.02)


def test_a_highpass_leaves_bad_pixels_bad_and_the_rest_finite(image):
    image[3, 4] = np.nan
    passed = highpass(image, pixel_size_A=1.0, length_A=10.0)
    assert np.isnan(passed[3, 4])
    assert np.isfinite(passed).sum() == image.size - 1


def test_preparing_keeps_bad_pixels_bad_on_a_coarser_grid():
    noise = np.random.default_rng(5).standard_normal((120, 160)).astype(np.float32)
    clean, size_A = prepared(noise, pixel_size_A=1.5, rescale_to_A=3.0, highpass_A=0.0)
    assert (clean.shape, size_A) == ((60, 80), 3.0)
    assert clean.std() == pytest.approx(0.5, rel=0.05)
    noise[50, 90] = np.inf
    broken, _ = prepared(noise, pixel_size_A=1.5, rescale_to_A=3.0, highpass_A=60.0)
    bad = np.argwhere(~np.isfinite(broken))
    assert [25, 45] in bad.tolist()
    assert np.abs(bad - [25, 45]).max() <= 1
    expected, _ = prepared(
        np.where(np.isfinite(noise), noise, 0), pixel_size_A=1.5, rescale_to_A=3.0, highpass_A=60.0
    )
    rest = np.isfinite(broken)
    assert np.abs(broken - expected)[rest].max() < 0.05


def test_preparing_refuses_a_finer_pixel_size():
    with pytest.raises(ValueError, match="cannot be rescaled to 1 A/px"):
        prepared(np.zeros((20, 20), np.float32), pixel_size_A=3.0, rescale_to_A=1.0, highpass_A=0.0)


def test_no_highpass_is_no_change_and_a_fine_one_is_refused(image):
    assert highpass(image, pixel_size_A=1.0, length_A=0.0) is image
    with pytest.raises(ValueError, match="would remove the image"):
        highpass(image, pixel_size_A=3.0, length_A=6.0)
