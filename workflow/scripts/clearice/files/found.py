"""Which files a user's globs find."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path


def found_files(patterns: Iterable[str]) -> list[str]:
    """List the files that globs find, each once and spelled in one way: ./data/a.tif is data/a.tif.

    Raises
    ------
    ValueError
        A pattern finds a folder: what lies in it was meant.
    """
    found = sorted(
        {Path(path).as_posix() for pattern in patterns for path in glob.glob(pattern, recursive=True)}
    )
    folders = [path for path in found if Path(path).is_dir()]
    if folders:
        raise ValueError(f"{folders[0]} is a folder; give the files in it, for example '{folders[0]}/*.tif'")
    return found
