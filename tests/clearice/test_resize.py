import numpy as np
import pytest

from clearice.image.resize import fourier_bin, fourier_resample


def _band_limited(shape: tuple[int, int], highest: int, seed: int = 0) -> np.ndarray:
    """A sum of cosines of up to `highest` periods along each side."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]]
    image = np.full(shape, 3.0)
    for ky in range(-highest, highest + 1):
        for kx in range(highest + 1):
            phase = generator.uniform(0, 2 * np.pi)
            image += np.cos(2 * np.pi * (ky * y / shape[0] + kx * x / shape[1]) + phase)
    return image.astype(np.float32)


@pytest.mark.parametrize("large", [(40, 36), (41, 37), (40, 37)])
@pytest.mark.parametrize("small", [(20, 18), (21, 17), (20, 19)])
def test_band_limited_images_survive_down_and_up(large, small):
    image = _band_limited(large, 7)
    there = fourier_resample(image, small)
    assert there.shape == small and there.dtype == np.float32
    np.testing.assert_allclose(fourier_resample(there, large), image, atol=2e-4)


def test_resampling_gives_the_same_function_at_other_points():
    np.testing.assert_allclose(
        fourier_resample(_band_limited((48, 60), 5), (24, 20)), _band_limited((24, 20), 5), atol=2e-4
    )


@pytest.mark.parametrize("shape", [(12, 10), (13, 11), (40, 44), (12, 44)])
def test_mean_is_preserved(shape):
    image = np.random.default_rng(1).normal(5.0, 2.0, (32, 30)).astype(np.float32)
    assert fourier_resample(image, shape).mean() == pytest.approx(image.mean(), rel=1e-5)


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
def test_constants_stay_constant_and_remainders_are_dropped(factor):
    image = np.full((31, 26), 7.5, np.float32)
    binned = fourier_bin(image, factor)
    assert binned.shape == (31 // factor, 26 // factor)
    np.testing.assert_allclose(binned, 7.5, rtol=1e-6)


def test_up_and_down_again_is_nothing():
    image = np.random.default_rng(2).normal(size=(16, 18)).astype(np.float32)
    np.testing.assert_allclose(
        fourier_resample(fourier_resample(image, (35, 40)), (16, 18)), image, atol=1e-5
    )


def test_binning_is_linear():
    first, second = np.random.default_rng(3).poisson(20, (2, 30, 30)).astype(np.float32)
    np.testing.assert_allclose(
        fourier_bin(first + second, 2), fourier_bin(first, 2) + fourier_bin(second, 2), atol=1e-4
    )


def test_binning_keeps_white_noise_white_with_less_variance():
    noise = np.random.default_rng(4).normal(size=(256, 256)).astype(np.float32)
    assert fourier_bin(noise, 4).std() == pytest.approx(0.25, rel=0.05)


@pytest.mark.parametrize("factor", [0, -1, 20])
def test_impossible_factors_are_refused(factor):
    with pytest.raises(ValueError, match="use a"):
        fourier_bin(np.ones((30, 30), np.float32), factor)


def test_shapes_without_pixels_are_refused():
    with pytest.raises(ValueError, match="each side is at least 1"):
        fourier_resample(np.ones((4, 4), np.float32), (0, 4))
