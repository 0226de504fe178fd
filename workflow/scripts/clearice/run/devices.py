"""Devices and torch generators: both are handed to functions, never taken from a global."""

from __future__ import annotations

import torch

from clearice.run.seeds import derived_seed


def choose_device(name: str) -> torch.device:
    """Turn ``cpu``, ``cuda`` or ``cuda:N`` into a device that is really there.

    Raises
    ------
    ValueError
        A GPU was asked for and there is none, or the name is no device.
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"device {name!r} is unknown; use cpu, cuda or cuda:N") from error
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            raise ValueError(
                f"device {name} was asked for, but torch sees {count} CUDA GPUs here; "
                "run on a GPU node, or set gpus_per_job: 0 in the config to compute on the CPU"
            )
    elif device.type != "cpu":
        raise ValueError(f"device {name!r} is not supported; use cpu, cuda or cuda:N")
    return device


def torch_generator(seed: int, *names: object, device: str | torch.device = "cpu") -> torch.Generator:
    """Make a torch generator on `device` for `derived_seed` of the same arguments."""
    return torch.Generator(device=device).manual_seed(derived_seed(seed, *names))
