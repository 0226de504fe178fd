"""Pictures show all methods of a micrograph in one grey scale, with a true scale bar."""

from __future__ import annotations

import numpy as np
import pytest

from clearice.config.reporting import PreviewSettings
from clearice.reporting.previews import (
    bar_length_A,
    centre,
    draw_panels,
    grey_scale,
    to_grey,
    whole_field,
    with_scale_bar,
)

SETTINGS = PreviewSettings(
    per_batch=1, width_px=64, detail_px=32, reference_resolution_A=20.0, contrast_sd=4.0
)


def test_black_and_white_are_the_ends_of_the_scale() -> None:
    image = np.array([[-9, 0, 5, 10, 99, np.nan]], np.float32)
    assert to_grey(image, 0, 10).tolist() == [[0, 0, 128, 255, 255, 0]]


def test_the_scale_is_centred_on_the_mean_and_follows_the_coarse_contrast() -> None:
    rows = np.sin(2 * np.pi * np.arange(256) / 64)
    image = np.tile(5 + rows, (256, 1)).astype(np.float32)
    noisy = image + np.random.default_rng(1).normal(0, 5, image.shape).astype(np.float32)
    black, white = grey_scale(noisy, pixel_size_A=1.0, resolution_A=32, contrast_sd=4)
    assert (black + white) / 2 == pytest.approx(5, abs=0.1)
    assert (white - black) / 8 == pytest.approx(rows.std(), rel=0.15)


def test_a_constant_image_has_a_scale_too() -> None:
    black, white = grey_scale(
        np.full((32, 32), 7, np.float32), pixel_size_A=1.0, resolution_A=8, contrast_sd=4
    )
    assert black < 7 < white


def test_the_whole_field_is_an_area_average() -> None:
    image = np.repeat(np.repeat(np.arange(16, dtype=np.float32).reshape(4, 4), 25, 0), 25, 1)
    small, factor = whole_field(image, 20)
    assert small.shape == (20, 20) and factor == 5
    assert small.mean() == pytest.approx(image.mean(), rel=0.01)
    same, one = whole_field(image, 500)
    assert same is image and one == 1


def test_the_centre_is_cut_from_the_middle() -> None:
    image = np.arange(100, dtype=np.float32).reshape(10, 10)
    assert centre(image, 2).tolist() == [[44, 45], [54, 55]]
    assert centre(image, 50).shape == (10, 10)


@pytest.mark.parametrize(("width_A", "length_A"), [(1500, 200), (2600, 500), (5000, 1000), (9, 1)])
def test_the_bar_has_a_round_length_below_a_fifth_of_the_width(width_A: float, length_A: int) -> None:
    assert bar_length_A(width_A) == length_A


def test_the_bar_is_as_long_as_it_says() -> None:
    picture = with_scale_bar(np.full((300, 400), 128, np.uint8), 5.0)
    rows, columns = np.nonzero(picture == 255)
    bar = columns[rows == rows.max()]
    assert (bar.max() - bar.min()) * 5.0 == pytest.approx(bar_length_A(400 * 5.0), rel=0.05)


def test_without_a_pixel_size_no_bar_is_drawn() -> None:
    picture = np.full((50, 50), 9, np.uint8)
    assert with_scale_bar(picture, 0.0) is picture


def test_panels_have_the_grey_scale_of_the_raw_image() -> None:
    """An image twice as strong as its raw one looks twice as strong, and is not scaled back."""
    raw = np.random.default_rng(1).normal(0, 1, (128, 128)).astype(np.float32)
    weak, strong = (
        draw_panels(factor * raw, raw, pixel_size_A=10.0, raw_pixel_size_A=10.0, settings=SETTINGS)[0][:32]
        for factor in (1, 2)
    )  # the upper half: the scale bar is below
    assert strong.std() == pytest.approx(2 * weak.std(), rel=0.1)


@pytest.mark.parametrize("binning", [1, 2])
def test_the_detail_shows_the_same_field_at_any_pixel_size(binning: int) -> None:
    raw = np.zeros((256, 256), np.float32)
    image = np.zeros((256 // binning, 256 // binning), np.float32)
    field, detail = draw_panels(
        image, raw, pixel_size_A=1.5 * binning, raw_pixel_size_A=1.5, settings=SETTINGS
    )
    assert field.shape == (64, 64)
    assert detail.shape == (32 // binning, 32 // binning)
