"""Particle coordinates in and out: STAR, EMAN box, CSV, and cryoSPARC's .cs in.

Inside, a coordinate is (y, x): the centre in pixels from the centre of the upper left pixel, y downwards.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clearice.files.atomic import write_text
from clearice.files.cryosparc import read_cryosparc
from clearice.files.extent import check_inside
from clearice.files.names import listed, rows_of
from clearice.files.star import read_blocks, star_numbers, write_star
from clearice.files.tables import as_number, number_of, read_separated
from clearice.files.text import read_text

SUFFIXES = (".star", ".box", ".csv", ".tsv", ".txt", ".cs")
_NAME_COLUMNS = ("image_name", "micrograph", "micrograph_name", "image", "filename", "file_name", "rlnmicrographname")

Choose = Callable[[Sequence[str]], list[int]]
"""Chooses the rows of the wanted micrograph by the file that each row names."""


@dataclass(frozen=True)
class Coordinates:
    """Particles of one micrograph.

    Attributes
    ----------
    centres
        (n, 2) as (y, x) in pixels.
    scores
        (n,), nan where the file has none.
    """

    centres: NDArray[np.float64]
    scores: NDArray[np.float64]


def read_coordinates(
    path: Path,
    shape: tuple[int, int],
    micrograph: str = "",
    *,
    flip_y: bool = False,
    others: Collection[str] = (),
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

    Raises
    ------
    ValueError
        The suffix is unknown, the file is no such table, a column is missing, a number is none, no row names
        the micrograph, or particles lie outside.
    OSError
        The file is missing or cannot be read.
    """

    def choose(names: Sequence[str]) -> list[int]:
        return rows_of(micrograph, names, path, others) if micrograph else list(range(len(names)))

    readers: dict[str, Callable[[Path, tuple[int, int], Choose], Coordinates]]
    readers = {".star": _read_star, ".box": _read_box, ".cs": _read_cs, ".csv": _read_csv, ".tsv": _read_csv}
    readers[".txt"] = _read_csv
    suffix = path.suffix.lower()
    if suffix not in readers:
        raise ValueError(f"{path} has the suffix {suffix!r}; coordinates are read from {', '.join(SUFFIXES)}")
    found = readers[suffix](path, shape, choose)
    if flip_y:
        found.centres[:, 0] = shape[0] - 1 - found.centres[:, 0]
    check_inside(found.centres, shape, str(path))
    return found


def write_coordinates_star(path: Path, coordinates: Coordinates, micrograph_file: str) -> None:
    """Write RELION coordinates: centres in pixels, and the score as rlnAutopickFigureOfMerit.

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
    write_star(path, {"": pd.DataFrame(table)})


def write_box(path: Path, coordinates: Coordinates, box_px: int) -> None:
    """Write an EMAN box file: lower corner x, y, width, height (whole pixels; centre = corner + box // 2)."""
    corners = np.rint(coordinates.centres).astype(int) - box_px // 2
    write_text(path, "".join(f"{x}\t{y}\t{box_px}\t{box_px}\n" for y, x in corners))


def write_csv(path: Path, coordinates: Coordinates) -> None:
    """Write x, y and score, one particle a line (score empty where there is none)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["x", "y", "score"])
    for (y, x), score in zip(coordinates.centres, coordinates.scores, strict=True):
        writer.writerow([f"{x:.3f}", f"{y:.3f}", f"{score:.6g}" if np.isfinite(score) else ""])
    write_text(path, text.getvalue())


def _read_star(path: Path, shape: tuple[int, int], choose: Choose) -> Coordinates:
    """Read RELION coordinates; the block is the first that has rlnCoordinateX."""
    blocks = read_blocks(path)
    block = next((one for one in blocks.values() if "rlnCoordinateX" in one.columns), None)
    if block is None:
        raise ValueError(
            f"{path} has no column rlnCoordinateX in its blocks ({listed(['data_' + name for name in blocks])}); "
            "give a table of particles as RELION writes it"
        )
    if "rlnMicrographName" in block.columns:
        place = block.columns.index("rlnMicrographName")
        kept = choose([row[place] for row in block.rows])
        block = replace(block, rows=[block.rows[i] for i in kept], lines=[block.lines[i] for i in kept])
    x, y = (star_numbers(block, name, path) for name in ("rlnCoordinateX", "rlnCoordinateY"))
    scores = np.full(len(x), np.nan)
    if "rlnAutopickFigureOfMerit" in block.columns:
        scores = star_numbers(block, "rlnAutopickFigureOfMerit", path, may_lack=True)
    return Coordinates(np.stack([y, x], axis=1), scores)


def _read_box(path: Path, shape: tuple[int, int], choose: Choose) -> Coordinates:
    """Read an EMAN box file; a fifth column, if there, is a score only in other programs and is left out."""
    centres = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        words = line.split()
        if not words:
            continue
        values = [as_number(word) for word in words[:4]]
        box = [value for value in values if value is not None and np.isfinite(value)]
        if len(box) < 4 or min(box[2:]) <= 0:
            raise ValueError(
                f"{path}, line {number}: {line.strip()[:60]!r} is no EMAN box, the four numbers x, y, width and height "
                "of its lower corner and sides; correct that line, or give the file its right suffix"
            )
        centres.append((box[1] + box[3] // 2, box[0] + box[2] // 2))
    return Coordinates(np.array(centres, dtype=np.float64).reshape(-1, 2), np.full(len(centres), np.nan))


def _read_csv(path: Path, shape: tuple[int, int], choose: Choose) -> Coordinates:
    """Read a table with named columns, separated by tabs, commas, semicolons or spaces."""
    header, rows = read_separated(path)
    columns: dict[str, str] = {}
    for name in header:
        if columns.setdefault(name.lower(), name) != name:
            raise ValueError(f"{path} has the columns {columns[name.lower()]!r} and {name!r}; keep one of them")
    wanted = ("x_coord", "y_coord") if "x_coord" in columns else ("x", "y")
    for name in wanted:
        if name not in columns:
            raise ValueError(
                f"{path} lacks the column {name!r}: its first line has {listed(header, 6) or 'nothing'}; give columns "
                "named x and y (in pixels), or x_coord and y_coord as Topaz does"
            )
    names = next((columns[name] for name in _NAME_COLUMNS if name in columns), None)
    kept = list(range(len(rows))) if names is None else choose([row[names] for row in rows])
    centres = [[number_of(path, rows[i], columns[name], i) for name in reversed(wanted)] for i in kept]
    score = columns.get("score", "")
    scores = [number_of(path, rows[i], score, i) if rows[i].get(score) else np.nan for i in kept]
    return Coordinates(np.array(centres, dtype=np.float64).reshape(-1, 2), np.array(scores, dtype=np.float64))


def _read_cs(path: Path, shape: tuple[int, int], choose: Choose) -> Coordinates:
    """Read a cryoSPARC dataset: fractions of the micrograph's width and height."""
    found = read_cryosparc(path)
    kept = slice(None) if found.micrographs is None else choose(found.micrographs)
    fractions, scores = found.fractions[kept], found.scores[kept]
    if not np.isfinite(fractions).all():
        bad = int((~np.isfinite(fractions).all(axis=1)).sum())
        raise ValueError(f"{path} has {bad} particles whose place is no number; take them out in cryoSPARC")
    return Coordinates(fractions * np.array(shape, dtype=np.float64), scores)
