"""The section `physics` of the configuration, and how it becomes the setting of one micrograph."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clearice.simulation.ctf import Optics
from clearice.simulation.detectors import Detector
from clearice.simulation.imaging import Imaging


@dataclass(frozen=True)
class SimulationSettings:
    """What the config says of a simulation, beyond the columns of the datasets table.

    Image formation: `mode`, `clean`, `signal_scale`, `damage`, `dose_before_e_per_A2`, `frames`, `drift_A`.
    Specimen: `empty_fraction` of the fields hold no particle; `spacing`, the minimum distance in particle
    diameters; `assembly` (empty: atoms as in the file); `ignore_b_factors`, `b_factor_floor_A2`; `solvent`
    whether displaced ice is subtracted. Optics: `astigmatism_um` (largest), `chromatic_aberration_mm`,
    `energy_spread_eV`, `convergence_mrad`, `envelope_b_factor_A2`, `energy_filter`. Ice and background:
    `ice_noise_scale`, `thickness_gradient_nm_per_um`, `background_power_A2`, `background_exponent`,
    `background_rolloff_A`. Detector: `detector_dqe0` (None: the table's).
    """

    mode: str
    clean: str
    signal_scale: float
    damage: bool
    dose_before_e_per_A2: float
    frames: int
    drift_A: float
    empty_fraction: float
    spacing: float
    assembly: str
    ignore_b_factors: bool
    b_factor_floor_A2: float
    solvent: bool
    astigmatism_um: float
    chromatic_aberration_mm: float
    energy_spread_eV: float
    convergence_mrad: float
    envelope_b_factor_A2: float
    energy_filter: bool
    ice_noise_scale: float
    thickness_gradient_nm_per_um: float
    background_power_A2: float
    background_exponent: float
    background_rolloff_A: float
    detector_dqe0: float | None


def simulation_settings(values: Mapping[str, Any]) -> SimulationSettings:
    """Check the section `physics` of a config.

    Raises
    ------
    ValueError
        A key is missing or unknown, or a value has the wrong type or range.
    """
    fields = {field.name: str(field.type) for field in dataclasses.fields(SimulationSettings)}
    missing, unknown = sorted(set(fields) - set(values)), sorted(set(values) - set(fields))
    if missing or unknown:
        raise ValueError(
            f"the settings of the simulation lack {', '.join(missing) or 'nothing'} and hold the unknown "
            f"{', '.join(unknown) or 'nothing'}; give exactly the keys of the section physics"
        )
    typed = {name: _typed(name, values[name], kind) for name, kind in fields.items()}
    settings = SimulationSettings(**typed)
    if not 0 <= settings.empty_fraction <= 1:
        raise ValueError(f"empty_fraction is {settings.empty_fraction:g}, but a share lies between 0 and 1")
    for name in ("spacing", "b_factor_floor_A2", "astigmatism_um"):
        if getattr(settings, name) < 0:
            raise ValueError(f"{name} is {getattr(settings, name):g}, but it must not be negative")
    return settings


def imaging_of(
    settings: SimulationSettings,
    *,
    voltage_kV: float,
    spherical_aberration_mm: float,
    amplitude_contrast: float,
    dose_e_per_A2: float,
    ice_thickness_nm: float,
    detector: Detector,
    detector_pixel_size_A: float,
    super_resolution: int,
) -> Imaging:
    """Join the config's settings with a dataset's columns.

    The MTF refers to the camera's pixel: for data Fourier-binned from super-resolution, frequencies count in
    super-resolution pixels, half as large.

    Raises
    ------
    ValueError
        `super_resolution` is neither 1 nor 2.
    """
    if super_resolution not in (1, 2):
        raise ValueError(
            f"super_resolution is {super_resolution}; give 1, or 2 for data binned from super-resolution"
        )
    optics = Optics(
        voltage_kV=voltage_kV,
        spherical_aberration_mm=spherical_aberration_mm,
        amplitude_contrast=amplitude_contrast,
        chromatic_aberration_mm=settings.chromatic_aberration_mm,
        energy_spread_eV=settings.energy_spread_eV,
        convergence_mrad=settings.convergence_mrad,
        envelope_b_factor_A2=settings.envelope_b_factor_A2,
    )
    shared = {field.name for field in dataclasses.fields(Imaging)} & set(vars(settings))
    return Imaging(
        optics=optics,
        detector=detector,
        detector_pixel_A=detector_pixel_size_A / super_resolution,
        dose_e_per_A2=dose_e_per_A2,
        ice_thickness_nm=ice_thickness_nm,
        **{name: getattr(settings, name) for name in shared},
    )


def effective_b_factors_A2(
    b_factors_A2: NDArray[np.float64], settings: SimulationSettings
) -> NDArray[np.float64]:
    """Take the file's B factors, or none, and raise all to the floor.

    Many files hold B = 0, and predicted structures hold a confidence in the place of B: both call for a
    floor, the second also for ignoring the file.
    """
    own = np.zeros_like(b_factors_A2) if settings.ignore_b_factors else b_factors_A2
    return np.maximum(own, settings.b_factor_floor_A2)


def _typed(name: str, value: Any, kind: str) -> Any:
    """Check a value against the annotation of its field."""
    if kind == "float | None" and value is None:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)
    fits = {
        "str": isinstance(value, str),
        "bool": isinstance(value, bool),
        "int": number and value == int(value),
    }.get(kind, number)
    if not fits:
        raise ValueError(f"{name} is {value!r}, but must be of type {kind}")
    return {"int": int, "str": str, "bool": bool}.get(kind, float)(value)
