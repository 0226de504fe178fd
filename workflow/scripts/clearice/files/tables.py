"""Tables of text with a header line: the sheet, manifests, histories and scores, separated by tabs."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from clearice.files.atomic import write_text
from clearice.files.text import read_text

_SEPARATORS = {"\t": "tabs", ",": "commas", ";": "semicolons", " ": "spaces"}


def read_table(path: Path, columns: Sequence[str] = ()) -> list[dict[str, str]]:
    """Read a tab-separated table with a header line; every value is text.

    Empty lines, and lines that begin with #, count for nothing. Cells may stand in quotation marks, as
    spreadsheets write them.

    Parameters
    ----------
    path
        The table.
    columns
        Columns it must have.

    Raises
    ------
    ValueError
        The file is no text, is separated by something else, has a column twice or without a name, lacks one
        of `columns`, or a row has more or fewer cells than the header.
    OSError
        The file is missing or cannot be read.
    """
    lines = _lines_of(path)
    _check_tabs(path, lines)
    header, rows = _split(path, lines, "\t")
    missing = [name for name in columns if name not in header]
    if missing:
        raise ValueError(
            f"{path} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}: its first line has "
            f"{', '.join(header) or 'nothing'}; add {'them' if len(missing) > 1 else 'it'}, or give the right table"
        )
    return rows


def read_separated(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Read a table of another program: its header line shows whether tabs, commas, semicolons or spaces part it.

    Returns
    -------
    list of str, list of dict
        The header, and the rows as text.

    Raises
    ------
    ValueError
        As for `read_table`.
    OSError
        The file is missing or cannot be read.
    """
    lines = _lines_of(path)
    return _split(path, lines, _separator_of(lines[0][1]) if lines else ",")


def number_of(path: Path, row: Mapping[str, str], column: str, index: int, *, finite: bool = True) -> float:
    """Read a number of a table, finite or at least none that is nan.

    Parameters
    ----------
    path, row, column
        The cell.
    index
        Place of the row in the table, from 0.
    finite
        Whether infinity is refused too.

    Raises
    ------
    ValueError
        It is none; the sentence names file, row and column.
    """
    value = as_number(row[column])
    if value is None or value != value or (finite and value in (float("inf"), -float("inf"))):
        raise ValueError(
            f"{path}, row {index + 1}: {column} is {row[column]!r} where a number is expected; correct that row"
        )
    return value


def whole_number_of(path: Path, row: Mapping[str, str], column: str, index: int) -> int:
    """Read a whole number of a table, at least 0.

    Raises
    ------
    ValueError
        It is none; the sentence names file, row and column.
    """
    if not re.fullmatch(r"[0-9]{1,15}", row[column]):
        raise ValueError(
            f"{path}, row {index + 1}: {column} is {row[column]!r} where a whole number is expected; "
            "correct that row"
        )
    return int(row[column])


def as_number(text: str) -> float | None:
    """Convert text to a number, nan and infinity too; None where it is none."""
    try:
        return None if "_" in text else float(text)  # Python reads 1_0 as 10
    except ValueError:
        return None


def write_table(path: Path, rows: Iterable[Mapping[str, object]], columns: Sequence[str]) -> None:
    """Write `rows` as a tab-separated table with the given columns, whole or not at all."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter="\t", lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def _lines_of(path: Path) -> list[tuple[int, str]]:
    """Read the lines that are neither empty nor comments, with their numbers."""
    lines = enumerate(read_text(path).split("\n"), start=1)
    return [(number, line) for number, line in lines if line.strip() and not line.startswith("#")]


def _separator_of(header: str) -> str:
    """Find what parts the cells of a header line."""
    return next((one for one in "\t;," if one in header), " " if re.search(r"\S\s+\S", header) else ",")


def _check_tabs(path: Path, lines: Sequence[tuple[int, str]]) -> None:
    """Stop at a table whose header line is parted by something else than tabs."""
    header = lines[0][1] if lines else ""
    separator = _separator_of(header)
    if separator != "\t" and len(header.strip().split(None if separator == " " else separator)) > 1:
        raise ValueError(
            f"{path} is separated by {_SEPARATORS[separator]}, not by tabs (its first line is {_short(header)}); "
            'save it as tab-separated text ("Text (Tab delimited)" in a spreadsheet program)'
        )


def _split(
    path: Path, lines: Sequence[tuple[int, str]], separator: str
) -> tuple[list[str], list[dict[str, str]]]:
    """Split lines into the cells of a header and of rows."""
    if separator == " " or not any('"' in line for _, line in lines):
        by = None if separator == " " else separator
        cells = [(number, line.split(by)) for number, line in lines]
    else:
        cells = _quoted_cells(path, lines, separator)
    header = [name.strip() for name in cells[0][1]] if cells else []
    while header and not header[-1]:  # spreadsheets end lines with empty cells
        header.pop()
    for name, count in Counter(header).items():
        if count > 1 or not name:
            what = f"the column {name!r} {count} times" if name else "a column without a name"
            raise ValueError(f"{path}, line {cells[0][0]} has {what}; give each column one name of its own")
    rows = []
    for index, (number, row) in enumerate(cells[1:], start=1):
        if len(row) < len(header) or any(cell.strip() for cell in row[len(header) :]):
            raise ValueError(_ragged(path, index, number, row, header, separator))
        rows.append(dict(zip(header, map(str.strip, row), strict=False)))
    return header, rows


def _quoted_cells(
    path: Path, lines: Sequence[tuple[int, str]], separator: str
) -> list[tuple[int, list[str]]]:
    """Split lines into cells, which may stand in quotation marks, and remember where each began."""
    reader = csv.reader(
        (f"{line}\n" for _, line in lines),
        delimiter=separator,
        strict=True,
        skipinitialspace=separator != "\t",
    )
    cells, begun = [], 0
    try:
        for row in reader:
            if reader.line_num > begun + 1:
                raise csv.Error("one is not closed in its line")
            cells.append((lines[begun][0], row))
            begun = reader.line_num
    except csv.Error as trouble:
        raise ValueError(
            f"{path}, line {lines[min(begun, len(lines) - 1)][0]}: its quotation marks cannot be read ({trouble}); "
            "close each, and write one within a cell twice"
        ) from None
    return cells


def _ragged(
    path: Path, index: int, number: int, row: Sequence[str], header: Sequence[str], separator: str
) -> str:
    """Describe a row with more or fewer cells than the header."""
    other = ""
    if len(row) == 1:
        found = _separator_of(row[0])
        other = (
            f" (it is separated by {_SEPARATORS[found]})"
            if found != separator and found in row[0].strip()
            else ""
        )
    return (
        f"{path}: row {index} (line {number}) has {len(row)} cells{other}, the header has {len(header)}; "
        f"separate cells with one {_SEPARATORS[separator][:-1]} each"
    )


def _short(line: str) -> str:
    """Quote the beginning of a line."""
    return repr(line.strip() if len(line.strip()) <= 60 else line.strip()[:57] + "...")
