"""Devices and seeded generators: both are handed to functions, never taken from a global."""

from __future__ import annotations

import hashlib

import numpy as np
import torch


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


def derived_seed(seed: int, *names: object) -> int:
    """Derive a 63-bit seed from the run's seed and the names of what is drawn.

    Two micrographs, batches or stages never share a stream, and adding one changes no other.
    """
    text = "/".join(str(name) for name in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def numpy_generator(seed: int, *names: object) -> np.random.Generator:
    """Make a numpy generator for `derived_seed` of the same arguments."""
    return np.random.default_rng(derived_seed(seed, *names))


def torch_generator(seed: int, *names: object, device: str | torch.device = "cpu") -> torch.Generator:
    """Make a torch generator on `device` for `derived_seed` of the same arguments."""
    return torch.Generator(device=device).manual_seed(derived_seed(seed, *names))
