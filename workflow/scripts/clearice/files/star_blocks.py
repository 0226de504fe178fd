"""Split STAR text into its blocks, and name the line of what belongs to none.

RELION's dialect: ``data_`` blocks, each a loop of columns or a list of keys and values, one row a line.
The starfile package, which writes our tables, reads by path and guesses: it fills short rows with nan, turns
the name 0012 into 12, and stops with errors that name no line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

_WORD = re.compile(r"""'([^']*)'(?=\s|$)|"([^"]*)"(?=\s|$)|(\S+)""")


@dataclass
class Block:
    """One ``data_`` block.

    Attributes
    ----------
    name
        What follows ``data_``; mostly particles, micrographs or nothing.
    line
        Its line in the file.
    columns
        Names of the columns, without the underscore in front.
    rows
        Cells of each row, as text.
    lines
        The line of each row.
    is_loop
        Whether it is a loop; else it lists keys and values, which make one row.
    """

    name: str
    line: int
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    is_loop: bool = False


def blocks_of(text: str, path: Path) -> dict[str, Block]:
    """Split STAR text into its blocks, by name.

    Raises
    ------
    ValueError
        There is no block, or two of one name; a loop stands outside a block or is the second of one; a column
        stands twice; a row has more or fewer values than there are columns. The sentence names the line.
    """
    blocks: dict[str, Block] = {}
    block: Block | None = None
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("data_") and not _is_row(line, block):
            block = Block(line.split()[0][len("data_") :], number)
            if block.name in blocks:
                raise ValueError(
                    f"{path}, line {number}: the block data_{block.name} stands twice; keep one of them"
                )
            blocks[block.name] = block
        elif block is not None:
            _take(line, number, block, path)
    if not blocks:
        raise ValueError(f"{path} is no STAR file: it has no data_ block; give a table as RELION writes it")
    return blocks


def words_of(line: str) -> list[str]:
    """Split a line at its white space, quoted words whole; what follows a # that begins a word is a comment."""
    if not any(mark in line for mark in "\"'#"):
        return line.split()
    words = []
    for match in _WORD.finditer(line):
        if match.group(0).startswith("#"):
            break
        words.append(next(part for part in match.groups() if part is not None))
    return words


def _is_row(line: str, block: Block | None) -> bool:
    """Check whether a line that begins with data_ is a row, of a micrograph called data_001.mrc, say."""
    return block is not None and block.is_loop and 1 < len(block.columns) == len(words_of(line))


def _take(line: str, number: int, block: Block, path: Path) -> None:
    """Add a line to its block."""
    words = words_of(line)
    if line.split()[0].lower() == "loop_":
        if block.columns:
            raise ValueError(
                f"{path}, line {number}: the block data_{block.name} has a second table; give each a data_ line of its own"
            )
        block.is_loop = True
    elif line.startswith("_") and block.is_loop and not block.rows and len(words) <= 1:
        _add_column(words[0][1:], number, block, path)
    elif line.startswith("_") and not block.is_loop:
        if len(words) != 2:
            raise ValueError(
                f"{path}, line {number}: {words[0]} has {len(words) - 1} values, but one is expected"
            )
        _add_column(words[0][1:], number, block, path)
        block.rows = [[*(block.rows[0] if block.rows else []), words[1]]]
        block.lines = [number]
    elif not block.is_loop or not block.columns:
        raise ValueError(
            f"{path}, line {number}: {_short(line)} belongs to no table; a loop_ and its columns must stand before it"
        )
    elif len(words) != len(block.columns):
        raise ValueError(
            f"{path}, line {number}: the row has {len(words)} values, but data_{block.name} has {len(block.columns)} "
            "columns; correct that row (a name with spaces stands in quotation marks), or copy the file again if it is "
            "cut short"
        )
    else:
        block.rows.append(words)
        block.lines.append(number)


def _add_column(name: str, number: int, block: Block, path: Path) -> None:
    """Add a column to a block."""
    if not name or name in block.columns:
        what = f"the column {name!r} stands twice" if name else "a column has no name"
        raise ValueError(f"{path}, line {number}: {what} in data_{block.name}; keep one of them")
    block.columns.append(name)


def _short(line: str, most: int = 40) -> str:
    """Quote the beginning of a line."""
    return repr(line if len(line) <= most else line[:most] + "...")
