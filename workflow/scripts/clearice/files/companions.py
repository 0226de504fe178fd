"""Files that a user may give beside a micrograph, under its name and one of several suffixes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def companion_file(folder: Path, name: str, suffixes: Sequence[str], what: str) -> Path | None:
    """Find the one file <folder>/<name><suffix>; None where there is none.

    Raises
    ------
    ValueError
        There are several; `what` says of what kind.
    """
    found = [path for path in (folder / f"{name}{suffix}" for suffix in suffixes) if path.is_file()]
    if len(found) > 1:
        raise ValueError(f"{folder} has {len(found)} {what} of {name}; keep one of them")
    return found[0] if found else None
