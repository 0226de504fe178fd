"""Laws of the linear filters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from clearice.config.registry import all_kinds
from clearice.denoisers.registry import Evidence, load_denoiser
from clearice.image import filters

FILTERS = {
    "lowpass": {"resolution_A": 20.0, "edge_fraction": 0.2},
    "bandpass": {"coarsest_A": 200.0, "finest_A": 20.0, "edge_fraction": 0.2},
    "binning": {"factor": 2},
    "gaussian": {"sigma_px": 9.0, "window_px": 5},
}
PIXEL_A = 2.0


@pytest.fixture(params=sorted(FILTERS))
def denoise(request: pytest.FixtureRequest) -> Callable[[np.ndarray, float], np.ndarray]:
    return filter_of(request.param, **FILTERS[request.param])


def filter_of(kind: str, **settings: float) -> Callable[[np.ndarray, float], np.ndarray]:
    """Make the filter of a method of some kind."""
    own = all_kinds()[kind].settings.model_validate({"kind": kind, **settings})
    return lambda image, pixel_size_A: load_denoiser(kind)(image, pixel_size_A, own, Evidence(image))


def noise(shape: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(1).normal(3, 1, shape).astype(np.float32)


def wave(period_px: float, shape: tuple[int, int] = (128, 160)) -> np.ndarray:
    return np.broadcast_to(np.sin(2 * np.pi * np.arange(shape[1]) / period_px), shape).astype(np.float32)


def strength(image: np.ndarray) -> float:
    return float(image[40:-40, 40:-40].std())


def test_a_constant_stays_constant(denoise: Callable[[np.ndarray, float], np.ndarray]) -> None:
    assert np.allclose(denoise(np.full((70, 90), 5, np.float32), PIXEL_A), 5, atol=1e-4)


def test_shape_and_type_stay_for_any_size(denoise: Callable[[np.ndarray, float], np.ndarray]) -> None:
    for shape in ((64, 64), (61, 83)):
        result = denoise(noise(shape), PIXEL_A)
        assert result.shape == shape and result.dtype == np.float32


def test_a_filter_is_linear_once_the_mean_is_taken_off(
    denoise: Callable[[np.ndarray, float], np.ndarray],
) -> None:
    a, b = noise((64, 80)) - 3, wave(32, (64, 80))
    assert np.allclose(denoise(2 * a + b, PIXEL_A), 2 * denoise(a, PIXEL_A) + denoise(b, PIXEL_A), atol=1e-4)


def test_noise_loses_variance_and_keeps_its_mean(denoise: Callable[[np.ndarray, float], np.ndarray]) -> None:
    image = noise((128, 128))
    result = denoise(image, PIXEL_A)
    assert result.std() < 0.8 * image.std()
    assert abs(result.mean() - image.mean()) < 0.02


@pytest.mark.parametrize(("period_px", "expected"), [(16, 1.0), (10, 0.5), (6, 0.0)])
def test_lowpass_leaves_half_the_amplitude_at_its_resolution(period_px: float, expected: float) -> None:
    kept = filters.lowpass(wave(period_px), pixel_size_A=PIXEL_A, resolution_A=20, edge_fraction=0.2)
    assert strength(kept) / strength(wave(period_px)) == pytest.approx(expected, abs=0.04)


@pytest.mark.parametrize(("period_px", "expected"), [(4.5, 1.0), (3.5, 0.0)])
def test_binning_drops_what_a_coarser_grid_cannot_hold(period_px: float, expected: float) -> None:
    kept = filters.binned(wave(period_px), factor=2)
    assert strength(kept) / strength(wave(period_px)) == pytest.approx(expected, abs=0.05)


def test_bandpass_removes_slow_gradients_too() -> None:
    slow = np.broadcast_to(np.linspace(-1, 1, 256, dtype=np.float32), (256, 256))
    kept = filters.bandpass(slow, pixel_size_A=PIXEL_A, coarsest_A=100, finest_A=20, edge_fraction=0.2)
    assert strength(kept) < 0.1 * strength(slow)


def test_gaussian_agrees_with_its_definition() -> None:
    point = np.zeros((21, 21), np.float32)
    point[10, 10] = 1
    line = np.exp(-0.5 * (np.arange(-2, 3) / 1.5) ** 2)
    kernel = np.outer(line, line) / line.sum() ** 2
    assert np.allclose(filters.gaussian(point, sigma_px=1.5, window_px=5)[8:13, 8:13], kernel, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        ("lowpass", {"resolution_A": 3.0}, "finer than Nyquist"),
        ("bandpass", {"coarsest_A": 10.0}, "coarsest_A is 10 and finest_A 20"),
        ("binning", {"factor": 100}, "less than or equal to 16"),
        ("gaussian", {"window_px": 4}, "must be odd"),
    ],
)
def test_impossible_settings_are_refused_in_one_sentence(kind: str, change: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        filter_of(kind, **{**FILTERS[kind], **change})(noise((64, 64)), PIXEL_A)


def test_an_unknown_filter_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ValueError, match="filter 'sharpen' is unknown; use one of bandpass, binning, bm3d, gaussian, lowpass"
    ):
        load_denoiser("sharpen")


def test_a_binning_that_leaves_no_pixel_and_a_band_that_is_empty_are_refused() -> None:
    with pytest.raises(ValueError, match="binning by 100 does not fit"):
        filters.binned(noise((64, 64)), factor=100)
    with pytest.raises(ValueError, match="is empty; coarsest_A must be larger than finest_A"):
        filters.bandpass(
            noise((64, 64)), pixel_size_A=PIXEL_A, coarsest_A=10.0, finest_A=20.0, edge_fraction=0.2
        )


def test_an_image_without_pixel_size_cannot_be_filtered_in_angstrom() -> None:
    with pytest.raises(ValueError, match="the image has no pixel size"):
        filter_of("lowpass", **FILTERS["lowpass"])(noise((64, 64)), 0.0)
