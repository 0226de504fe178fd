"""What a step that learns from many micrographs does without, and why: one bad item never stops it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from clearice.files.tables import read_table
from clearice.run.batches import in_one_line, is_our_own_trouble

MOST_NAMED = 3
"""Reasons that an error names; the log has all of them."""

NOTE = "note"
"""Column of the table beside a model; the first row says what the model was trained without."""

BETWEEN = " | "
"""What stands between the reasons in that column."""

log = logging.getLogger(__name__)


class LeftOut:
    """The micrographs that a step leaves out, with the reason of each, in the order in which they were met."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, name: str, reason: str) -> None:
        """Leave a micrograph out, with a line in the log."""
        line = reason if reason.startswith((f"{name} ", f"{name}:")) else f"{name}: {reason}"
        log.warning("left out: %s", line)
        self.lines.append(line)

    @contextmanager
    def unless_it_works(self, name: str) -> Iterator[None]:
        """Leave a micrograph out where what is done with it raises ValueError or OSError.

        Raises
        ------
        OSError
            A full, read-only or broken disk: that is no micrograph's fault.
        """
        try:
            yield
        except (ValueError, OSError) as trouble:
            if is_our_own_trouble(trouble):
                raise
            self.add(name, in_one_line(trouble))

    def words(self) -> str:
        """Count and name the reasons, for the end of an error; empty where nothing is left out."""
        if not self.lines:
            return ""
        more = len(self.lines) - MOST_NAMED
        others = f", and {more} more (see the log)" if more > 0 else ""
        return f" ({len(self.lines)} left out: {'; '.join(self.lines[:MOST_NAMED])}{others})"

    def noted(self, rows: Sequence[dict[str, object]]) -> list[dict[str, object]]:
        """Return the rows of a table with a column `NOTE`, in the first row of which stands what is left out."""
        note = BETWEEN.join(" ".join(line.split()) for line in self.lines)
        return [{**row, NOTE: "" if number else note} for number, row in enumerate(rows)]


def left_out_of(model: Path) -> list[str]:
    """Read in the table beside a model what it was trained without; nothing where there is no table."""
    table = model.with_suffix(".tsv")
    rows = read_table(table) if table.exists() else []
    return [line for row in rows[:1] for line in row.get(NOTE, "").split(BETWEEN) if line]
