from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from pydantic import ValidationError

from clearice.config.simulation import MovieSuffix, Physics, Simulation
from clearice.files.counts import MOVIE_SUFFIXES
from clearice.simulation.detectors import Detector, find_detector, named_detector
from clearice.simulation.image_formation import MODES
from clearice.simulation.imaging import CLEAN_KINDS, imaging_of
from clearice.simulation.structures import effective_b_factors_A2
from support.simulation import PHYSICS, small_physics, small_simulation


def test_settings_keep_their_values_and_types() -> None:
    dumped = small_physics().model_dump()
    assert dumped == PHYSICS
    assert isinstance(dumped["b_factor_floor_A2"], float) and isinstance(dumped["frames"], int)


@pytest.mark.parametrize("name", sorted(PHYSICS))
def test_a_missing_setting_is_named_and_never_guessed(name: str) -> None:
    with pytest.raises(ValidationError, match=name):
        Physics(**{key: value for key, value in PHYSICS.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("colour", "red"),
        ("frames", 1.5),
        ("frames", 0),
        ("damage", 1),
        ("mode", 3),
        ("mode", "magic"),
        ("signal_scale", "high"),
        ("signal_scale", None),
        ("background_power_A2", float("nan")),
        ("background_power_A2", -1.0),
        ("empty_fraction", 1.2),
        ("astigmatism_um", -0.1),
        ("detector_dqe0", 0.0),
    ],
)
def test_wrong_settings_are_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        small_physics(**{name: value})
    assert [error["loc"] for error in refused.value.errors()] == [(name,)]


def test_a_drift_needs_several_frames() -> None:
    assert small_physics(frames=2, drift_A=5.0).drift_A == 5.0
    with pytest.raises(ValidationError, match="1 frames with a drift of 5 A make no movie"):
        small_physics(drift_A=5.0)


@pytest.mark.parametrize("weights", [[], [0.0], [1.0, -1.0], [float("nan")]])
def test_weights_that_say_nothing_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValidationError, match="weights"):
        small_simulation(weights=weights)
    assert small_simulation(weights=[0.0, 2.0]).weights == [0.0, 2.0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("super_resolution", 3),
        ("dose_e_per_A2", -2.0),
        ("defocus_um", "1-inf"),
        ("particles_per_um2", "-5"),
        ("movie_suffix", ".avi"),
    ],
)
def test_wrong_columns_are_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        small_simulation(**{name: value})
    assert [error["loc"] for error in refused.value.errors()] == [(name,)]


def test_the_config_may_name_what_the_simulator_has_and_no_more() -> None:
    assert get_args(Physics.model_fields["mode"].annotation) == MODES
    assert get_args(Physics.model_fields["clean"].annotation) == CLEAN_KINDS
    assert get_args(MovieSuffix) == MOVIE_SUFFIXES
    assert get_args(Simulation.model_fields["movie_suffix"].annotation) == MOVIE_SUFFIXES


def test_super_resolution_halves_the_pixel_of_the_mtf() -> None:
    def detector_pixel_A(super_resolution: int) -> float:
        settings = small_simulation(super_resolution=super_resolution)
        return imaging_of(settings, named_detector("K2", 300, None)).detector_pixel_A

    assert detector_pixel_A(1) == 1.5 and detector_pixel_A(2) == 0.75


def test_imaging_takes_every_setting_of_the_same_name() -> None:
    settings = small_simulation(physics={"frames": 4, "drift_A": 2.0})
    imaging = vars(imaging_of(settings, named_detector("K2", 300, None)))
    imaging |= vars(imaging["optics"])
    physics = settings.physics.model_dump()
    shared = set(imaging) & set(physics)
    assert len(shared) == 17 and {name: imaging[name] for name in shared} == {
        name: physics[name] for name in shared
    }
    columns = {"voltage_kV", "spherical_aberration_mm", "amplitude_contrast", "dose_e_per_A2"}
    for name in columns | {"ice_thickness_nm"}:
        assert imaging[name] == getattr(settings, name)


def test_b_factors_are_read_floored_or_ignored() -> None:
    own = np.array([0.0, 10.0, 90.0])
    assert list(effective_b_factors_A2(own, small_physics())) == [20, 20, 90]
    assert list(effective_b_factors_A2(own, small_physics(ignore_b_factors=True))) == [20, 20, 20]
    assert list(effective_b_factors_A2(own, small_physics(b_factor_floor_A2=0))) == [0, 10, 90]


def test_a_detector_is_found_by_name_or_in_its_file() -> None:
    def found(name: str) -> Detector:
        return find_detector(name, 300, 0.5, lambda path: (np.array([0.0, 0.5]), np.array([1.0, 0.4])))

    assert found("K3").name == "K3" and found("K3").dqe0 == 0.5
    mine = found("cameras/mtf_mine.star")
    assert mine.name == "cameras/mtf_mine.star" and list(mine.mtf) == [1.0, 0.4]
