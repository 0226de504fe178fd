"""Tab-separated tables: the sheet, manifests, histories and scores."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from clearice.files.atomic import write_text


def read_table(path: Path) -> list[dict[str, str]]:
    """Read a tab-separated table with a header line; every value is text.

    Raises
    ------
    ValueError
        A row has more or fewer cells than the header.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(
            (line for line in stream if line.strip() and not line.startswith("#")), delimiter="\t"
        )
        header = [name.strip() for name in next(reader, [])]
        rows = []
        for number, cells in enumerate(reader, start=1):
            if len(cells) != len(header):
                raise ValueError(
                    f"{path}: row {number} has {len(cells)} cells, the header has {len(header)}; "
                    "separate cells with one tab each"
                )
            rows.append(dict(zip(header, (cell.strip() for cell in cells), strict=True)))
    return rows


def write_table(path: Path, rows: Iterable[Mapping[str, object]], columns: Sequence[str]) -> None:
    """Write `rows` as a tab-separated table with the given columns, whole or not at all."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter="\t", lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())
