"""Particles cut out of micrographs, and normalised."""

from __future__ import annotations

import numpy as np
import pytest

from clearice.image.boxes import box_side_px, cut_particles, normalise_boxes


def test_a_box_holds_its_particle_in_the_middle() -> None:
    image = np.zeros((60, 80), np.float32)
    image[25, 41] = 7
    boxes, fit = cut_particles(image, np.array([[25.2, 40.9]]), 16)
    assert fit.tolist() == [True]
    assert boxes[0, 8, 8] == 7


def test_boxes_over_the_edge_are_left_out() -> None:
    image = np.zeros((60, 80), np.float32)
    boxes, fit = cut_particles(image, np.array([[8.0, 8], [7, 8], [52, 72], [53, 72]]), 16)
    assert fit.tolist() == [True, False, True, False]
    assert boxes.shape == (2, 16, 16)
    assert cut_particles(image, np.empty((0, 2)), 16)[0].shape == (0, 16, 16)


def test_the_background_has_mean_zero_and_sd_one() -> None:
    boxes = np.random.default_rng(0).normal(50, 9, (5, 64, 64)).astype(np.float32)
    boxes[:, 24:40, 24:40] -= 100
    normal = normalise_boxes(boxes, 20.0)
    rows, columns = np.ogrid[:64, :64]
    outside = (rows - 32) ** 2 + (columns - 32) ** 2 > 400
    assert normal[:, outside].mean(axis=1) == pytest.approx(0, abs=1e-4)
    assert normal[:, outside].std(axis=1) == pytest.approx(1, abs=1e-4)
    assert normal[:, 32, 32].max() < -5


def test_box_sides_are_even() -> None:
    assert [box_side_px(length) for length in (10.0, 10.1, 11.0, 12.0)] == [10, 12, 12, 12]


def test_what_cannot_be_cut_is_refused() -> None:
    image = np.zeros((60, 80), np.float32)
    for side in (15, 62, 0):
        with pytest.raises(ValueError, match="even and fit"):
            cut_particles(image, np.array([[30.0, 30.0]]), side)
    with pytest.raises(ValueError, match="larger box"):
        normalise_boxes(np.ones((1, 16, 16), np.float32), 12.0)
    with pytest.raises(ValueError, match="flat"):
        normalise_boxes(np.ones((1, 16, 16), np.float32), 6.0)
