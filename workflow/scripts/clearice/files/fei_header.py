"""Read what Thermo Fisher's programs write into the extended header of MRC files (types FEI1 and FEI2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE, get_ext_header_dtype

from clearice.files.compressed import open_bytes, read_into
from clearice.files.facts import Fact, detector_named, number
from clearice.files.mrc_header import HEADER_BYTES

A_PER_M = 1e10
LEAST_BYTES = 768
"""Size of a record of the first version; the second has 888."""


def facts_of_fei_header(path: Path, frames: int) -> list[Fact]:
    """Collect what the first record of an extended header says, in SI units as that of EPU's XML.

    The dose is taken from files of one image: the records of a movie do not agree on whether it is that of a
    frame.

    Parameters
    ----------
    path
        An MRC file whose header has been read already.
    frames
        Number of its images.
    """
    record = _first_record(path)
    if record is None:
        return []
    where = f"{path.name}: extended header"
    camera = _text(record, "Detector commercial name") or _text(record, "Camera name")
    found = [
        ("pixel_size_A", "Pixel size X", record["Pixel size X"] * A_PER_M),
        ("voltage_kV", "HT", record["HT"] / 1000),
        ("dose_e_per_A2", "Dose", record["Dose"] / A_PER_M**2 if frames == 1 else 0.0),
        ("detector", f"camera {camera}", detector_named(camera)),
    ]
    return [
        Fact(column, value if isinstance(value, str) else float(value), f"{where}, {key}")
        for column, key, value in found
        if value and (isinstance(value, str) or number(str(value)) is not None)
    ]


def _first_record(path: Path) -> Any:
    """Read the first record, in the byte order in which its size makes sense; None where there is none."""
    with open_bytes(path) as stream:
        block = bytearray(HEADER_BYTES)
        if read_into(stream, memoryview(block), path) < HEADER_BYTES:
            return None
        kind = bytes(np.frombuffer(bytes(block), HEADER_DTYPE)[0]["exttyp"])
        if kind not in {b"FEI1", b"FEI2"}:
            return None
        for order in "<>":
            dtype = get_ext_header_dtype(kind, order)
            length = int(np.frombuffer(bytes(block), HEADER_DTYPE.newbyteorder(order))[0]["nsymbt"])
            if not dtype.itemsize <= length < 1 << 28:
                continue
            data = bytearray(dtype.itemsize)
            if read_into(stream, memoryview(data), path) < len(data):
                return None
            record = np.frombuffer(bytes(data), dtype)[0]
            if LEAST_BYTES <= int(record["Metadata size"]) <= length:
                return record
            return None
    return None


def _text(record: Any, name: str) -> str:
    """Return a text of the record; nothing where this version has no such field."""
    return bytes(record[name]).decode("latin-1").strip("\0 ") if name in record.dtype.names else ""
