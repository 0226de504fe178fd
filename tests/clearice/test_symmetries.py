"""The eight symmetries of the square, for arrays and tensors alike."""

import numpy as np
import pytest
import torch

from clearice.image.symmetries import SYMMETRIES, apply_symmetry

SQUARE = np.arange(9, dtype=np.float32).reshape(3, 3)


def test_the_symmetries_are_all_different_and_keep_all_pixels():
    turned = [apply_symmetry(SQUARE, symmetry) for symmetry in range(SYMMETRIES)]
    assert len({one.tobytes() for one in turned}) == SYMMETRIES == 8
    assert all(sorted(one.ravel()) == list(range(9)) for one in turned)
    np.testing.assert_array_equal(turned[0], SQUARE)


def test_one_turn_takes_the_right_column_to_the_top_and_the_fifth_flips_first():
    np.testing.assert_array_equal(apply_symmetry(SQUARE, 1)[0], SQUARE[:, -1])
    np.testing.assert_array_equal(apply_symmetry(SQUARE, 4), SQUARE[:, ::-1])
    np.testing.assert_array_equal(apply_symmetry(SQUARE, 5)[0], SQUARE[:, 0])


def test_two_symmetries_after_one_another_are_again_one_of_them():
    known = {apply_symmetry(SQUARE, symmetry).tobytes() for symmetry in range(SYMMETRIES)}
    for first in range(SYMMETRIES):
        for second in range(SYMMETRIES):
            both = apply_symmetry(apply_symmetry(SQUARE, first), second)
            assert both.tobytes() in known


@pytest.mark.parametrize("symmetry", range(SYMMETRIES))
def test_tensors_and_stacks_turn_as_single_arrays_do(symmetry):
    stack = np.random.default_rng(symmetry).standard_normal((4, 1, 5, 5)).astype(np.float32)
    expected = np.stack([[apply_symmetry(image[0], symmetry)] for image in stack])
    np.testing.assert_array_equal(apply_symmetry(stack, symmetry), expected)
    np.testing.assert_array_equal(apply_symmetry(torch.from_numpy(stack), symmetry).numpy(), expected)
