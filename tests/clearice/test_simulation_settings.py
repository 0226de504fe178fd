from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from clearice.physics.detectors import named_detector
from clearice.physics.settings import (
    draw_defocus,
    draw_value,
    effective_b_factors_A2,
    empty_fields,
    imaging_of,
    parse_range,
    simulation_settings,
)

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


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.8-2.0", (0.8, 2.0)),
        ("1.2", (1.2, 1.2)),
        ("1.2,1.5,0.9", (1.2, 1.5, 0.9)),
        ("1,2", (1.0, 2.0, 1.0)),
    ],
)
def test_ranges_and_lists_are_read(text: str, values: tuple[float, ...]) -> None:
    assert parse_range(text, "defocus_um") == values


@pytest.mark.parametrize("text", ["", "far", "2.0-0.8", "1-2-3"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="defocus_um"):
        parse_range(text, "defocus_um")


def test_draws_stay_in_their_range_or_list() -> None:
    generator = np.random.default_rng(0)
    drawn = [draw_value((0.8, 2.0), generator) for _ in range(300)]
    assert 0.8 <= min(drawn) < 0.9 and 1.9 < max(drawn) <= 2.0
    assert {draw_value((1.0, 2.0, 5.0), generator) for _ in range(100)} == {1.0, 2.0, 5.0}
    defoci = [draw_defocus((1.0, 1.0), 0.2, generator) for _ in range(300)]
    assert all(one.u_um >= one.v_um for one in defoci)
    assert max(one.u_um - one.v_um for one in defoci) == pytest.approx(0.2, abs=0.01)
    assert np.mean([one.u_um + one.v_um for one in defoci]) == pytest.approx(2.0)


@pytest.mark.parametrize(("fraction", "number"), [(0.0, 0), (0.25, 5), (1.0, 20)])
def test_the_share_of_empty_fields_is_kept(fraction: float, number: int) -> None:
    assert empty_fields(20, fraction, np.random.default_rng(0)).sum() == number
