"""The weights a network starts from, drawn from a generator and not from torch's global one."""

from __future__ import annotations

import math

import torch
from torch import nn


def initialise(network: nn.Module, generator: torch.Generator) -> None:
    """Draw the weights and biases of all convolutions uniformly from +-1 / sqrt(fan_in).

    This is torch's own default, which the published networks started from; only the source of chance differs.
    He's larger weights were tried on Noise2Noise pairs and were slower: what the deep levels answer at first is
    noise to the level above them.

    Parameters
    ----------
    network
        Changed in place; on the CPU.
    generator
        Generator on the CPU.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_uniform_(module.weight, a=math.sqrt(5.0), generator=generator)
            if module.bias is not None:
                bound = 1.0 / math.sqrt(module.weight[0].numel())
                nn.init.uniform_(module.bias, -bound, bound, generator=generator)
