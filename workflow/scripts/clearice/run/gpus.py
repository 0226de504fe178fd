"""Whether this machine has a GPU that torch can use, told without loading torch: the plan of a run asks."""

from __future__ import annotations

import importlib.util
import os
import runpy
from pathlib import Path

DRIVERS = {"cuda": ("dev/nvidia0", "dev/dxg"), "hip": ("dev/kfd",)}
"""Files that a driver makes where there is a GPU: NVIDIA's (dxg: in the Linux of Windows), AMD's."""
HIDDEN = {"", "-1", "NoDevFiles"}
"""What CUDA_VISIBLE_DEVICES says where no GPU is to be seen."""


def has_gpu(root: Path = Path("/")) -> bool:
    """Check whether torch is built for GPUs and a driver of their kind has found one.

    Parameters
    ----------
    root
        Where devices lie below; another one for tests.
    """
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0") in HIDDEN:
        return False
    return any((root / device).exists() for kind in _kinds_of_torch() for device in DRIVERS[kind])


def _kinds_of_torch() -> list[str]:
    """List the kinds of GPUs that the installed torch is built for, from the small file that says so."""
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return []
    file = Path(found.origin).with_name("version.py")
    said = runpy.run_path(str(file)) if file.is_file() else {}
    return [kind for kind in DRIVERS if said.get(kind)]
