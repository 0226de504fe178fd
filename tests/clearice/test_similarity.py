"""Pixel measures: agreement with scikit-image, and laws."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data, metrics

from clearice.image.similarity import affine_fit, mse, pearson, psnr_dB, ssim


def pair() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    truth = data.camera()[100:228, 100:228].astype(np.float32)
    noise = np.random.default_rng(0).standard_normal(truth.shape).astype(np.float32)
    return truth + 20 * noise, truth


def test_ssim_is_that_of_scikit_image_with_the_paper_s_settings() -> None:
    noisy, truth = pair()
    expected = metrics.structural_similarity(
        noisy, truth, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert ssim(noisy, truth, 255) == pytest.approx(expected, abs=1e-5)
    assert 0 < expected < 1


def test_psnr_and_mse_are_those_of_scikit_image() -> None:
    noisy, truth = pair()
    assert psnr_dB(noisy, truth, 255) == pytest.approx(
        metrics.peak_signal_noise_ratio(truth, noisy, data_range=255), abs=1e-4
    )
    assert mse(noisy, truth) == pytest.approx(metrics.mean_squared_error(noisy, truth), rel=1e-5)


def test_equal_images_are_perfect() -> None:
    _, truth = pair()
    assert ssim(truth, truth, 255) == pytest.approx(1.0)
    assert psnr_dB(truth, truth, 255) == float("inf")
    assert pearson(truth, truth) == pytest.approx(1.0)


def test_the_affine_fit_undoes_scale_and_offset() -> None:
    _, truth = pair()
    scale, offset = affine_fit(-0.5 * truth + 3, truth)
    assert (scale, offset) == (pytest.approx(-2, abs=1e-4), pytest.approx(6, abs=1e-2))


def test_a_flat_image_fits_as_the_mean() -> None:
    _, truth = pair()
    assert affine_fit(np.ones_like(truth), truth) == (0.0, pytest.approx(float(truth.mean()), rel=1e-4))
    assert pearson(np.ones_like(truth), truth) == 0.0


def test_what_cannot_be_compared_is_refused() -> None:
    noisy, truth = pair()
    with pytest.raises(ValueError, match="one size"):
        mse(noisy[1:], truth)
    with pytest.raises(ValueError, match="must be positive"):
        psnr_dB(noisy, truth, 0.0)
