"""The state from which a killed training goes on to the very weights of an unbroken one."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class HistoryRow:
    """One validation.

    Attributes
    ----------
    step
        Steps done; 0 before the first.
    train_loss
        Mean training loss since the row before; NaN at step 0.
    validation_loss
        Mean loss over the fixed validation crops.
    rate
        Learning rate of the step.
    seconds
        Wall time of the training so far.
    """

    step: int
    train_loss: float
    validation_loss: float
    rate: float
    seconds: float


@dataclass(frozen=True)
class TrainingProgress:
    """How far a training is.

    Attributes
    ----------
    step
        Steps done.
    seconds
        Wall time they took.
    best
        Weights of the best validation so far.
    history
        All validations so far.
    """

    step: int
    seconds: float
    best: Weights
    history: tuple[HistoryRow, ...]


def run_key(parameters: Mapping[str, Any], inputs: Sequence[str], code: str) -> str:
    """Name the training that these parameters, inputs and code define.

    A training of the same key may go on from another's state; with any other it must not.

    Parameters
    ----------
    parameters
        All settings that influence the weights; plain values.
    inputs
        Checksums of the inputs, in order.
    code
        Fingerprint of the code.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    text = json.dumps([dict(parameters), list(inputs), code], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def copied_weights(network: nn.Module) -> Weights:
    """Copy the weights of a network into the main memory, contiguous and apart from the live ones."""
    return {
        name: value.detach().to("cpu", copy=True).contiguous(memory_format=torch.contiguous_format)
        for name, value in network.state_dict().items()
    }


def pack_state(
    progress: TrainingProgress, network: nn.Module, optimiser: torch.optim.Optimizer
) -> dict[str, Any]:
    """Gather all a training needs to go on, as tensors and plain values.

    The generators are not among it: crop i of a training depends on its seed and on i alone.
    """
    return {
        "step": progress.step,
        "seconds": progress.seconds,
        "best": dict(progress.best),
        "history": [asdict(row) for row in progress.history],
        "network": copied_weights(network),
        "optimiser": copy.deepcopy(optimiser.state_dict()),
    }


def unpack_state(
    state: Mapping[str, Any], network: nn.Module, optimiser: torch.optim.Optimizer
) -> TrainingProgress:
    """Put a network and its optimiser back into a packed state, and return how far the training is."""
    network.load_state_dict(state["network"])
    optimiser.load_state_dict(state["optimiser"])
    return TrainingProgress(
        step=state["step"],
        seconds=state["seconds"],
        best=dict(state["best"]),
        history=tuple(HistoryRow(**row) for row in state["history"]),
    )
