"""A plan of a run made of the shipped configuration, a datasets table and a sheet, without any file."""

from __future__ import annotations

import copy
from typing import Any

from clearice.config import layers
from clearice.config.automatic import with_quality
from clearice.config.tables import DatasetRow
from clearice.run.controls import scored_methods
from clearice.run.plan import Plan

DATASET = {
    "dataset": "films", "pixel_size_A": 1.5, "voltage_kV": 300.0, "spherical_aberration_mm": 2.7, "amplitude_contrast": 0.07,
    "dose_e_per_A2": 40.0, "detector": "K2", "super_resolution": 1, "structures": "a.pdb:2,b.cif", "particle_diameter_A": 120.0,
    "particles_per_um2": "900", "ice_thickness_nm": 30.0, "defocus_um": "1.0-2.0", "sum_binning": 2,
}  # fmt: skip


def shipped_config(**sections: Any) -> dict[str, Any]:
    """Return the shipped configuration with changes in its sections, and the values of its quality."""
    config: dict[str, Any] = copy.deepcopy(layers.shipped_config())
    for name, change in sections.items():
        config[name] = {**config[name], **change} if isinstance(change, dict) else change
    return with_quality(config)


def plan_of(config: dict[str, Any], batches: int = 3, **columns: Any) -> Plan:
    """Plan a dataset of batches of two movies: the first batch learns, the others do not."""
    row = DatasetRow.model_validate({**DATASET, **columns}).model_dump()
    sheet = {
        f"b{number:04d}": [
            {
                "dataset": "films", "micrograph": f"m{number}{half}", "movie": f"m{number}{half}.tif", "even": "", "odd": "",
                "single": "", "batch": f"b{number:04d}", "split": ("train", "validation")[half] if number == 1 else "apply",
            }
            for half in (0, 1)
        ]
        for number in range(1, batches + 1)
    }  # fmt: skip
    return Plan(
        config,
        {"films": row},
        {"films": sheet},
        tuple(config["run"]["methods"]),
        tuple(scored_methods(config)),
    )
