"""Rings of Fourier space: laws of power spectra, ring correlation and explained variance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from clearice.image.grids import apply_transfer, radial_frequencies
from clearice.image.rings import (
    band_correlation,
    crossing_frequency,
    explained_variance,
    radial_power,
    resolution_A,
    ring_correlation,
    ring_sums,
    transfer_of_rings,
)
from clearice.image.similarity import pearson

SHAPES = [(64, 64), (63, 64), (64, 63), (48, 80)]


def noise(shape: tuple[int, int], seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("shape", SHAPES)
def test_an_image_correlates_fully_with_itself_at_every_ring(shape: tuple[int, int]) -> None:
    curve = ring_correlation(ring_sums(noise(shape), 3 * noise(shape) + 7))
    assert curve[1:] == pytest.approx(1.0, abs=1e-6)


def test_independent_noise_correlates_nowhere() -> None:
    curve = ring_correlation(ring_sums(noise((256, 256)), noise((256, 256), 1), ring_width_px=8))
    assert np.abs(curve[1:]).max() < 0.2


@pytest.mark.parametrize("shape", SHAPES)
def test_rings_hold_the_whole_power_of_a_low_passed_image(shape: tuple[int, int]) -> None:
    """Parseval: both half planes are counted, and each once."""
    low = apply_transfer(noise(shape), (radial_frequencies(shape) < 0.4).astype(np.float32))
    low -= low.mean()
    sums = ring_sums(low, low)
    assert sums.power_first.sum() / low.size == pytest.approx(float((low.astype(float) ** 2).sum()), rel=1e-4)


def test_white_noise_has_a_flat_spectrum_of_its_variance() -> None:
    _, power = radial_power(2 * noise((256, 256)), ring_width_px=16)
    assert power[1:] == pytest.approx(4.0, rel=0.1)


def test_correlation_over_all_rings_is_that_of_the_images() -> None:
    """Within the Nyquist circle."""
    inside = (radial_frequencies((64, 64)) <= 0.5).astype(np.float32)
    first = apply_transfer(noise((64, 64)), inside)
    second = first + apply_transfer(noise((64, 64), 1), inside)
    assert band_correlation(ring_sums(first, second)) == pytest.approx(pearson(first, second), abs=1e-4)


def test_no_radial_filter_changes_the_explained_variance() -> None:
    signal, scene = noise((128, 128)), noise((128, 128), 1)
    first, second = signal + scene, signal + noise((128, 128), 2)
    sums = ring_sums(first, second)
    steps = np.random.default_rng(3).uniform(0.2, 3.0, sums.frequency.size)
    number = (
        np.rint(radial_frequencies((128, 128)).astype(float) * 128)
        .astype(int)
        .clip(0, sums.frequency.size - 1)
    )
    filtered = apply_transfer(first, steps[number].astype(np.float32))
    assert explained_variance(ring_sums(filtered, second)) == pytest.approx(
        explained_variance(sums), rel=1e-4
    )
    assert abs(pearson(filtered, second) - pearson(first, second)) > 0.01


def test_an_image_explains_itself_and_not_another() -> None:
    assert explained_variance(ring_sums(noise((64, 64)), noise((64, 64)))) == pytest.approx(1.0)
    assert explained_variance(ring_sums(noise((256, 256)), noise((256, 256), 1), 8).within(0.1, 0.5)) < 0.01


def test_a_crossing_is_found_between_rings() -> None:
    frequency = np.array([0.1, 0.2, 0.3])
    assert crossing_frequency(frequency, np.array([1.0, 0.6, 0.2]), 0.4) == pytest.approx(0.25)
    assert resolution_A(frequency, np.array([1.0, 0.6, 0.2]), 0.4, 1.5) == pytest.approx(6.0)


def test_a_curve_that_never_falls_gives_its_end_and_one_that_begins_below_gives_nothing() -> None:
    frequency = np.array([0.1, 0.2])
    assert crossing_frequency(frequency, np.array([0.9, 0.8]), 0.5) == pytest.approx(0.2)
    assert math.isnan(resolution_A(frequency, np.array([0.1, 0.9]), 0.5, 1.0))


def test_a_low_pass_moves_the_crossing_to_its_cut_off() -> None:
    truth = noise((128, 128))
    cut = apply_transfer(truth, (radial_frequencies((128, 128)) < 0.25).astype(np.float32))
    sums = ring_sums(cut + 1e-3 * noise((128, 128), 1), truth, ring_width_px=2)
    crossing = crossing_frequency(sums.frequency[1:], ring_correlation(sums)[1:], 0.5)
    assert crossing == pytest.approx(0.25, abs=0.02)


def test_pooled_sums_are_those_of_both_pairs() -> None:
    one, two = (
        ring_sums(noise((32, 32)), noise((32, 32), 1)),
        ring_sums(noise((32, 32), 2), noise((32, 32), 3)),
    )
    assert (one + two).cross == pytest.approx(one.cross + two.cross)
    with pytest.raises(ValueError, match="pooled"):
        one + ring_sums(noise((64, 64)), noise((64, 64)))


def test_a_curve_spreads_over_the_coefficients() -> None:
    spread = transfer_of_rings((64, 64), np.array([0.0, 0.8]), np.array([0.0, 0.8]))
    assert spread == pytest.approx(radial_frequencies((64, 64)), abs=1e-6)


def test_images_of_two_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        ring_sums(noise((32, 32)), noise((32, 33)))


def test_an_empty_band_is_refused() -> None:
    with pytest.raises(ValueError, match="no ring"):
        ring_sums(noise((32, 32)), noise((32, 32))).within(0.001, 0.002)
