"""Dead areas: what is constant by defect is found at any dose, what is equal by chance is not."""

import numpy as np
import pytest
import scipy.ndimage

from clearice.noise.dead_areas import dead_areas, without_dead_areas

SIDE = 320


def counts(mean, seed=0, side=SIDE):
    return np.random.default_rng(seed).poisson(mean, (side, side)).astype(np.float32)


DEAD = {
    "a zero border": (np.s_[:12, :], 0.0),
    "a single zero row at the edge": (np.s_[-1, :], 0.0),
    "a dead column": (np.s_[:, 200], 0.0),
    "two saturated columns": (np.s_[:, 30:32], 255.0),
    "a saturated square": (np.s_[100:130, 150:180], 7.0),
    "a zero half": (np.s_[:, : SIDE // 2], 0.0),
    "all but a stripe": (np.s_[: SIDE - 20, :], 1.0),
}


@pytest.mark.parametrize("mean", [0.5, 1.0, 3.0, 40.0])
def test_counts_that_are_equal_by_chance_are_alive(mean):
    assert not any(dead_areas(counts(mean, seed)).any() for seed in range(3))


@pytest.mark.parametrize("mean", [0.5, 1.0, 3.0, 40.0])
@pytest.mark.parametrize("place", DEAD)
def test_a_dead_area_is_found_whole_and_its_surroundings_are_not(mean, place):
    image, dead = counts(mean), np.zeros((SIDE, SIDE), dtype=bool)
    where, value = DEAD[place]
    image[where], dead[where] = value, True
    found = dead_areas(image)
    assert found[dead].all()
    # Neighbours that have the dead value by chance may be taken for part of the area.
    assert not found[scipy.ndimage.distance_transform_edt(~dead) > 16].any()


def test_zeros_stay_alive_under_a_gain():
    gain = np.random.default_rng(1).normal(1.0, 0.05, (SIDE, SIDE)).astype(np.float32)
    image = counts(0.5) * gain
    assert not dead_areas(image).any()
    image[:, 77] = 0.0
    assert dead_areas(image)[:, 77].all()


def test_what_is_dead_does_not_depend_on_scale_turn_or_flip():
    image = counts(1.0)
    image[40:60, 70:120] = 3.0
    expected = dead_areas(image)
    np.testing.assert_array_equal(dead_areas(5.0 * image - 7.0), expected)
    np.testing.assert_array_equal(dead_areas(np.rot90(image)), np.rot90(expected))
    np.testing.assert_array_equal(dead_areas(image[::-1]), expected[::-1])


def test_three_by_three_equal_pixels_are_dead_where_no_two_pixels_are_equal_by_chance():
    image = np.random.default_rng(2).standard_normal((64, 64)).astype(np.float32)
    assert not dead_areas(image).any()
    image[10:13, 20:23] = 1.0
    expected = np.zeros((64, 64), dtype=bool)
    expected[10:13, 20:23] = True
    np.testing.assert_array_equal(dead_areas(image), expected)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (3, 3), (64, 64)])
def test_a_constant_image_is_dead_and_no_size_is_too_small(shape):
    assert dead_areas(np.full(shape, 2.0, np.float32)).all()
    assert not dead_areas(np.full(shape, np.nan, np.float32)).any()


def test_dead_areas_become_nan_and_nothing_else_changes():
    image = counts(3.0)
    image[:10] = 0.0
    marked = without_dead_areas(image)
    assert np.isnan(marked[:10]).all()
    np.testing.assert_array_equal(marked[10:][~np.isnan(marked[10:])], image[10:][~np.isnan(marked[10:])])
