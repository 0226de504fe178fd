"""Write what is known of a simulated micrograph: particles as a RELION STAR table, all parameters as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clearice.files.documents import write_json
from clearice.files.star import OPTICS_GROUP, optics_table, read_blocks, star_numbers, write_star


def write_truth(
    path: Path,
    *,
    micrograph: str,
    centres_px: NDArray[np.float64],
    angles_deg: NDArray[np.float64],
    structures: NDArray[np.int64],
    inside: NDArray[np.bool_],
    defocus: tuple[float, float, float],
    voltage_kV: float,
    spherical_aberration_mm: float,
    amplitude_contrast: float,
    pixel_size_A: float,
    parameters: Mapping[str, object],
) -> None:
    """Write ``<name>.star`` and, beside it, ``<name>.json``.

    The STAR file has the blocks ``optics``, ``particles`` (centres within the field) and ``outside``
    (particles that only reach into it, with the same columns).

    Parameters
    ----------
    path
        The STAR file.
    micrograph
        File name of the noisy micrograph.
    centres_px
        (n, 2), (y, x), 0 at the centre of the first pixel.
    angles_deg
        (n, 3): rlnAngleRot, rlnAngleTilt, rlnAnglePsi.
    structures
        (n,) index of each particle's structure; rlnClassNumber is one more.
    inside
        (n,) whether the centre is in the field.
    defocus
        u and v in um (underfocus positive), angle in degrees.
    voltage_kV, spherical_aberration_mm, amplitude_contrast, pixel_size_A
        The microscope and the image.
    parameters
        Everything for the JSON file.
    """
    table = pd.DataFrame(
        {
            "rlnMicrographName": [micrograph] * len(centres_px),
            "rlnCoordinateX": np.round(centres_px[:, 1], 4),
            "rlnCoordinateY": np.round(centres_px[:, 0], 4),
            "rlnAngleRot": np.round(angles_deg[:, 0], 4),
            "rlnAngleTilt": np.round(angles_deg[:, 1], 4),
            "rlnAnglePsi": np.round(angles_deg[:, 2], 4),
            "rlnClassNumber": structures + 1,
            "rlnDefocusU": round(defocus[0] * 1e4, 2),
            "rlnDefocusV": round(defocus[1] * 1e4, 2),
            "rlnDefocusAngle": round(defocus[2], 3),
            "rlnOpticsGroup": OPTICS_GROUP,
        }
    )
    optics = optics_table(
        name="simulated",
        voltage_kV=voltage_kV,
        spherical_aberration_mm=spherical_aberration_mm,
        amplitude_contrast=amplitude_contrast,
        original_pixel_size_A=pixel_size_A,
        pixel_size_A=pixel_size_A,
    )
    write_star(path, {"optics": optics, "particles": table[inside], "outside": table[~inside]})
    write_json(path.with_suffix(".json"), dict(parameters))


def read_mtf(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read a RELION ``mtf_*.star``: frequencies in cycles per pixel and the MTF.

    Raises
    ------
    ValueError
        The file is no STAR file, lacks rlnResolutionInversePixel or rlnMtfValue, or a value is no number.
    OSError
        The file is missing or cannot be read.
    """
    for block in read_blocks(path).values():
        if {"rlnResolutionInversePixel", "rlnMtfValue"} <= set(block.columns):
            return (
                star_numbers(block, "rlnResolutionInversePixel", path),
                star_numbers(block, "rlnMtfValue", path),
            )
    raise ValueError(
        f"{path} has no block with rlnResolutionInversePixel and rlnMtfValue; give a detector's "
        "mtf_*.star of RELION"
    )
