"""Margins: what is added is mirrored, what is inside stays, and cropping undoes it."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft
import torch

from clearice.image.padding import crop_margin, equal_margin, fast_margin, pad_mirrored, pad_to_multiple
from clearice.networks import unet

SHAPES = [(40, 61), (64, 64), (7, 300), (2, 2)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("wanted_px", [0, 3, 25, 1000])
def test_cropping_undoes_padding(shape: tuple[int, int], wanted_px: int) -> None:
    image = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    for margin in (equal_margin(shape, wanted_px), fast_margin(shape, wanted_px)):
        padded = pad_mirrored(image, margin)
        np.testing.assert_array_equal(crop_margin(padded, margin), image)


def test_the_border_is_mirrored_about_the_outermost_pixel() -> None:
    image = np.arange(12, dtype=np.float32).reshape(3, 4)
    padded = pad_mirrored(image, ((1, 2), (0, 1)))
    np.testing.assert_array_equal(padded[:, 0], image[[1, 0, 1, 2, 1, 0], 0])
    np.testing.assert_array_equal(padded[1], image[0, [0, 1, 2, 3, 2]])


@pytest.mark.parametrize("shape", SHAPES)
def test_an_equal_margin_is_as_wide_as_wanted_or_as_can_be_mirrored(shape: tuple[int, int]) -> None:
    assert equal_margin(shape, 1) == ((1, 1), (1, 1))
    most = min(shape) - 1
    assert equal_margin(shape, 1000) == ((most, most), (most, most))


def test_a_fast_margin_has_the_width_wanted_and_a_fast_length() -> None:
    shape = (97, 113)
    margin = fast_margin(shape, 20.2)
    for side, (before, after) in zip(shape, margin, strict=True):
        assert before == 21 and after >= before
        assert scipy.fft.next_fast_len(side + before + after, real=True) == side + before + after
    assert all(most <= side - 1 for side, (_, most) in zip(shape, fast_margin(shape, 1e6), strict=True))


@pytest.mark.parametrize("shape", [(1, 1), (5, 70), (64, 33)])
def test_padding_to_a_multiple_equals_that_of_the_network(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    expected = unet.pad_to_multiple(torch.from_numpy(image)[None, None], 32)[0, 0].numpy()
    assert np.array_equal(pad_to_multiple(image, 32), expected)
