"""Where a step's log lines go: all to the job's log file, errors and now and then its progress to the terminal."""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path

SECONDS_BETWEEN_LINES = 20.0
"""How often the progress of a job is shown in the terminal; its log file has every line."""

PROGRESS = "clearice.run.progress"


class _WithPlace(logging.Formatter):
    """Adds to a line of progress where all lines are, for who looks at a long training."""

    def __init__(self, name: str, log_file: str) -> None:
        super().__init__(f"%(asctime)s %(levelname)s {name}: %(message)s", "%H:%M:%S")
        self._log_file = log_file

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = super().format(record)
        return f"{line} (log: {self._log_file})" if record.name == PROGRESS else line


class _Sparse(logging.Filter):
    """Shows errors, and of the lines of progress one every so often, none in a job's first seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._last = time.monotonic()

    def filter(self, record: logging.LogRecord) -> bool:
        """Check whether a record is shown."""
        if record.levelno >= logging.ERROR:
            return True
        due = time.monotonic() - self._last >= SECONDS_BETWEEN_LINES
        if record.name != PROGRESS or not due:
            return False
        self._last = time.monotonic()
        return True


def start_log(log_file: str | None, name: str) -> None:
    """Send log lines and warnings to the job's log file, or to standard error.

    Parameters
    ----------
    log_file
        The job's log file; without one all goes to standard error.
    name
        What the job is, before its lines in the terminal, where other jobs talk too.
    """
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    handlers: list[logging.Handler] = [terminal]
    if log_file:
        Path(log_file).parent.mkdir(parents=True, exist_ok=True)
        whole = logging.FileHandler(log_file, mode="w", encoding="utf-8")
        whole.setFormatter(terminal.formatter)
        terminal.setFormatter(_WithPlace(name.replace("%", "%%"), log_file))
        terminal.addFilter(_Sparse())
        handlers.append(whole)
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    logging.captureWarnings(True)
