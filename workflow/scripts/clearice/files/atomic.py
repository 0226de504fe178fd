"""Write a file under a temporary name and rename it when it is whole."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Make a temporary path beside `path`; rename it to `path` if the block ends well.

    Parameters
    ----------
    path
        The final file. Its folder is made if it is missing.

    Yields
    ------
    Path
        A name in the same folder, with the same suffix, that nobody else uses.

    Raises
    ------
    OSError
        The folder cannot be written, or the disk is full. Nothing half-written stays behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, whole or not at all."""
    with atomic_write(path) as partial:
        partial.write_text(text, encoding="utf-8")


def linked(source: Path, target: Path) -> Path:
    """Make `target` a hard link of `source`, or a copy where the file system has no hard links."""
    with atomic_write(target) as partial:
        try:
            os.link(source, partial)
        except OSError as error:
            if error.errno not in {errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS}:
                raise
            shutil.copyfile(source, partial)
    return target


@contextmanager
def all_or_none(files: Sequence[Path]) -> Iterator[Sequence[Path]]:
    """Remove all of some files if the block that writes them does not end well."""
    try:
        yield files
    except BaseException:
        for file in files:
            file.unlink(missing_ok=True)
        raise
