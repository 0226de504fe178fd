"""Read particle places of a cryoSPARC dataset (.cs), a numpy table with named fields."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clearice.files.text import check_size

MOST_BYTES = 1 << 34
"""The largest file that is read, 16 GiB: it is mapped, and only the fields that are asked for are loaded."""

_LONGEST_HEADER = 1 << 18
_X, _Y, _NAME, _SCORE, _SHAPE = (
    "location/center_x_frac",
    "location/center_y_frac",
    "location/micrograph_path",
    "pick_stats/ncc_score",
    "location/micrograph_shape",
)


@dataclass(frozen=True)
class CryosparcPlaces:
    """Where particles are, as a .cs file says it.

    Attributes
    ----------
    fractions
        (n, 2) as (y, x), fractions of the micrograph's height and width; not checked.
    scores
        (n,) correlation of each pick; nan where the file has none.
    micrographs
        The micrograph file that each particle is of; None where the file does not say.
    shapes
        (n, 2) shape (h, w) of that micrograph; None where the file does not say.
    """

    fractions: NDArray[np.float64]
    scores: NDArray[np.float64]
    micrographs: list[str] | None
    shapes: NDArray[np.float64] | None


def read_cryosparc(path: Path) -> CryosparcPlaces:
    """Read the particle places of a .cs file.

    Raises
    ------
    ValueError
        The file is no numpy table, cut short, holds Python objects, or lacks the places of particles.
    OSError
        The file is missing or cannot be read.
    """
    table = _mapped_table(path)
    fields = table.dtype.names or ()
    missing = [name for name in (_X, _Y) if name not in fields]
    if missing:
        raise ValueError(
            f"{path} lacks the field {missing[0]} (it has {len(fields)} fields{_first(fields)}); export particles or "
            "picks with their locations from cryoSPARC"
        )
    fractions = np.stack([_numbers(table, name, path) for name in (_Y, _X)], axis=1)
    scores = _numbers(table, _SCORE, path) if _SCORE in fields else np.full(len(table), np.nan)
    names = _texts(table, _NAME, path) if _NAME in fields else None
    shapes = table[_SHAPE] if _SHAPE in fields else None
    if shapes is not None and (shapes.ndim != 2 or shapes.shape[1] != 2 or shapes.dtype.kind not in "iu"):
        raise ValueError(f"{path}: the field {_SHAPE} holds no shape of two whole numbers; export it again")
    return CryosparcPlaces(
        fractions, scores, names, None if shapes is None else np.array(shapes, dtype=np.float64)
    )


def _mapped_table(path: Path) -> NDArray[Any]:
    """Map a numpy file, whose size must be what its header says."""
    size = check_size(path, MOST_BYTES)
    with path.open("rb") as stream:
        head = stream.read(6)
    if head.startswith(b"\x94CSDAT"):
        raise ValueError(
            f"{path} is in cryoSPARC's stream format; save it as a numpy table (the form of exports)"
        )
    if head != b"\x93NUMPY":
        raise ValueError(
            f"{path} is no cryoSPARC dataset: it does not begin like a numpy file; export it again"
        )
    try:
        table = np.load(path, mmap_mode="r", allow_pickle=False, max_header_size=_LONGEST_HEADER)
    except OSError:
        raise
    except Exception as trouble:  # numpy evaluates the header: anything may come of a damaged one
        raise ValueError(
            f"{path} is no whole cryoSPARC dataset of {size:,} bytes ({' '.join(str(trouble).split())[:120]}); it is "
            "cut short, damaged or holds Python objects: export it again"
        ) from None
    if table.dtype.names is None or table.ndim != 1:
        raise ValueError(
            f"{path} holds a {table.ndim}-dimensional array of {table.dtype}, not a table with named fields; "
            "give a .cs file of particles or picks"
        )
    return np.asarray(table)


def _numbers(table: NDArray[Any], name: str, path: Path) -> NDArray[np.float64]:
    """Load a field of numbers."""
    values = table[name]
    if values.ndim != 1 or values.dtype.kind not in "fiu":
        raise ValueError(
            f"{path}: the field {name} holds {values.dtype} and not one number for each particle"
        )
    return np.array(values, dtype=np.float64)


def _texts(table: NDArray[Any], name: str, path: Path) -> list[str]:
    """Load a field of file names."""
    values = table[name]
    if values.ndim != 1 or values.dtype.kind not in "SU":
        raise ValueError(
            f"{path}: the field {name} holds {values.dtype} and not one file name for each particle"
        )
    try:
        return [one.decode("utf-8", "replace") if isinstance(one, bytes) else one for one in values.tolist()]
    except ValueError:
        raise ValueError(
            f"{path}: the field {name} holds no text; the file is damaged, export it again"
        ) from None


def _first(fields: tuple[str, ...]) -> str:
    """List the first fields of a table."""
    return f": {', '.join(fields[:4])}, ..." if fields else ""
