"""What changes with the step: the learning rate and, in a noise curriculum, the level of the noise."""

from __future__ import annotations

import math

SCHEDULES = ("constant", "cosine")


def learning_rate_at(
    step: int, *, learning_rate: float, schedule: str, warmup_steps: int, steps: int
) -> float:
    """Compute the learning rate of a step.

    Parameters
    ----------
    step
        Step, counted from 1 to `steps`.
    learning_rate
        The highest rate.
    schedule
        ``constant``, or ``cosine``: from `learning_rate` after the warm-up to 1 % of it at the last step.
    warmup_steps
        In the first `warmup_steps` steps the rate grows linearly up to `learning_rate`.
    steps
        Number of steps of the whole training.

    Raises
    ------
    ValueError
        The schedule is unknown.
    """
    if schedule not in SCHEDULES:
        raise ValueError(f"schedule {schedule!r} is unknown; use one of {', '.join(SCHEDULES)}")
    if step <= warmup_steps:
        return learning_rate * step / warmup_steps
    if schedule == "constant":
        return learning_rate
    done = (step - warmup_steps) / max(1, steps - warmup_steps)
    return learning_rate * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * done)))


def noise_level_at(step: int, *, curriculum_start: float, curriculum_fraction: float, steps: int) -> float:
    """Compute the level of the noise of a step: 1 is the full noise of the pair.

    The level grows linearly from `curriculum_start` at the first step to 1 after `curriculum_fraction` of all
    steps, and stays there. A fraction of 0 means no curriculum.

    Parameters
    ----------
    step
        Step, counted from 1 to `steps`.
    curriculum_start
        Level at the first step, 0 to 1.
    curriculum_fraction
        Share of the training after which the noise is at its full level, 0 to 1.
    steps
        Number of steps of the whole training.
    """
    length = curriculum_steps(curriculum_fraction, steps)
    if step > length:
        return 1.0
    return curriculum_start + (1.0 - curriculum_start) * (step - 1) / length


def curriculum_steps(curriculum_fraction: float, steps: int) -> int:
    """Count the steps that run at less than the full noise."""
    return round(curriculum_fraction * steps)
