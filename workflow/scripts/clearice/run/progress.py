"""A log line every few seconds: how far a training is and how long it will take."""

from __future__ import annotations

import logging
import time

SECONDS_BETWEEN_LINES = 5.0

log = logging.getLogger(__name__)


class Pace:
    """Measures crops per second since its last line.

    Parameters
    ----------
    step
        Steps already done.
    steps
        Steps of the whole training.
    crops_per_step
        Pairs of a batch.
    """

    def __init__(self, step: int, *, steps: int, crops_per_step: int) -> None:
        self._steps, self._crops_per_step = steps, crops_per_step
        self._then, self._step_then = time.monotonic(), step

    def is_line_due(self) -> bool:
        """Say whether the last line is long enough ago."""
        return time.monotonic() - self._then >= SECONDS_BETWEEN_LINES

    def write_line(self, step: int, loss: float) -> None:
        """Log step, mean loss, crops per second and the time left."""
        now = time.monotonic()
        seconds_per_step = (now - self._then) / max(1, step - self._step_then)
        log.info(
            "step %d of %d, loss %.5g, %.3g crops/s, %.0f s left",
            step,
            self._steps,
            loss,
            self._crops_per_step / max(seconds_per_step, 1e-9),
            (self._steps - step) * seconds_per_step,
        )
        self._then, self._step_then = now, step
