from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from clearice.simulation.detectors import named_detector
from clearice.simulation.settings import effective_b_factors_A2, imaging_of, simulation_settings

VALUES: dict[str, Any] = {
    "mode": "weak_phase",
    "clean": "ctf",
    "signal_scale": 0.8,
    "damage": True,
    "dose_before_e_per_A2": 0,
    "frames": 1,
    "drift_A": 0.0,
    "empty_fraction": 0.25,
    "spacing": 0.9,
    "assembly": "",
    "ignore_b_factors": False,
    "b_factor_floor_A2": 20,
    "solvent": True,
    "astigmatism_um": 0.05,
    "chromatic_aberration_mm": 2.7,
    "energy_spread_eV": 0.7,
    "convergence_mrad": 0.05,
    "envelope_b_factor_A2": 60,
    "energy_filter": False,
    "ice_noise_scale": 1.0,
    "thickness_gradient_nm_per_um": 3,
    "background_power_A2": 0.005,
    "background_exponent": 1.5,
    "background_rolloff_A": 30,
    "detector_dqe0": None,
}


def test_settings_keep_their_values_and_types() -> None:
    settings = simulation_settings(VALUES)
    assert dataclasses.asdict(settings) == VALUES
    assert isinstance(settings.b_factor_floor_A2, float) and isinstance(settings.frames, int)


@pytest.mark.parametrize("name", sorted(VALUES))
def test_a_missing_setting_is_named_and_never_guessed(name: str) -> None:
    with pytest.raises(ValueError, match=f"lack {name} and"):
        simulation_settings({key: value for key, value in VALUES.items() if key != name})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"colour": "red"}, "unknown colour"),
        ({"frames": 1.5}, "frames is 1.5"),
        ({"damage": 1}, "damage is 1"),
        ({"mode": 3}, "mode is 3"),
        ({"signal_scale": "high"}, "signal_scale is 'high'"),
        ({"signal_scale": None}, "signal_scale is None"),
        ({"background_power_A2": float("nan")}, "background_power_A2 is nan"),
        ({"empty_fraction": 1.2}, "empty_fraction is 1.2"),
        ({"astigmatism_um": -0.1}, "astigmatism_um is -0.1"),
    ],
)
def test_wrong_settings_are_refused_by_name(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        simulation_settings(VALUES | change)


def test_super_resolution_halves_the_pixel_of_the_mtf() -> None:
    def imaging(super_resolution: int) -> float:
        return imaging_of(
            simulation_settings(VALUES),
            voltage_kV=300,
            spherical_aberration_mm=0,
            amplitude_contrast=0.07,
            dose_e_per_A2=2,
            ice_thickness_nm=30,
            detector=named_detector("K2", 300, None),
            detector_pixel_size_A=1.5,
            super_resolution=super_resolution,
        ).detector_pixel_A

    assert imaging(1) == 1.5 and imaging(2) == 0.75
    with pytest.raises(ValueError, match="super_resolution is 3"):
        imaging(3)


def test_b_factors_are_read_floored_or_ignored() -> None:
    own = np.array([0.0, 10.0, 90.0])
    assert list(effective_b_factors_A2(own, simulation_settings(VALUES))) == [20, 20, 90]
    assert list(effective_b_factors_A2(own, simulation_settings(VALUES | {"ignore_b_factors": True}))) == [
        20,
        20,
        20,
    ]
    assert list(effective_b_factors_A2(own, simulation_settings(VALUES | {"b_factor_floor_A2": 0}))) == [
        0,
        10,
        90,
    ]
