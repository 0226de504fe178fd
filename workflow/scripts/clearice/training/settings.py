"""The settings of a regression, and what is impossible among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from clearice.training.losses import LOSSES
from clearice.training.schedule import SCHEDULES

OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adagrad": torch.optim.Adagrad,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": lambda parameters, lr: torch.optim.SGD(parameters, lr=lr, momentum=0.9),
}
PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class RegressionSettings:
    """How to train.

    Attributes
    ----------
    steps, batch_size
        Steps of the optimiser, and pairs of each.
    both_ways
        Use each pair in both directions, so that a batch holds ``2 batch_size`` inputs.
    loss, optimiser, schedule, precision
        Keys of `LOSSES`, `OPTIMISERS`, `SCHEDULES`, `PRECISIONS`.
    learning_rate, warmup_steps
        The highest rate, and the steps in which it grows linearly up to there.
    clip_norm
        Largest norm of the gradient; 0 for no clipping.
    validate_every, validation_crops
        Steps between validations, and the number of fixed pairs in each.
    patience
        Validations in a row without a new best after which the training ends; 0 for never.
    full_noise_step
        Last step of a noise curriculum (0 without one); patience is counted from there.
    """

    steps: int
    batch_size: int
    both_ways: bool
    loss: str
    optimiser: str
    learning_rate: float
    schedule: str
    warmup_steps: int
    clip_norm: float
    validate_every: int
    validation_crops: int
    patience: int
    full_noise_step: int
    precision: str


def check_settings(settings: RegressionSettings) -> None:
    """Refuse settings that cannot be meant.

    Raises
    ------
    ValueError
        Naming the setting, its value and what it may be.
    """
    for name, known in (
        ("loss", tuple(LOSSES)),
        ("optimiser", tuple(OPTIMISERS)),
        ("schedule", SCHEDULES),
        ("precision", PRECISIONS),
    ):
        if getattr(settings, name) not in known:
            raise ValueError(f"{name} {getattr(settings, name)!r} is unknown; use one of {', '.join(known)}")
    for name in ("steps", "batch_size", "validate_every", "validation_crops"):
        if getattr(settings, name) < 1:
            raise ValueError(f"{name} is {getattr(settings, name)}; it must be at least 1")
    for name in ("warmup_steps", "clip_norm", "patience"):
        if getattr(settings, name) < 0:
            raise ValueError(f"{name} is {getattr(settings, name)}; it must be 0 or more")
    if not settings.learning_rate > 0.0:
        raise ValueError(f"learning_rate is {settings.learning_rate}; it must be above 0")
    if settings.warmup_steps > settings.steps:
        raise ValueError(
            f"warmup_steps ({settings.warmup_steps}) exceed steps ({settings.steps}); lower warmup_steps"
        )
