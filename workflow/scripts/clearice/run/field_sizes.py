"""Whether what a run simulates can be made, and what it cuts out of micrographs fits into them."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from clearice.config.cameras import CAMERAS, PERFECT
from clearice.config.complaints import nearest
from clearice.config.lens import first_zero_A, wavelength_A
from clearice.config.plausible import limits_of
from clearice.config.variants import kind_of_method, stage_settings, stages_of_method, variant_of
from clearice.run.plan import Plan

BYTES_PER_PX = 70
"""Memory of a simulating job for a pixel of its canvas: 1.44 GB for 4096 x 4096 px at 1 A (docs/benchmarks.md)."""

MOST_SIMULATED_MB = 16_000
CUT_FROM_IMAGES = (("noise2noise", "crop_px"), ("extract_noise", "patch_px"))
"""Sides in pixels of the networks that are cut out of real micrographs: stage, setting."""


def where(plan: Plan, dataset: str) -> str:
    """Name the row of a dataset."""
    number = list(plan.datasets).index(dataset) + 1
    return f"{plan.config['datasets']}, row {number} ({dataset})"


def simulates(plan: Plan, dataset: str) -> bool:
    """Return whether a run simulates micrographs or movies of a dataset."""
    methods = plan.methods_of(dataset, plan.scored_methods)
    asked = any("simulation" in kind_of_method(plan.config, name).needs for name in methods)
    return bool(asked and plan.batches.get(dataset)) or plan.config["simulation"]["movies"] > 0


def check_simulation(plan: Plan, dataset: str) -> Iterator[str]:
    """Complain of a camera that is unknown, and of fields too large to be simulated."""
    row = plan.simulated_row(dataset)
    if not simulates(plan, dataset) or not all(
        row.get(name) for name in ("detector", "voltage_kV", "defocus_um")
    ):
        return
    yield from _camera(where(plan, dataset), row["detector"], row["voltage_kV"])
    section = plan.config_of(dataset)["simulation"]
    sides = section["height_px"], section["width_px"]
    pixel_A = section["pixel_size_A"] or row["pixel_size_A"] * row["sum_binning"]
    if not all(isinstance(value, (int, float)) for value in (*sides, pixel_A)):
        return
    diameter_A = row.get("particle_diameter_A") or 0.0
    if diameter_A > min(sides) * pixel_A:
        yield (
            f"config: simulation: fields of {sides[0]} x {sides[1]} px of {pixel_A:g} A are smaller than a particle of "
            f"{diameter_A:g} A ({where(plan, dataset)}); make height_px and width_px larger"
        )
    smallest_um, largest_um = limits_of(row["defocus_um"])
    lowest_um = smallest_um - plan.config_of(dataset)["physics"]["astigmatism_um"] / 2
    zero_A = first_zero_A(row["voltage_kV"], max(lowest_um, 1e-6))
    if lowest_um > 0 and zero_A < 2 * pixel_A:
        yield (
            f"config: simulation: pixels of {pixel_A:g} A are too coarse for {lowest_um:g} um defocus "
            f"({where(plan, dataset)}): the first zero of the CTF is at {zero_A:.1f} A, Nyquist at {2 * pixel_A:.1f} A; "
            "make simulation.pixel_size_A and training.rescale_to_A smaller, or leave them auto"
        )
    margin_px = wavelength_A(row["voltage_kV"]) * 1e4 * largest_um * 0.5 / pixel_A / pixel_A
    megabytes = BYTES_PER_PX * math.prod(side + 2 * margin_px for side in sides) / 1e6
    if megabytes > MOST_SIMULATED_MB:
        yield (
            f"config: simulation: fields of {sides[0]} x {sides[1]} px of {pixel_A:g} A at {row['defocus_um']} um defocus "
            f"({where(plan, dataset)}) need about {megabytes / 1000:.0f} GB, more than {MOST_SIMULATED_MB / 1000:g} GB; make "
            "height_px and width_px smaller, or pixel_size_A larger"
        )


def check_sizes(plan: Plan, dataset: str, source: str) -> Iterator[str]:
    """Complain of particles and crops larger than the micrographs, by the first file that is there."""
    row, config = plan.datasets[dataset], plan.config_of(dataset)
    cut = list(_cut_sides(plan, dataset, config))
    if not source or not (cut or row["particle_diameter_A"]):
        return
    try:  # its readers load codecs, which only this looks at
        shape: Sequence[int] = importlib.import_module("clearice.files.shapes").image_shape(Path(source))
    except (ValueError, OSError):
        return  # the micrograph will be a failed row with this reason
    side_A, pixel_A = min(shape) * row["pixel_size_A"], row["pixel_size_A"] * row["sum_binning"]
    if row["particle_diameter_A"] and row["particle_diameter_A"] > side_A:
        yield (
            f"{where(plan, dataset)}: particle_diameter_A is {row['particle_diameter_A']:g}, but the images of {shape[0]} x "
            f"{shape[1]} px ({source}) are {side_A:g} A wide at {row['pixel_size_A']:g} A/px; correct one of them"
        )
    for name, side_px, scale_A in cut:
        limit_px = int(side_A / max(scale_A or pixel_A, pixel_A))
        if side_px > limit_px:
            yield (
                f"config: {name} is {side_px} px, but it is cut from the micrographs of dataset {dataset}, {limit_px} px wide "
                f"at {max(scale_A or pixel_A, pixel_A):g} A/px ({source}); make it smaller"
            )


def _camera(where: str, name: str, voltage_kV: float) -> Iterator[str]:
    """Complain of a camera that is unknown, or an MTF that cannot be read."""
    if name.endswith(".star"):
        if not Path(name).is_file():
            yield f"{where}: detector is {name}, but there is no such file; correct the path"
            return
        try:  # its reader loads pandas, which no other plan needs
            importlib.import_module("clearice.files.truth").read_mtf(Path(name))
        except (ValueError, OSError) as error:
            yield f"{where}: detector: {error}"
    elif name not in CAMERAS and name != PERFECT:
        yield (
            f"{where}: detector is {name!r}, which is unknown{nearest(name, [*CAMERAS, PERFECT])}; or give the path of a "
            "RELION mtf_*.star together with physics.detector_dqe0"
        )
    elif name != PERFECT and round(voltage_kV) not in CAMERAS[name]:
        known = " and ".join(map(str, CAMERAS[name]))
        yield (
            f"{where}: detector {name} is tabulated at {known} kV, not at {voltage_kV:g} kV; give the path of a RELION "
            "mtf_*.star together with physics.detector_dqe0"
        )


def _cut_sides(
    plan: Plan, dataset: str, config: Mapping[str, Any]
) -> Iterator[tuple[str, int, float | None]]:
    """List what a run cuts out of the micrographs of a dataset: its name, its side and its pixel size."""
    for name in plan.methods_of(dataset, plan.scored_methods):
        for stage, key in CUT_FROM_IMAGES:
            if stage in stages_of_method(plan.config, name):
                settings = stage_settings(config, variant_of(config, name, stage), stage)
                side_px, scale_A = settings[key], settings["rescale_to_A"]
                if isinstance(side_px, int) and not isinstance(scale_A, str):
                    yield f"{stage}.{key} of method {name}", side_px, scale_A
