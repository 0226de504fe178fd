"""Write and read RELION STAR tables (format of RELION 3.1 and later) through the starfile package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import starfile

from clearice.files.atomic import write_text

OPTICS_GROUP = 1


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

    Raises
    ------
    ValueError
        The file is empty or has no block.
    OSError
        The file is missing or cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        text = ""
    if not any(line.startswith("data_") for line in text.splitlines()):
        raise ValueError(f"{path} is no STAR file: it has no data_ block; give a table as RELION writes it")
    blocks: dict[str, Any] = starfile.read(path, always_dict=True)
    return {
        name: block if isinstance(block, pd.DataFrame) else pd.DataFrame([block])
        for name, block in blocks.items()
    }


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
