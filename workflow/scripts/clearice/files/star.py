"""Write and read RELION STAR tables (format of RELION 3.1 and later) through the starfile package."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import starfile
from numpy.typing import NDArray

from clearice.files.atomic import write_text
from clearice.files.names import listed
from clearice.files.star_blocks import Block, blocks_of
from clearice.files.tables import as_number
from clearice.files.text import read_text

OPTICS_GROUP = 1
_UNKNOWN = {"<na>", "nan", "none"}


def write_star(path: Path, blocks: Mapping[str, pd.DataFrame]) -> None:
    """Write tables as ``data_`` blocks of a STAR file, whole or not at all; equal tables, equal bytes.

    Raises
    ------
    OSError
        The disk is full or the folder cannot be written.
    """
    text = starfile.to_string(dict(blocks))
    first, rest = text.split("\n", 1)
    if first.startswith("#"):  # starfile's comment holds the time
        text = "# written by clearice\n" + rest
    write_text(path, text)


def read_star(path: Path) -> dict[str, pd.DataFrame]:
    """Read all blocks of a STAR file as tables, by block name without ``data_``.

    A column of numbers becomes one; names, and what is no number, stay text: 0012 is no 12.

    Raises
    ------
    ValueError
        The file is no text or no STAR file; the sentence names the line.
    OSError
        The file is missing or cannot be read.
    """
    return {name: _table_of(block) for name, block in read_blocks(path).items()}


def read_blocks(path: Path) -> dict[str, Block]:
    """Read all blocks of a STAR file as text, with the line of each row.

    Raises
    ------
    ValueError, OSError
        As for `read_star`.
    """
    return blocks_of(read_text(path), path)


def star_numbers(block: Block, column: str, path: Path, *, may_lack: bool = False) -> NDArray[np.float64]:
    """Convert a column of a block to finite numbers (n,); with `may_lack`, nan where a row has none.

    Raises
    ------
    ValueError
        The column is missing or a value is no finite number; the sentence names the line.
    """
    if column not in block.columns:
        raise ValueError(
            f"{path}: data_{block.name} lacks the column {column} (it has {listed(block.columns, 6)}); give it"
        )
    place, values = block.columns.index(column), np.empty(len(block.rows))
    for index, row in enumerate(block.rows):
        value = as_number(row[place])
        if may_lack and row[place].lower() in _UNKNOWN:
            value = math.nan
        elif value is None or not math.isfinite(value):
            raise ValueError(
                f"{path}, line {block.lines[index]}: {column} is {row[place]!r} where a number is expected; "
                "correct that row, or take it out"
            )
        values[index] = value
    return values


def _table_of(block: Block) -> pd.DataFrame:
    """Make a table of a block, its columns of numbers converted."""
    columns = [list(column) for column in zip(*block.rows, strict=True)] or [[] for _ in block.columns]
    return pd.DataFrame(
        {name: _converted(name, values) for name, values in zip(block.columns, columns, strict=True)}
    )


def _converted(name: str, values: list[str]) -> pd.Series[Any]:
    """Convert a column to numbers if it holds nothing else and is no name."""
    text = pd.Series(values, dtype=object)
    if name.endswith("Name"):
        return text
    try:
        numbers = pd.to_numeric(text.replace("<NA>", "nan"))
    except (ValueError, TypeError, OverflowError):
        return text
    return numbers if numbers.dtype.kind in "iuf" else text


def optics_table(
    *,
    name: str,
    voltage_kV: float | None,
    spherical_aberration_mm: float | None,
    amplitude_contrast: float | None,
    original_pixel_size_A: float,
    pixel_size_A: float,
) -> pd.DataFrame:
    """Make the ``data_optics`` table of one optics group.

    Parameters
    ----------
    name
        Name of the optics group, for example the dataset's.
    voltage_kV, spherical_aberration_mm, amplitude_contrast
        The microscope; an aberration of 0 is legal (corrected). The column of a None is left out; RELION
        asks for it.
    original_pixel_size_A, pixel_size_A
        Pixel size of the movie's frames, and of the micrographs of the table.
    """
    columns: dict[str, Any] = {
        "rlnOpticsGroupName": name,
        "rlnOpticsGroup": OPTICS_GROUP,
        "rlnMicrographOriginalPixelSize": original_pixel_size_A,
        "rlnMicrographPixelSize": pixel_size_A,
        "rlnVoltage": voltage_kV,
        "rlnSphericalAberration": spherical_aberration_mm,
        "rlnAmplitudeContrast": amplitude_contrast,
    }
    return pd.DataFrame([{name: value for name, value in columns.items() if value is not None}])


def micrographs_table(names: Sequence[str]) -> pd.DataFrame:
    """Make the ``data_micrographs`` table of micrograph files, all of one optics group."""
    return pd.DataFrame({"rlnMicrographName": list(names), "rlnOpticsGroup": [OPTICS_GROUP] * len(names)})
