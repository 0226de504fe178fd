"""Fidelity: each statistic sees what it is there for, and nothing in noise of one law."""

import numpy as np
import pytest
import scipy.ndimage

from clearice.noise.fidelity import compare_noise, crops_like


def noise(count=300, side=32, seed=0):
    return np.random.default_rng(seed).standard_normal((count, side, side)).astype(np.float32)


def table(real, fake, bands=4):
    return {row.statistic: row for row in compare_noise(real, fake, bands)}


def test_noise_of_one_law_agrees_in_all_rows():
    for name, row in table(noise(seed=1), noise(seed=2)).items():
        scale = max(abs(row.real), 0.2)
        assert row.fake == pytest.approx(row.real, abs=0.1 * scale), name
        assert row.first_half == pytest.approx(row.second_half, abs=0.15 * scale), name


def test_known_values_of_white_gaussian_noise():
    rows = table(noise(1000), noise(1000, seed=1))
    for name, value in [
        ("mean", 0),
        ("sd", 1),
        ("skewness", 0),
        ("excess_kurtosis", 0),
        ("autocorrelation_0_1", 0),
    ]:
        assert rows[name].real == pytest.approx(value, abs=0.02)
    assert rows["sd_of_patch_means"].real == pytest.approx(1 / 32, rel=0.1)
    assert rows["effective_rank"].real == pytest.approx(64, rel=0.02)
    powers = [row.real for name, row in rows.items() if name.startswith("power_")]
    assert len(powers) == 4
    np.testing.assert_allclose(powers, 1.0, rtol=0.05)


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (lambda n: n + 0.2, "mean"),
        (lambda n: 1.3 * n, "sd"),
        (lambda n: np.expm1(0.4 * n), "skewness"),
        (lambda n: n * np.abs(n), "excess_kurtosis"),
        (lambda n: n + 0.5 * n[:, :1, :1], "sd_of_patch_means"),
        (lambda n: n * (1 + 0.3 * n[:, :1, :1]), "sd_of_patch_sds"),
        (lambda n: scipy.ndimage.gaussian_filter(n, (0, 0.8, 0.8)), "power_0.375_to_0.500_per_px"),
        (lambda n: scipy.ndimage.gaussian_filter1d(n, 0.8, axis=2), "autocorrelation_0_1"),
        (lambda n: n * np.where(np.arange(32) % 2, 1.5, 1.0), "phase_spread_of_variance"),
        (lambda n: np.repeat(n[:, :, ::2], 2, axis=2), "effective_rank"),
    ],
)
def test_each_statistic_sees_its_fault(change, seen):
    row = table(noise(seed=3), change(noise(seed=4)))[seen]
    spread = max(abs(row.first_half - row.second_half), 0.005)
    assert abs(row.fake - row.real) > 5 * spread


def test_crops_are_of_the_patch_size_and_not_more_than_fit():
    real, fake = crops_like(noise(50), noise(4, side=64), np.random.default_rng(0))
    assert real.shape == (50, 32, 32)
    assert fake.shape == (16, 32, 32)
    real, fake = crops_like(noise(50), noise(60, side=16), np.random.default_rng(0))
    assert real.shape == (50, 16, 16)
    assert fake.shape == (50, 16, 16)


def test_too_little_noise_is_refused():
    with pytest.raises(ValueError, match="at least 2 patches"):
        compare_noise(noise(1), noise(5), 4)
    with pytest.raises(ValueError, match="at least 2 patches"):
        compare_noise(noise(5), noise(5, side=16), 4)
