"""Two images that are to have noise of their own are asked for it."""

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from clearice.files.pictures import read_image
from clearice.movies.copies import check_no_copy, check_not_blank, check_own_noise

NAMES = ("A", "B")
SHIPPED = Path(__file__).resolve().parents[2] / "resources/empiar10146"


def _pair(mean=20.0, contrast=0.1, side=256, frames=2, seed=0):
    """Draw exposures of one field."""
    generator = np.random.default_rng(seed)
    slow = gaussian_filter(generator.normal(size=(side, side)), 2)
    field = mean * np.clip(1 + contrast * slow / slow.std(), 0.01, None)
    return [generator.poisson(field).astype(np.float32) for _ in range(frames)]


@pytest.mark.parametrize("mean", [1, 20, 400])
@pytest.mark.parametrize("contrast", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("changed", [lambda one: one, lambda one: 2 * one, lambda one: one - one.mean()])
def test_independent_exposures_pass(mean, contrast, changed):
    one, other, third = _pair(mean, contrast, frames=3)
    check_own_noise(changed(one), changed(other), NAMES)
    check_own_noise(one, other + third, NAMES)


def test_dead_and_hot_pixels_of_the_detector_are_no_copy():
    one, other = _pair()
    for image in (one, other):
        image[::40] = 0
        image[:, ::17] = 9000
    check_own_noise(one, other, NAMES)


@pytest.mark.parametrize(
    "copy",
    [
        lambda one: one.copy(),
        lambda one: 3 * one,
        lambda one: 0.5 * one + 7,
        lambda one: -one,
        lambda one: np.rint(37.7 * one),
        lambda one: (one - one.mean()) / one.std(),
    ],
)
def test_a_copy_in_any_units_is_refused(copy):
    one, _ = _pair()
    with pytest.raises(ValueError, match="A and B are equal|B is a scaled copy of A"):
        check_no_copy(one, copy(one), NAMES)


@pytest.mark.parametrize("mean", [1, 20, 400])
@pytest.mark.parametrize("contrast", [0.0, 0.2])
def test_the_full_sum_or_its_mean_in_place_of_a_half_is_refused(mean, contrast):
    one, other = _pair(mean, contrast, side=512)
    full = one + other
    with pytest.raises(ValueError, match="B holds A, as the full sum does"):
        check_own_noise(one, full, NAMES)
    with pytest.raises(ValueError, match="A holds B"):
        check_own_noise(full / 2, other, NAMES)
    with pytest.raises(ValueError, match="B holds A"):
        check_own_noise(one - one.mean(), full - full.mean(), NAMES)


def test_a_frame_and_the_rest_of_its_movie_pass_but_not_a_frame_and_all_of_it():
    frames = np.stack(_pair(2, side=720, frames=10))
    check_own_noise(frames[0], frames[1:].sum(axis=0), NAMES)
    with pytest.raises(ValueError, match="B holds A"):
        check_own_noise(frames[0], frames.sum(axis=0), NAMES)


@pytest.mark.parametrize("path", sorted((SHIPPED / "frames").glob("*.png")), ids=lambda path: path.name)
def test_a_shipped_frame_and_the_rest_of_its_movie_pass(path):
    rest = read_image(SHIPPED / "rests/apoferritin_frame" / path.name).pixels
    check_own_noise(read_image(path).pixels, rest, NAMES)


@pytest.mark.parametrize("value", [0, 7.5, -3])
def test_a_blank_image_is_refused(value):
    with pytest.raises(ValueError, match=rf"x\.mrc is blank: all its pixels are {value:g}"):
        check_not_blank(np.full((8, 9), value, np.float32), "x.mrc")
    image = np.full((8, 9), value, np.float32)
    image[7, 8] += 1
    check_not_blank(image, "x.mrc")
