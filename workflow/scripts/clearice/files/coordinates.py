"""Particle coordinates in and out: STAR, EMAN box, CSV, and cryoSPARC's .cs in.

Inside, a coordinate is (y, x): the centre in pixels from the centre of the upper left pixel, y downwards.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clearice.files.atomic import write_text
from clearice.files.coordinate_tables import READERS, read_places
from clearice.files.extent import check_inside
from clearice.files.names import bare_name, rows_of
from clearice.files.star import write_star

SUFFIXES = tuple(READERS)


@dataclass(frozen=True)
class Coordinates:
    """Particles of one micrograph.

    Attributes
    ----------
    centres
        (n, 2) as (y, x) in pixels.
    scores
        (n,), nan where the file has none.
    q_values
        (n,) share of false ones among all picks at least as good; None where the file has none.
    """

    centres: NDArray[np.float64]
    scores: NDArray[np.float64]
    q_values: NDArray[np.float64] | None = None


def read_coordinates(
    path: Path,
    shape: tuple[int, int],
    micrograph: str = "",
    *,
    flip_y: bool = False,
    others: Collection[str] = (),
    shared: bool = False,
) -> Coordinates:
    """Read the particles of one micrograph from a .star, .box, .csv, .tsv, .txt or .cs file.

    A table without rows is an empty field. One whose rows name other micrographs only is refused: it says
    nothing of this one. Names are compared as in `clearice.files.names`.

    Parameters
    ----------
    path
        The file; its suffix tells the format. CSV columns are x, y (pixels) and, if there, score or
        radius_px; Topaz's x_coord, y_coord and image_name are understood.
    shape
        Micrograph shape (h, w): .cs files hold fractions of it, and no particle may lie outside by more than
        `clearice.files.extent.EDGE_SHARE` of its longer side.
    micrograph
        Its name in the sheet; picks that one out of a file that names several micrographs. Empty takes all.
    flip_y
        Whether y runs upwards in the file (EMAN on TIFF images, some cryoSPARC exports).
    others
        Names of other micrographs, whose rows are never taken for this one's.
    shared
        Whether the file is of a whole dataset: its rows must then name their micrographs.

    Raises
    ------
    NoRows
        There are rows, but none names the micrograph.
    ValueError
        The suffix is unknown, the file is no such table, a column is missing, a number is none, or particles
        lie outside.
    OSError
        The file is missing or cannot be read.
    """
    table = read_places(path)
    if shared and (table.names is None or not table.rows):
        what = "no row" if not table.rows else "no column that names the micrograph of a row"
        raise ValueError(
            f"{path} is to be of a whole dataset, but has {what}; give one file for each micrograph"
        )
    chosen = list(range(table.rows))
    if micrograph and table.names is not None:
        chosen = rows_of(micrograph, table.names, path, others)
    centres, scores = table.convert(chosen, shape)
    if flip_y:
        centres[:, 0] = shape[0] - 1 - centres[:, 0]
    check_inside(centres, shape, str(path))
    return Coordinates(centres, scores)


def names_any(path: Path, micrographs: Sequence[str]) -> bool:
    """Check whether a table that names micrographs names any of some."""
    table = read_places(path)
    bare = {bare_name(name) for name in table.names or []}
    return any(bare_name(micrograph) in bare for micrograph in micrographs)


Q_VALUE = "clearicePickQValue"
"""Column of q-values in STAR files; RELION keeps columns that it does not know."""


def write_coordinates_star(path: Path, coordinates: Coordinates, micrograph_file: str) -> None:
    """Write RELION coordinates: centres in pixels, the score as rlnAutopickFigureOfMerit, the q-value.

    Parameters
    ----------
    path
        The file, usually <micrograph>.star.
    coordinates
        What to write; scores only if there are any.
    micrograph_file
        What rlnMicrographName shall say.
    """
    table: dict[str, object] = {
        "rlnMicrographName": [micrograph_file] * len(coordinates.centres),
        "rlnCoordinateX": coordinates.centres[:, 1],
        "rlnCoordinateY": coordinates.centres[:, 0],
    }
    if np.isfinite(coordinates.scores).all():
        table["rlnAutopickFigureOfMerit"] = coordinates.scores
    if coordinates.q_values is not None:
        table[Q_VALUE] = coordinates.q_values
    write_star(path, {"": pd.DataFrame(table)})


def write_box(path: Path, coordinates: Coordinates, box_px: int) -> None:
    """Write an EMAN box file: lower corner x, y, width, height (whole pixels; centre = corner + box // 2)."""
    corners = np.rint(coordinates.centres).astype(int) - box_px // 2
    write_text(path, "".join(f"{x}\t{y}\t{box_px}\t{box_px}\n" for y, x in corners))


def write_csv(path: Path, coordinates: Coordinates) -> None:
    """Write x, y, score (empty where there is none) and, where known, the q-value, one particle a line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    q_values = coordinates.q_values
    writer.writerow(["x", "y", "score", *([] if q_values is None else ["q_value"])])
    for index, ((y, x), score) in enumerate(zip(coordinates.centres, coordinates.scores, strict=True)):
        known = [] if q_values is None else [f"{q_values[index]:.6g}"]
        writer.writerow([f"{x:.3f}", f"{y:.3f}", f"{score:.6g}" if np.isfinite(score) else "", *known])
    write_text(path, text.getvalue())
