"""The state of an unfinished training, from which it can go on."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from clearice.files.atomic import atomic_write
from clearice.files.checkpoints import load_tensors

STATE_FILE = "state.pt"


def save_state(folder: Path, state: Mapping[str, Any]) -> None:
    """Write the state of a training into its folder, in place of the one before, whole or not at all.

    Parameters
    ----------
    folder
        The training's own folder; made if it is missing.
    state
        Tensors and plain values.

    Raises
    ------
    OSError
        The disk is full or the folder cannot be written; the state before is still there.
    """
    with atomic_write(folder / STATE_FILE) as partial, partial.open("wb") as stream:
        torch.save(dict(state), stream)


def load_state(folder: Path) -> dict[str, Any] | None:
    """Read the state of a training, onto the CPU; None if there is none.

    Raises
    ------
    ValueError
        The file is damaged.
    OSError
        The file cannot be read.
    """
    path = folder / STATE_FILE
    if not path.exists():
        return None
    try:
        with path.open("rb") as stream:
            state: dict[str, Any] = load_tensors(stream)
        if not isinstance(state, dict):
            raise TypeError(type(state).__name__)
    except Exception as error:  # torch reads a pickle in an archive: anything may come of a damaged one
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # of the disk, not of what lies there
            raise
        raise ValueError(
            f"{path}, the state of an unfinished training, is damaged; "
            f"delete {folder} to train from the start"
        ) from None
    return state


def remove_state(folder: Path) -> None:
    """Remove the folder of a training that is finished, with all in it."""
    shutil.rmtree(folder, ignore_errors=True)
