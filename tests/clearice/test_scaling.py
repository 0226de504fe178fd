from __future__ import annotations

import numpy as np
import pytest

from clearice.image.scaling import fill_not_finite, restore, standardise


def image(offset: float = 3.0, spread: float = 2.0) -> np.ndarray:
    return (offset + spread * np.random.default_rng(1).standard_normal((40, 30))).astype(np.float32)


def test_a_standardised_image_has_mean_zero_and_deviation_one() -> None:
    scaled, mean, sd = standardise(image())
    assert scaled.dtype == np.float32
    assert abs(float(scaled.mean(dtype=np.float64))) < 1e-6
    assert float(scaled.std(dtype=np.float64)) == pytest.approx(1, abs=1e-6)
    assert mean == pytest.approx(float(image().mean(dtype=np.float64)), abs=1e-6)
    assert sd == pytest.approx(float(image().std(dtype=np.float64)), rel=1e-6)


def test_restoring_undoes_standardising() -> None:
    scaled, mean, sd = standardise(image())
    assert np.allclose(restore(scaled, mean, sd), image(), atol=1e-5)


def test_units_do_not_matter() -> None:
    assert np.allclose(standardise(image())[0], standardise(-7 + 250 * image())[0], atol=1e-5)


def test_small_fluctuations_on_a_large_offset_survive() -> None:
    steps = np.random.default_rng(0).integers(0, 8, (50, 50)).astype(np.float32)
    _, mean, sd = standardise(steps + np.float32(1e6))
    assert sd == pytest.approx(float(steps.std()), rel=1e-5)
    assert mean == pytest.approx(1e6 + float(steps.mean()), rel=1e-7)


def test_standardising_leaves_its_input_alone() -> None:
    before = image()
    standardise(before)
    assert np.array_equal(before, image())


@pytest.mark.parametrize("value", [0.0, 0.1, -3e7])
def test_a_constant_image_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="constant"):
        standardise(np.full((9, 7), value, np.float32))


def test_an_image_with_nan_is_refused() -> None:
    holes = image()
    holes[3, 4] = np.nan
    with pytest.raises(ValueError, match="fill them first"):
        standardise(holes)


def test_pixels_without_a_number_get_the_median_and_are_counted() -> None:
    holes = image()
    holes[3, 4], holes[5, 5], holes[0, 0] = np.nan, np.inf, -np.inf
    filled, count = fill_not_finite(holes)
    finite = np.isfinite(holes)
    assert count == 3
    assert np.array_equal(filled[finite], holes[finite])
    assert np.all(filled[~finite] == np.median(holes[finite]))
    assert np.isnan(holes[3, 4])  # the input stays as it was


def test_a_whole_image_is_given_back_itself() -> None:
    whole = image()
    filled, count = fill_not_finite(whole)
    assert filled is whole
    assert count == 0


def test_an_image_without_any_number_is_refused() -> None:
    with pytest.raises(ValueError, match="no pixel"):
        fill_not_finite(np.full((4, 4), np.nan, np.float32))
