"""Copies are told from second recordings, whatever their units and however strong what both show."""

import numpy as np
import pytest

from clearice.image.copies import is_copy


def field(seed=0, shape=(96, 80)):
    return np.random.default_rng(seed).poisson(40, shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(96, 80), (3, 300), (300, 3)])
@pytest.mark.parametrize(
    "changed",
    [lambda x: x, lambda x: 3 * x + 100, lambda x: -x, lambda x: x / x.mean(), lambda x: x.round(1)],
)
def test_an_image_is_its_copy_in_any_units(changed, shape):
    assert is_copy(field(shape=shape), changed(field(shape=shape)).astype(np.float32))


def test_two_recordings_are_not_even_where_what_they_show_is_far_stronger_than_their_noise():
    bars = np.ones((96, 80), np.float32)
    bars[:, 30:60] = 1000.0
    generator = np.random.default_rng(1)
    first, second = (generator.poisson(bars * 20).astype(np.float32) for _ in range(2))
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] > 0.999
    assert not is_copy(first, second)


def test_a_half_is_no_copy_of_the_sum_of_both():
    assert not is_copy(field(1), field(1) + field(2))


def test_one_line_more_of_the_same_is_no_copy():
    other = field(2)
    other[::1] = field(1)
    assert is_copy(field(1), other)
    other[1::2] = field(2)[1::2]
    assert not is_copy(field(1), other)


def test_a_constant_image_is_a_copy_of_nothing():
    flat = np.full((8, 8), 3.0, np.float32)
    assert not is_copy(flat, flat)
