"""Whether the numbers of the datasets table can be meant: most that cannot are right in another unit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

SMALLEST_PIXEL_A = 0.2
LARGEST_DEFOCUS_UM = 20.0
SMALLEST_DEFOCUS_UM = 0.01
SMALLEST_CS_MM = 0.01
THICKEST_ICE_NM = 500.0
MOST_LAYERS = 5.0
"""How many times over the particles may cover the field."""

SMALLEST_DIAMETER_PX = 2.0
RANGES = ("particles_per_um2", "defocus_um")


def check_plausible(datasets: Mapping[str, Mapping[str, Any]], name: str) -> None:
    """Refuse numbers of the datasets table that no microscope and no specimen has.

    Parameters
    ----------
    datasets
        Typed rows by dataset name, in the table's order.
    name
        Path of the table.

    Raises
    ------
    ValueError
        One line for each complaint: table, row, value, unit, and what to change.
    """
    found = [
        f"{name}, row {number} ({dataset}): {complaint}"
        for number, (dataset, row) in enumerate(datasets.items(), start=1)
        for complaint in _complaints(row)
    ]
    if found:
        raise ValueError("\n".join(found))


def limits_of(text: str) -> tuple[float, float]:
    """Return the first and the last value of one value, a range such as 0.8-2.0, or the limits of a list such as 1.2,0.9."""
    if "," in text:
        values = [float(word) for word in text.split(",")]
        return min(values), max(values)
    low, _, high = text.partition("-")
    return float(low), float(high or low)


def _complaints(row: Mapping[str, Any]) -> Iterator[str]:
    """Complain of the numbers of a row."""
    if row["pixel_size_A"] < SMALLEST_PIXEL_A:
        yield (
            f"pixel_size_A is {row['pixel_size_A']:g}, but no micrograph has pixels below {SMALLEST_PIXEL_A:g} A; "
            f"it is given in A, so {row['pixel_size_A']:g} nm is {10 * row['pixel_size_A']:g}"
        )
    turned = [name for name in RANGES if row.get(name) and limits_of(row[name])[0] > limits_of(row[name])[1]]
    for name in turned:
        low, high = row[name].split("-")
        yield f"{name} is {row[name]}, a range from high to low; write {high}-{low}"
    if row.get("defocus_um") and "defocus_um" not in turned:
        yield from _defocus(row["defocus_um"])
    spherical_aberration_mm = row.get("spherical_aberration_mm")
    if spherical_aberration_mm and spherical_aberration_mm < SMALLEST_CS_MM:
        yield (
            f"spherical_aberration_mm is {spherical_aberration_mm:g}, which no lens has; Cs is given in mm, so "
            f"{spherical_aberration_mm:g} m is {1000 * spherical_aberration_mm:g}, and 0 stands for a corrected column"
        )
    thickness_nm = row.get("ice_thickness_nm")
    if thickness_nm is not None and thickness_nm > THICKEST_ICE_NM:
        yield (
            f"ice_thickness_nm is {thickness_nm:g}, but no beam looks through more than {THICKEST_ICE_NM:g} nm of ice; "
            f"it is given in nm, so {thickness_nm:g} A is {thickness_nm / 10:g}"
        )
    frame, whole = row.get("dose_per_frame_e_per_A2"), row.get("dose_e_per_A2")
    if frame is not None and whole is not None and frame > whole:
        yield (
            f"dose_per_frame_e_per_A2 is {frame:g}, more than the {whole:g} e/A^2 of the whole exposure in dose_e_per_A2; "
            "swap or correct them"
        )
    yield from _particles(row)


def _defocus(text: str) -> Iterator[str]:
    """Complain of a defocus that is none, or given in A or nm."""
    smallest, largest = limits_of(text)
    if largest > LARGEST_DEFOCUS_UM:
        unit, factor = ("A", 1e4) if largest >= 4000 else ("nm", 1e3)
        length = f"{largest / 1e4:g} cm" if largest >= 1e4 else f"{largest / 1e3:g} mm"
        yield (
            f"defocus_um is {text}, and {largest:g} um is {length}, but at most {LARGEST_DEFOCUS_UM:g} um is meant; "
            f"it is given in um, so {largest:g} {unit} is {largest / factor:g}"
        )
    elif smallest < SMALLEST_DEFOCUS_UM:
        yield (
            f"defocus_um is {text}, but an underfocus of at least {SMALLEST_DEFOCUS_UM:g} um is needed to see particles; "
            "give it in um, positive, e.g. 1.5"
        )


def _particles(row: Mapping[str, Any]) -> Iterator[str]:
    """Complain of particles too small to be seen, or too many for the field."""
    diameter_A, pixel_A = row.get("particle_diameter_A"), row["pixel_size_A"] * row["sum_binning"]
    if diameter_A is None:
        return
    if diameter_A < SMALLEST_DIAMETER_PX * pixel_A:
        yield (
            f"particle_diameter_A is {diameter_A:g}, less than {SMALLEST_DIAMETER_PX:g} pixels of {pixel_A:g} A; it is given "
            f"in A, so {diameter_A:g} nm is {10 * diameter_A:g}"
        )
    if row.get("particles_per_um2"):
        most = max(limits_of(row["particles_per_um2"]))
        layers = most * math.pi * (diameter_A / 2e4) ** 2
        if layers > MOST_LAYERS:
            yield (
                f"particles_per_um2 is {row['particles_per_um2']}, but {most:g} particles of {diameter_A:g} A cover a square "
                f"micrometre {layers:.3g} times over; give particles for each um^2, or correct particle_diameter_A (in A)"
            )
