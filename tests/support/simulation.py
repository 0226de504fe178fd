"""Settings of a small simulation, for tests that name only what they are about."""

from __future__ import annotations

from typing import Any

from clearice.config.simulation import Physics, SimulateStep

PHYSICS: dict[str, Any] = {
    "mode": "weak_phase",
    "clean": "ctf",
    "signal_scale": 0.8,
    "damage": True,
    "dose_before_e_per_A2": 0,
    "frames": 1,
    "drift_A": 0.0,
    "empty_fraction": 0.25,
    "spacing": 1.1,
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
STEP: dict[str, Any] = {
    "voltage_kV": 300.0,
    "spherical_aberration_mm": 2.7,
    "amplitude_contrast": 0.07,
    "dose_e_per_A2": 30.0,
    "detector": "K2",
    "super_resolution": 1,
    "particle_diameter_A": 45.0,
    "particles_per_um2": "4000-8000",
    "ice_thickness_nm": 30.0,
    "defocus_um": "1.0-2.0",
    "detector_pixel_size_A": 1.5,
    "height_px": 96,
    "width_px": 128,
    "pixel_size_A": 3.0,
    "weights": [1.0],
    "number": 3,
    "seed": 7,
}


def small_physics(**changes: Any) -> Physics:
    """Make a physics that differs from that of a small simulation."""
    return Physics(**{**PHYSICS, **changes})


def small_simulation(physics: dict[str, Any] | None = None, **changes: Any) -> SimulateStep:
    """Make settings that differ from those of a small simulation."""
    return SimulateStep(**{**STEP, **changes, "physics": {**PHYSICS, **(physics or {})}})
