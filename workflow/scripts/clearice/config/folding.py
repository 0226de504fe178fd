"""Fold equal complaints about many rows of a table into one sentence."""

from __future__ import annotations

SHOWN_ROWS = 3
SHOWN_COMPLAINTS = 20


class RowComplaints:
    """What is wrong with the rows of a table."""

    def __init__(self, table: str) -> None:
        """Begin without any; `table` is the name of the table."""
        self._table = table
        self._rows: dict[str, list[str]] = {}
        self._first: dict[str, str] = {}

    def place(self, number: int, name: str) -> str:
        """Return how a sentence names a row, by its number from 1 and its name."""
        return f"{self._table}, row {number} ({name or 'no name'})"

    def add(self, number: int, name: str, text: str) -> None:
        """Add complaints about a row, one a line, with or without its place in front.

        Complaints that differ in nothing but the row's own name are equal.
        """
        for line in text.split("\n"):
            sentence = line.removeprefix(f"{self.place(number, name)}: ")
            key = sentence.replace(repr(name), "") if name else sentence
            self._first.setdefault(key, sentence)
            self._rows.setdefault(key, []).append(f"{number} ({name or 'no name'})")

    def lines(self) -> list[str]:
        """Return one sentence for each kind of complaint, with the rows it is about."""
        found = []
        for key, rows in self._rows.items():
            shown = f"row {rows[0]}" if len(rows) == 1 else f"rows {', '.join(rows[:SHOWN_ROWS])}"
            more = f" and {len(rows) - SHOWN_ROWS} more" if len(rows) > SHOWN_ROWS else ""
            found.append(f"{self._table}, {shown}{more}: {self._first[key]}")
        if len(found) > SHOWN_COMPLAINTS:
            found[SHOWN_COMPLAINTS:] = [
                f"{self._table}: {len(found) - SHOWN_COMPLAINTS} more complaints of other kinds"
            ]
        return found
