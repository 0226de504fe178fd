"""What a simulation takes for columns of the datasets table that are empty: only what most experiments share.

Pixel size, voltage, dose and the particle's diameter are never taken: nobody but the user knows them. What is taken
goes into simulations alone, and is told with its reason; nothing of it reaches a table for another program.
"""

from __future__ import annotations

import math
import pathlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from clearice.config.automatic import Taken
from clearice.config.layers import FOLDER, Config
from clearice.config.sizes import AUTO, Facts, facts_of, facts_of_group
from clearice.files.tables import read_table

LIBRARY = FOLDER.parent / "resources" / "structures"
FURTHEST = 1.35  # ratio of two sizes from which on one particle says nothing of the other
COVERED = (0.05, 0.45)  # share of a field under particles, of sparse and of crowded fields
THINNEST_ICE_NM = 30.0

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """A column with a value of its own where it is empty.

    Attributes
    ----------
    name
        Name of the column.
    value
        Takes the row; None where it cannot be told.
    why
        Where the value comes from, in words.
    """

    name: str
    value: Callable[[Row], Any]
    why: str


@dataclass(frozen=True)
class Model:
    """An atomic model of the library.

    Attributes
    ----------
    file
        Where it lies.
    diameter_A
        Its largest extent, in A.
    title
        What it is.
    """

    file: pathlib.Path
    diameter_A: float
    title: str


@cache
def library() -> tuple[Model, ...]:
    """List the bundled atomic models."""
    rows = read_table(LIBRARY / "INDEX.tsv")
    return tuple(Model(LIBRARY / row["file"], float(row["diameter_A"]), row["title"]) for row in rows)


def nearest_model(diameter_A: float) -> Model | None:
    """Find the bundled model whose size is nearest to a particle's; None where none is near enough."""
    best = min(library(), key=lambda one: abs(math.log(one.diameter_A / diameter_A)))
    ratio = max(best.diameter_A / diameter_A, diameter_A / best.diameter_A)
    return best if ratio <= FURTHEST else None


def known_row(row: Row) -> dict[str, Any]:
    """Fill the empty columns of a datasets row that have a value of their own.

    Parameters
    ----------
    row
        A typed row of the datasets table; None, or `auto` for the structures, is empty.
    """
    given = {name: None if value == AUTO else value for name, value in row.items()}
    return given | {one.name: one.value for one in taken_columns(row)}


def missing_columns(row: Row, needed: Sequence[str]) -> list[str]:
    """List the columns that only the user can fill: what follows from the diameter is no question without one."""
    known = known_row(row)
    follows = () if known.get("particle_diameter_A") else tuple(one.name for one in COLUMNS)
    return [name for name in needed if known.get(name) is None and name not in follows]


def facts_of_owner(config: Config, owner: str, datasets: Mapping[str, Row]) -> Facts:
    """Return what is known of a dataset, or of a group of datasets; nothing where the owner has no name."""
    if owner in config["groups"]:
        return facts_of_group([known_row(datasets[name]) for name in config["groups"][owner]])
    return facts_of(known_row(datasets[owner])) if owner else Facts()


def taken_columns(row: Row) -> list[Taken]:
    """List the values that are taken for the empty columns of a datasets row, in the table's order."""
    found = []
    for column in COLUMNS:
        if row.get(column.name) in (None, AUTO):
            value = column.value(row)
            if value is not None:
                found.append(Taken(column.name, value, column.why))
    return found


def _density(row: Row) -> str | None:
    """Return a range of particles per square micrometre, from sparse to crowded fields."""
    if not row.get("particle_diameter_A"):
        return None
    area_um2 = math.pi / 4 * (row["particle_diameter_A"] / 1e4) ** 2
    return "-".join(f"{share / area_um2:.0f}" for share in COVERED)


def _ice_nm(row: Row) -> float | None:
    """Return an ice that holds the particle."""
    if not row.get("particle_diameter_A"):
        return None
    return max(THINNEST_ICE_NM, float(math.ceil(row["particle_diameter_A"] / 10 + 10)))


def _structures(row: Row) -> str | None:
    """Name the bundled model of the nearest size, from where the run takes place if it lies below."""
    model = nearest_model(row["particle_diameter_A"]) if row.get("particle_diameter_A") else None
    if model is None:
        return None
    here = pathlib.Path.cwd()
    file = model.file.relative_to(here) if model.file.is_relative_to(here) else model.file
    return f"{file}:1"


COLUMNS = (
    Column("spherical_aberration_mm", lambda row: 2.7, "most columns without a corrector"),
    Column("amplitude_contrast", lambda row: 0.07, "ice and protein at 300 kV"),
    Column("detector", lambda row: "K3", "the commonest counting camera"),
    Column("super_resolution", lambda row: 1, "files at the camera's physical pixels"),
    Column("structures", _structures, "the bundled model of the nearest size"),
    Column("particles_per_um2", _density, "5 to 45 % of a field under particles"),
    Column("ice_thickness_nm", _ice_nm, "the particle and 10 nm, at least 30 nm"),
    Column("defocus_um", lambda row: "1.0-2.5", "usual for single particles"),
)
