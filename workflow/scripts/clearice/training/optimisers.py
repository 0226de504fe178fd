"""The optimisers a regression can use, by their names in the config."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

OPTIMISERS: Mapping[str, Callable[..., torch.optim.Optimizer]] = {
    "adagrad": torch.optim.Adagrad,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": lambda parameters, lr: torch.optim.SGD(parameters, lr=lr, momentum=0.9),
}
