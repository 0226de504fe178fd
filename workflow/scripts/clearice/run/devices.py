"""Devices and torch generators: both are handed to functions, never taken from a global."""

from __future__ import annotations

import logging

import torch

from clearice.run.seeds import derived_seed

EMULATED_FACTOR = "2 to 11"
"""How much longer a training step takes in emulated bfloat16 (with AVX-512 but no BF16: 2; with AVX2: 9 to 11)."""

log = logging.getLogger(__name__)


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


def choose_precision(precision: str, device: torch.device) -> str:
    """Decide the arithmetic of a network on the machine that runs the job.

    Parameters
    ----------
    precision
        ``auto``, ``float32`` or ``bfloat16``.
    device
        Where the network computes.

    Returns
    -------
    str
        ``bfloat16`` or ``float32``: for ``auto`` the first where it is native. A processor without it emulates it,
        which the log says where it was asked for.
    """
    native = has_bfloat16(device)
    if precision == "auto":
        chosen = "bfloat16" if native else "float32"
        log.info(
            "precision auto: %s, as this %s has %s bfloat16",
            chosen,
            device.type,
            "its own" if native else "no",
        )
        return chosen
    if precision == "bfloat16" and not native:
        log.warning(
            "precision bfloat16 is emulated on this %s and takes %s times as long as float32; set precision: auto",
            device.type,
            EMULATED_FACTOR,
        )
    return precision


def has_bfloat16(device: torch.device) -> bool:
    """Check whether a device computes in bfloat16 by itself: a GPU of Ampere or later, AVX512-BF16, AMX, or Arm's BF16.

    A processor's instructions are used through oneDNN, without which torch (as built for macOS) convolves slowly.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    capabilities = torch.cpu.get_capabilities()
    return any(bool(value) for name, value in capabilities.items() if name.endswith("bf16"))


def torch_generator(seed: int, *names: object, device: str | torch.device = "cpu") -> torch.Generator:
    """Make a torch generator on `device` for `derived_seed` of the same arguments."""
    return torch.Generator(device=device).manual_seed(derived_seed(seed, *names))
