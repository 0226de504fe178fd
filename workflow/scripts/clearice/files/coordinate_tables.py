"""Read tables of particle places: STAR, EMAN box, CSV and cryoSPARC's .cs, as the file has them.

A table may be of one micrograph or of a whole dataset; it is read once, and its rows are converted when they
are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clearice.files.cryosparc import read_cryosparc
from clearice.files.names import listed
from clearice.files.star import read_blocks, star_numbers
from clearice.files.tables import as_number, number_of, read_separated
from clearice.files.text import check_size, read_text

_NAME_COLUMNS = (
    "image_name",
    "micrograph",
    "micrograph_name",
    "image",
    "filename",
    "file_name",
    "rlnmicrographname",
)

SAME_SIDES = 0.02
"""How much the ratio of a micrograph's sides may differ from what a .cs file says, for binning rounds them."""

Centres = NDArray[np.float64]
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class PlaceTable:
    """A table of particles.

    Attributes
    ----------
    rows
        Number of its rows.
    names
        The micrograph file that each row names; None where the table names none.
    convert
        Turns chosen rows, and the shape (h, w) of their micrograph, into centres (n, 2) as (y, x) in pixels and
        scores (n,), nan where there is none.
    """

    rows: int
    names: list[str] | None
    convert: Callable[[Sequence[int], tuple[int, int]], tuple[Centres, Scores]]


def read_places(path: Path) -> PlaceTable:
    """Read a table of particles; its suffix tells the format.

    Raises
    ------
    ValueError
        The suffix is unknown, the file is no such table, or a column is missing. Numbers are checked when they
        are converted.
    OSError
        The file is missing or cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise ValueError(f"{path} has the suffix {suffix!r}; coordinates are read from {', '.join(READERS)}")
    return _read_once(path, check_size(path, 1 << 40), path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _read_once(path: Path, size: int, changed_ns: int) -> PlaceTable:
    """Read a table, once for each time it changes: one table may serve all micrographs of a batch."""
    return READERS[path.suffix.lower()](path)


def _read_star(path: Path) -> PlaceTable:
    """Read RELION coordinates; the block is the first that has rlnCoordinateX."""
    blocks = read_blocks(path)
    block = next((one for one in blocks.values() if "rlnCoordinateX" in one.columns), None)
    if block is None:
        raise ValueError(
            f"{path} has no column rlnCoordinateX in its blocks ({listed(['data_' + name for name in blocks])}); "
            "give a table of particles as RELION writes it"
        )
    columns, rows, lines = block.columns, block.rows, block.lines
    if "rlnCoordinateY" not in columns:
        raise ValueError(f"{path}: data_{block.name} has rlnCoordinateX, but lacks rlnCoordinateY; give it")
    names = None
    if "rlnMicrographName" in columns:
        place = columns.index("rlnMicrographName")
        names = [row[place] for row in rows]

    def convert(chosen: Sequence[int], shape: tuple[int, int]) -> tuple[Centres, Scores]:
        some = replace(block, rows=[rows[i] for i in chosen], lines=[lines[i] for i in chosen])
        x, y = (star_numbers(some, name, path) for name in ("rlnCoordinateX", "rlnCoordinateY"))
        scored = "rlnAutopickFigureOfMerit"
        scores = (
            star_numbers(some, scored, path, may_lack=True) if scored in columns else np.full(len(x), np.nan)
        )
        return np.stack([y, x], axis=1), scores

    return PlaceTable(len(rows), names, convert)


def _read_box(path: Path) -> PlaceTable:
    """Read an EMAN box file; a fifth column, if there, is a score only in other programs and is left out."""
    places = []
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
        places.append((box[1] + box[3] // 2, box[0] + box[2] // 2))
    centres = np.array(places, dtype=np.float64).reshape(-1, 2)

    def convert(chosen: Sequence[int], shape: tuple[int, int]) -> tuple[Centres, Scores]:
        return centres[list(chosen)], np.full(len(chosen), np.nan)

    return PlaceTable(len(centres), None, convert)


def _read_csv(path: Path) -> PlaceTable:
    """Read a table with named columns, separated by tabs, commas, semicolons or spaces."""
    header, rows = read_separated(path)
    columns: dict[str, str] = {}
    for name in header:
        if columns.setdefault(name.lower(), name) != name:
            raise ValueError(
                f"{path} has the columns {columns[name.lower()]!r} and {name!r}; keep one of them"
            )
    x, y = ("x_coord", "y_coord") if "x_coord" in columns else ("x", "y")
    for name in (x, y):
        if name not in columns:
            raise ValueError(
                f"{path} lacks the column {name!r}: its first line has {listed(header, 6) or 'nothing'}; give columns "
                "named x and y (in pixels), or x_coord and y_coord as Topaz does"
            )
    named = next((columns[name] for name in _NAME_COLUMNS if name in columns), None)
    score = columns.get("score", "")

    def convert(chosen: Sequence[int], shape: tuple[int, int]) -> tuple[Centres, Scores]:
        centres = [[number_of(path, rows[i], columns[name], i) for name in (y, x)] for i in chosen]
        scores = [
            number_of(path, rows[i], score, i) if _known(rows[i].get(score)) else np.nan for i in chosen
        ]
        return np.array(centres, dtype=np.float64).reshape(-1, 2), np.array(scores, dtype=np.float64)

    return PlaceTable(len(rows), None if named is None else [row[named] for row in rows], convert)


def _read_cs(path: Path) -> PlaceTable:
    """Read a cryoSPARC dataset: fractions of the micrograph's width and height."""
    found = read_cryosparc(path)

    def convert(chosen: Sequence[int], shape: tuple[int, int]) -> tuple[Centres, Scores]:
        fractions = found.fractions[list(chosen)].reshape(-1, 2)
        bad = int((~np.isfinite(fractions).all(axis=1)).sum())
        if bad:
            raise ValueError(
                f"{path} has {bad} particles whose place is no number; take them out in cryoSPARC"
            )
        if found.shapes is not None:
            _check_sides(found.shapes[list(chosen)], shape, path)
        return fractions * np.array(shape, dtype=np.float64), found.scores[list(chosen)]

    return PlaceTable(len(found.fractions), found.micrographs, convert)


def _check_sides(shapes: NDArray[np.float64], shape: tuple[int, int], path: Path) -> None:
    """Stop where fractions of a turned or cropped micrograph would be laid on this one: all would lie inside."""
    for height, width in np.unique(shapes, axis=0):
        if abs(height * shape[1] - width * shape[0]) > SAME_SIDES * height * shape[1]:
            raise ValueError(
                f"{path} has places on a micrograph of {height:.0f} rows x {width:.0f} columns, this one has {shape[0]} x "
                f"{shape[1]}: is one of them turned or cropped? give places on the sums' own shape"
            )


def _known(text: str | None) -> bool:
    """Check whether a cell holds a score."""
    return text is not None and text.lower() not in ("", "nan")


READERS: dict[str, Callable[[Path], PlaceTable]] = {
    ".star": _read_star,
    ".box": _read_box,
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".txt": _read_csv,
    ".cs": _read_cs,
}
