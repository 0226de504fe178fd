"""The weights a network starts from: drawn from a generator of their own, or those of another network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from clearice.image.units import check_same_pixel_size


def initialise(network: nn.Module, generator: torch.Generator) -> None:
    """Draw the weights and biases of all convolutions uniformly from +-1 / sqrt(fan_in).

    This is torch's own default, which the published networks started from; only the generator differs.
    He's larger weights were tried on Noise2Noise pairs and were slower: what the deep levels answer at first
    is noise to the level above them.

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


def check_start(
    name: str,
    *,
    kind: str,
    settings: Mapping[str, Any],
    pixel_size_A: float | None,
    wanted_settings: Mapping[str, int],
    wanted_pixel_size_A: float,
) -> None:
    """Refuse the weights of another network than the one to be trained, or of another pixel size.

    Parameters
    ----------
    name
        Name of the file the weights are in, for the message.
    kind, settings, pixel_size_A
        What the file says of its network.
    wanted_settings, wanted_pixel_size_A
        Arguments of the U-Net that is to be trained, and pixel size of its training set in A.

    Raises
    ------
    ValueError
        Naming both, and what to change.
    """
    if kind != "unet" or dict(settings) != dict(wanted_settings):
        raise ValueError(
            f"{name} holds a {kind} with {dict(settings)}, but a unet with {dict(wanted_settings)} is "
            "to be trained; set width, first_kernel and last_kernel to those of the file"
        )
    if pixel_size_A is not None:
        check_same_pixel_size("the training set", wanted_pixel_size_A, name, pixel_size_A)
