from __future__ import annotations

import numpy as np
import pytest

from clearice.simulation.exposure import critical_dose_e_per_A2, damage_average, drift_path_A

G = np.linspace(0.01, 0.5, 50)


def test_the_critical_dose_is_that_of_grant_and_grigorieff() -> None:
    # 0.245 g^-1.665 + 2.81
    g = np.array([1 / 3, 1 / 10])
    assert critical_dose_e_per_A2(g, 300) == pytest.approx([4.336, 14.138], abs=2e-3)
    assert critical_dose_e_per_A2(g, 200) == pytest.approx(0.8 * critical_dose_e_per_A2(g, 300))
    assert critical_dose_e_per_A2(g, 100) == pytest.approx(0.64 * critical_dose_e_per_A2(g, 300))


def test_damage_takes_high_resolution_first_and_grows() -> None:
    little, much = (damage_average(G, 300, 0.0, dose) for dose in (2.0, 50.0))
    assert (np.diff(much) < 0).all() and (much < little).all() and (little <= 1).all()
    assert (damage_average(G, 200, 0.0, 50.0) < much).all()  # slower electrons do more harm


def test_average_damage_is_the_mean_over_the_exposure() -> None:
    dose = np.linspace(10.0, 30.0, 20_001)
    amplitudes = np.exp(-dose[:, None] / (2 * critical_dose_e_per_A2(G, 300)))
    assert np.allclose(damage_average(G, 300, 10.0, 30.0), amplitudes.mean(axis=0), rtol=1e-3)


def test_parts_of_an_exposure_average_to_the_whole() -> None:
    parts = np.mean([damage_average(G, 300, first, first + 4.0) for first in (0.0, 4.0, 8.0)], axis=0)
    assert np.allclose(parts, damage_average(G, 300, 0.0, 12.0))


def test_drift_has_its_length_no_mean_and_slows_down() -> None:
    path = drift_path_A(40, 12.0, np.random.default_rng(0))
    assert path.shape == (40, 2) and np.allclose(path.mean(axis=0), 0.0)
    assert np.linalg.norm(path[-1] - path[0]) == pytest.approx(12.0)
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    assert steps[:8].mean() > 2 * steps[-8:].mean()
    assert not drift_path_A(40, 0.0, np.random.default_rng(0)).any()
