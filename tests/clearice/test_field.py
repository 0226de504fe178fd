"""One field of a batch: what is drawn for it, and what is recorded of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from clearice.config.simulation import SimulateStep
from clearice.simulation.detectors import named_detector
from clearice.simulation.field import FieldPlan, SimulatedField, plan_fields, simulate_field
from clearice.simulation.ranges import empty_fields, is_empty
from clearice.simulation.structures import make_projectors
from support.simulation import small_simulation

CPU = torch.device("cpu")
ATOMS = 300


@dataclass(frozen=True)
class Ball:
    """A ball of carbon atoms, 40 A across."""

    name: str = "ball"
    elements: NDArray[np.str_] = field(default_factory=lambda: np.full(ATOMS, "C"))
    positions_A: NDArray[np.float64] = field(
        default_factory=lambda: np.random.default_rng(0).normal(0, 8, (ATOMS, 3))
    )
    b_factors_A2: NDArray[np.float64] = field(default_factory=lambda: np.zeros(ATOMS))
    occupancies: NDArray[np.float64] = field(default_factory=lambda: np.ones(ATOMS))
    hydrogens: NDArray[np.int64] = field(default_factory=lambda: np.ones(ATOMS, dtype=np.int64))


def planned(settings: SimulateStep, structures: int = 1) -> FieldPlan:
    return plan_fields(settings, named_detector(settings.detector, settings.voltage_kV, None), structures)


def simulate(
    settings: SimulateStep, *, empty: bool = False, asked: list[str] | None = None, **others: Any
) -> SimulatedField:
    def generator_of(what: str) -> np.random.Generator:
        if asked is not None:
            asked.append(what)
        return np.random.default_rng([settings.seed, *what.encode()])

    projectors = make_projectors([Ball()], settings.physics, settings.pixel_size_A, CPU)
    return simulate_field(
        "s0001_001",
        planned(settings),
        [Ball()],
        projectors,
        empty=empty,
        generator_of=generator_of,
        device=CPU,
        **others,
    )


def test_a_field_has_its_size_and_records_what_lies_in_it() -> None:
    settings = small_simulation()
    made = simulate(settings)
    assert made.noisy.shape == made.clean.shape == (96, 128)
    assert made.noisy.dtype == made.clean.dtype == np.float32
    assert made.noisy.mean() == pytest.approx(made.record["mean_counts_per_px"], rel=0.05)
    assert (made.noisy - made.clean).mean() == pytest.approx(0.0, abs=2.0)
    assert made.record["particles_placed"] == len(made.table["centres_px"]) > 0
    assert made.record["particles_inside"] == made.table["inside"].sum()
    assert 4000 <= made.record["particles_per_um2"] <= 8000
    assert made.record["structures"] == [{"name": "ball", "weight": 1.0, "atoms": ATOMS, "hydrogens": ATOMS}]
    assert made.record["defocus"] == dict(
        zip(("u_um", "v_um", "angle_deg"), made.table["defocus"], strict=True)
    )


def test_the_record_is_plain_and_names_all_that_was_asked() -> None:
    settings = small_simulation()
    record = json.loads(json.dumps(simulate(settings).record))
    assert record["settings"] == settings.physics.model_dump()
    assert record["asked"] == {"particles_per_um2": "4000-8000", "defocus_um": "1.0-2.0"}
    assert (record["name"], record["seed"], record["pixel_size_A"]) == ("s0001_001", 7, 3.0)
    assert record["imaging"]["detector"]["name"] == "K2" and len(record["imaging"]["detector"]["mtf"]) == 11
    assert record["imaging"]["optics"]["voltage_kV"] == 300.0


def test_an_empty_field_holds_noise_and_draws_no_density() -> None:
    asked: list[str] = []
    made = simulate(small_simulation(), empty=True, asked=asked)
    assert made.record["particles_placed"] == made.record["particles_per_um2"] == 0
    assert np.ptp(made.clean) == 0 and made.noisy.std() > 0
    assert asked == ["defocus", "particles", "image"]


def test_every_draw_has_a_generator_of_its_own() -> None:
    asked: list[str] = []
    simulate(small_simulation(), asked=asked)
    assert asked == ["defocus", "density", "particles", "image"]
    others = (simulate(small_simulation(**change)) for change in ({}, {"ice_thickness_nm": 60.0}))
    first, second = (one.table["centres_px"] for one in others)
    np.testing.assert_array_equal(first, second)


def test_frames_are_handed_on() -> None:
    frames: list[NDArray[np.float32]] = []
    settings = small_simulation(physics={"frames": 3, "drift_A": 4.0})
    made = simulate(settings, save_frame=lambda index, counts: frames.append(counts.copy()))
    assert len(frames) == 3
    np.testing.assert_array_equal(np.sum(frames, axis=0), made.noisy)


def test_white_particles_mirror_both_images_at_the_mean_counts() -> None:
    dark, white = (simulate(small_simulation(particles_are_dark=dark)) for dark in (True, False))
    mean = dark.record["mean_counts_per_px"]
    np.testing.assert_allclose(white.noisy + dark.noisy, 2 * mean, rtol=1e-5)
    np.testing.assert_allclose(white.clean + dark.clean, 2 * mean, rtol=1e-5)
    noise = dark.noisy - dark.clean
    np.testing.assert_allclose(white.noisy - white.clean, -noise, atol=1e-3 * np.abs(noise).max())
    assert (dark.record["particles_are_dark"], white.record["particles_are_dark"]) == (True, False)


def test_frames_of_counts_are_not_inverted() -> None:
    with pytest.raises(ValueError, match="frames hold counts, in which particles are dark"):
        simulate(small_simulation(particles_are_dark=False), save_frame=lambda index, counts: None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"particles_per_um2": "90000"}, "random placing jams"),
        ({"particles_per_um2": "9-5"}, "particles_per_um2 '9-5' ends below its start"),
        ({"pixel_size_A": 9.0, "defocus_um": "0.5"}, "too coarse for"),
        ({"defocus_um": "0.02"}, "less half of astigmatism_um 0.05 is -0.005 um"),
        ({"ice_thickness_nm": 0.0}, "takes 0 nm of ice below zero"),
        ({"weights": [1.0, 2.0]}, "1 structures have 2 weights; give each structure one weight"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_any_structure_is_read(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        planned(small_simulation(**changes))


def test_one_number_decides_which_fields_of_a_batch_are_empty() -> None:
    generator, again = np.random.default_rng(3), np.random.default_rng(3)
    found = empty_fields(20, 0.25, generator)
    first = float(again.random())
    assert found == [is_empty(index, 0.25, first) for index in range(20)]
    assert generator.random() == again.random() and 4 <= sum(found) <= 6
