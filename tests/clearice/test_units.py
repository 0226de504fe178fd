"""Lengths and pixel sizes: what counts as one size, and what is refused."""

from __future__ import annotations

import pytest

from clearice.image.units import (
    HEADER,
    ROUNDING,
    check_same_pixel_size,
    check_whole_groups,
    commonest_pixel_size,
    length_px,
    same_pixel_size,
)


def test_a_length_is_as_many_pixels_as_fit_into_it() -> None:
    assert length_px(30.0, 1.5) == 20.0
    with pytest.raises(ValueError, match="no pixel size in its header"):
        length_px(30.0, 0.0)


@pytest.mark.parametrize("tolerance", [ROUNDING, HEADER])
@pytest.mark.parametrize("size_A", [0.5, 1.057, 12.0])
def test_pixel_sizes_are_the_same_up_to_the_tolerance_and_either_way_round(
    tolerance: float, size_A: float
) -> None:
    near, far = size_A * (1 + 0.99 * tolerance), size_A * (1 + 1.02 * tolerance)
    assert same_pixel_size(size_A, near, tolerance) and same_pixel_size(near, size_A, tolerance)
    assert not same_pixel_size(size_A, far, tolerance) and not same_pixel_size(far, size_A, tolerance)


def test_an_unknown_pixel_size_is_the_same_as_an_unknown_one_only() -> None:
    assert same_pixel_size(0.0, 0.0)
    assert not same_pixel_size(0.0, 1.0, HEADER)


def test_rounding_passes_in_a_training_and_more_is_refused() -> None:
    check_same_pixel_size("a", 1.0, "b", 1.0005)
    with pytest.raises(ValueError, match=r"a has 1 A/px, but b 1\.01; set rescale_to_A"):
        check_same_pixel_size("a", 1.0, "b", 1.01)


def test_the_commonest_pixel_size_is_that_of_most_and_of_several_the_first() -> None:
    assert commonest_pixel_size([1.0, 3.0, 3.001]) == 3.0
    assert commonest_pixel_size([1.0, 3.0]) == 1.0
    assert commonest_pixel_size([]) == 0.0


def test_a_group_of_another_pixel_size_is_refused_and_a_single_one_is_not() -> None:
    check_whole_groups("abc", [1.0, 1.0, 2.0], [0, 0, 1])
    check_whole_groups("abcd", [1.0, 1.0, 1.0, 2.0], [0, 0, 1, 1])
    with pytest.raises(ValueError, match="c has 2 A/px, but a 1; set rescale_to_A"):
        check_whole_groups("abcde", [1.0, 1.0, 2.0, 2.0, 1.0], [0, 0, 1, 1, 2])
