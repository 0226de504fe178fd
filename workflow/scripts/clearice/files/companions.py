"""Files that a user may give beside a micrograph, under its name and one of several suffixes."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path

from clearice.files.names import bare_name, same_micrograph


def companion_file(
    folder: Path, name: str, suffixes: Sequence[str], what: str, others: Collection[str] | None = None
) -> Path | None:
    """Find the one file <folder>/<name><suffix>; None where there is none.

    Only where no file has exactly that name, one is taken whose name has, or lacks, the decorations of other
    programs (`clearice.files.names`).

    Parameters
    ----------
    folder
        Where such files lie; it may be missing.
    name
        Micrograph.
    suffixes
        Those a file may have, in lower case.
    what
        What such files are, for the sentence.
    others
        Names of other micrographs, whose files are never taken for this one's; None asks for the exact name.

    Raises
    ------
    ValueError
        There are several, or one could be another micrograph's as well.
    """
    found = [path for path in (folder / f"{name}{suffix}" for suffix in suffixes) if path.is_file()]
    if not found and others is not None:
        files = [path for path in companion_files(folder, name) if path.suffix.lower() in suffixes]
        meant = same_micrograph(name, [path.stem for path in files], folder, others)
        found = [path for path in files if path.stem in meant]
    if len(found) > 1:
        raise ValueError(f"{folder} has {len(found)} {what} of {name}; keep one of them")
    return found[0] if found else None


def companion_files(folder: Path, name: str) -> list[Path]:
    """List the files of any suffix that may be a micrograph's, with or without decorations."""
    if not folder.is_dir():
        return []
    return _by_bare_name(folder, folder.stat().st_mtime_ns).get(bare_name(name), [])


@lru_cache(maxsize=16)
def _by_bare_name(folder: Path, changed_ns: int) -> dict[str, list[Path]]:
    """List the files of a folder by their bare names, once for each time that it changes."""
    found: dict[str, list[Path]] = {}
    with os.scandir(folder) as entries:
        for path in sorted(Path(entry) for entry in entries if entry.is_file()):
            found.setdefault(bare_name(path.stem), []).append(path)
    return found
