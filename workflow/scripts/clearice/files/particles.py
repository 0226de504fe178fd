"""RELION's table of extracted particles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from clearice.files.coordinates import Q_VALUE, Coordinates
from clearice.files.star import OPTICS_GROUP, optics_table, write_star


@dataclass(frozen=True)
class ParticleTable:
    """The particles of one micrograph.

    Attributes
    ----------
    stack_file
        The MRCS stack, in the order of `coordinates`, as RELION shall open it.
    micrograph_file
        The raw micrograph, as RELION shall open it.
    coordinates
        Where they were.
    pixel_size_A
        Pixel size in A.
    box_px
        Side of a box in pixels.
    """

    stack_file: str
    micrograph_file: str
    coordinates: Coordinates
    pixel_size_A: float
    box_px: int


def write_particles_star(
    path: Path,
    tables: Sequence[ParticleTable],
    *,
    dataset: str,
    voltage_kV: float,
    spherical_aberration_mm: float,
    amplitude_contrast: float,
) -> None:
    """Write the blocks optics and particles (RELION 3.1 and later) of all micrographs of a batch.

    Raises
    ------
    ValueError
        No micrograph has particles, or pixel sizes or box sides differ: they cannot share an optics group.
    """
    if not tables:
        raise ValueError("no particle was extracted from this batch; see the reasons in its manifest")
    sizes = {(round(table.pixel_size_A, 5), table.box_px) for table in tables}
    if len(sizes) > 1:
        raise ValueError(f"particles differ in pixel size and box side {sorted(sizes)}; extract each alone")
    optics = optics_table(
        name=dataset,
        voltage_kV=voltage_kV,
        spherical_aberration_mm=spherical_aberration_mm,
        amplitude_contrast=amplitude_contrast,
        original_pixel_size_A=tables[0].pixel_size_A,
        pixel_size_A=tables[0].pixel_size_A,
    ).drop(columns="rlnMicrographPixelSize")
    optics["rlnImagePixelSize"] = tables[0].pixel_size_A
    optics["rlnImageSize"] = tables[0].box_px
    optics["rlnImageDimensionality"] = 2
    write_star(
        path,
        {"optics": optics, "particles": pd.concat([_rows(table) for table in tables], ignore_index=True)},
    )


def _rows(table: ParticleTable) -> pd.DataFrame:
    """Make the rows of one micrograph; RELION counts the images of a stack from 1."""
    count = len(table.coordinates.centres)
    columns = {
        "rlnImageName": [f"{index:06d}@{table.stack_file}" for index in range(1, count + 1)],
        "rlnMicrographName": [table.micrograph_file] * count,
        "rlnCoordinateX": np.round(table.coordinates.centres[:, 1], 3),
        "rlnCoordinateY": np.round(table.coordinates.centres[:, 0], 3),
    }
    if np.isfinite(table.coordinates.scores).all():
        columns["rlnAutopickFigureOfMerit"] = table.coordinates.scores
    if table.coordinates.q_values is not None:
        columns[Q_VALUE] = table.coordinates.q_values
    return pd.DataFrame({**columns, "rlnOpticsGroup": [OPTICS_GROUP] * count})
