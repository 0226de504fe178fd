"""Log lines that say how far a loop is, how fast it goes and how long it will take."""

from __future__ import annotations

import logging
import time

SECONDS_BETWEEN_LINES = 5.0

log = logging.getLogger(__name__)


class Progress:
    """Measures the speed of a loop since its start.

    Parameters
    ----------
    total
        Steps of the whole loop.
    done
        Steps done before this start.
    verb
        First word of a line, e.g. ``step`` or ``denoised``.
    unit
        What a second is counted in, e.g. ``crops``; empty to say how long a step takes.
    units_per_step
        How many of them a step makes.
    """

    def __init__(
        self, total: int, *, done: int = 0, verb: str = "step", unit: str = "", units_per_step: int = 1
    ) -> None:
        self._total, self._done_before, self._verb = total, done, verb
        self._unit, self._units_per_step = unit, units_per_step
        self._start = self._last_line = time.monotonic()

    def is_line_due(self) -> bool:
        """Return whether the last line is long enough ago."""
        return time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES

    def write_line(self, done: int, details: str = "") -> None:
        """Log the steps done, details, the speed and the time left."""
        self._last_line = time.monotonic()
        seconds_per_step = max((self._last_line - self._start) / max(1, done - self._done_before), 1e-9)
        if self._unit:
            speed = f"{self._units_per_step / seconds_per_step:.3g} {self._unit}/s"
        else:
            speed = f"{seconds_per_step:.2f} s each"
        left = f"{(self._total - done) * seconds_per_step:.0f} s left"
        place = f"{self._verb} {done} of {self._total}"
        log.info("%s", ", ".join(part for part in (place, details, speed, left) if part))
