"""Particle coordinates in and out: STAR, EMAN box, CSV, and cryoSPARC's .cs in.

Inside, a coordinate is (y, x): the centre in pixels from the centre of the upper left pixel, y downwards.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from clearice.files.atomic import write_text
from clearice.files.star import read_star, write_star

SUFFIXES = (".star", ".box", ".csv", ".tsv", ".txt", ".cs")


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
    path: Path, shape: tuple[int, int], micrograph: str = "", *, flip_y: bool = False
) -> Coordinates:
    """Read the particles of one micrograph from a .star, .box, .csv, .tsv, .txt or .cs file.

    Parameters
    ----------
    path
        The file; its suffix tells the format. CSV columns are x, y (pixels) and, if there, score or
        radius_px; Topaz's x_coord, y_coord and image_name are understood.
    shape
        Micrograph shape (h, w): .cs files hold fractions of it.
    micrograph
        Name without folder and suffix; picks that one out of a file that names several micrographs.
    flip_y
        Whether y runs upwards in the file (EMAN on TIFF images, some cryoSPARC exports).

    Raises
    ------
    ValueError
        The suffix is unknown, a column is missing, or a number is none.
    """
    readers: dict[str, Callable[[Path, tuple[int, int], str], Coordinates]]
    readers = {".star": _read_star, ".box": _read_box, ".cs": _read_cs, ".csv": _read_csv, ".tsv": _read_csv}
    readers[".txt"] = _read_csv
    suffix = path.suffix.lower()
    if suffix not in readers:
        raise ValueError(f"{path} has the suffix {suffix!r}; coordinates are read from {', '.join(SUFFIXES)}")
    try:
        found = readers[suffix](path, shape, micrograph)
    except KeyError as missing:
        raise ValueError(f"{path} lacks the column {missing}; give it, or convert the file to STAR") from None
    if not np.isfinite(found.centres).all():
        raise ValueError(f"{path} has a coordinate that is no number; remove that particle")
    if flip_y:
        found.centres[:, 0] = shape[0] - 1 - found.centres[:, 0]
    return found


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


def _read_star(path: Path, shape: tuple[int, int], micrograph: str) -> Coordinates:
    """Read RELION coordinates; the block is the first that has rlnCoordinateX."""
    tables = [table for table in read_star(path).values() if "rlnCoordinateX" in table]
    if not tables:
        raise KeyError("rlnCoordinateX")
    table = tables[0]
    if micrograph and "rlnMicrographName" in table:
        stems = [Path(str(name)).stem for name in table["rlnMicrographName"]]
        table = table[pd.Series(stems, index=table.index, dtype=object) == micrograph]
    scores = table.get("rlnAutopickFigureOfMerit", pd.Series(np.nan, index=table.index))
    return _together(table["rlnCoordinateX"], table["rlnCoordinateY"], scores)


def _read_box(path: Path, shape: tuple[int, int], micrograph: str) -> Coordinates:
    """Read an EMAN box file; a fifth column, if there, is a score only in other programs and is left out."""
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if any(len(row) < 4 for row in rows):
        raise ValueError(
            f"{path} is no EMAN box file: a line has fewer than the four numbers x, y, width, height"
        )
    x = [_number(path, row[0]) + _number(path, row[2]) // 2 for row in rows]
    y = [_number(path, row[1]) + _number(path, row[3]) // 2 for row in rows]
    return _together(x, y, [np.nan] * len(rows))


def _read_csv(path: Path, shape: tuple[int, int], micrograph: str) -> Coordinates:
    """Read a table with named columns, separated by commas or tabs."""
    lines = path.read_text(encoding="utf-8").splitlines()
    delimiter = "\t" if lines and "\t" in lines[0] else ","
    rows = list(csv.DictReader(lines, delimiter=delimiter, skipinitialspace=True))
    names = set(rows[0] if rows else next(csv.reader(lines, delimiter=delimiter), []))
    if micrograph and "image_name" in names:
        rows = [row for row in rows if Path(row["image_name"]).stem == micrograph]
    x_name, y_name = ("x_coord", "y_coord") if "x_coord" in names else ("x", "y")
    for name in (x_name, y_name):
        if name not in names:
            raise KeyError(name)
    x, y = ([_number(path, row[name]) for row in rows] for name in (x_name, y_name))
    return _together(x, y, [_number(path, row.get("score") or "nan") for row in rows])


def _read_cs(path: Path, shape: tuple[int, int], micrograph: str) -> Coordinates:
    """Read a cryoSPARC dataset: fractions of the micrograph's width and height."""
    table = np.load(path, allow_pickle=False)
    fields = table.dtype.names or ()
    for name in ("location/center_x_frac", "location/center_y_frac"):
        if name not in fields:
            raise KeyError(name)
    if micrograph and "location/micrograph_path" in fields:
        stems = [_cryosparc_stem(value) for value in table["location/micrograph_path"]]
        table = table[np.array([stem == micrograph for stem in stems], dtype=bool)]
    x = table["location/center_x_frac"].astype(np.float64) * shape[1]
    y = table["location/center_y_frac"].astype(np.float64) * shape[0]
    scores = (
        table["pick_stats/ncc_score"] if "pick_stats/ncc_score" in fields else np.full(len(table), np.nan)
    )
    return _together(x, y, scores)


def _cryosparc_stem(value: bytes | str) -> str:
    """Remove folder, suffix and cryoSPARC's leading identifier (digits and underscore) from a file name."""
    stem = Path(value.decode() if isinstance(value, bytes) else value).stem
    head, _, tail = stem.partition("_")
    return tail if len(head) == 21 and head.isdigit() else stem


def _number(path: Path, text: str) -> float:
    """Read one number of a file."""
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{path} has {text!r} where a number is expected; correct that line") from None


def _together(x: ArrayLike, y: ArrayLike, scores: ArrayLike) -> Coordinates:
    """Make coordinates of columns."""
    columns = [np.asarray(column, dtype=np.float64).reshape(-1) for column in (y, x, scores)]
    return Coordinates(np.stack(columns[:2], axis=1), columns[2])
