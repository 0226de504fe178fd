"""Hash a script together with all of our code that it reaches.

Snakemake sees edits of a rule and of its script, not of a module the script imports. Every rule therefore
carries ``params: code=fingerprint(...)``; the hash is over syntax trees without docstrings and log lines
(`syntax.py`), so comments, layout and words change nothing. Reached modules are found by following static
imports inside the scripts' folder; a file ``page.html.j2`` beside a reached ``page.py`` is data of that
module and counts too.

An algorithm that is found by its name at run time is in no import, and importing `config.registry` reaches no
kind, picker or stage: the rule that knows the name hands over the files that it stands for.
"""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from clearice.run.syntax import blocks, drop_words

# What of our code moves bytes, keeps tables or talks, and changes no number of a training: a whole room,
# and all of the room `run` but these modules.
ROOM_WITHOUT_NUMBERS = "files"
DATA_SUFFIXES = frozenset({"html.j2"})  # of files beside a module that are its data
NUMBERS_OF_RUN = frozenset({"seeds.py", "devices.py", "training_set.py", "noise_set.py"})


def fingerprint(script: Path, *more: Path, root: Path | None = None) -> str:
    """Hash the code behind a script.

    Parameters
    ----------
    script
        Path of the script.
    more
        Further modules that count with all they import: those the script finds by name when it runs.
    root
        The folder in which imports are ours; the script's own folder if not given.

    Returns
    -------
    str
        16 hexadecimal digits.

    Raises
    ------
    OSError
        One of the files does not exist.
    """
    root = script.parent if root is None else root
    return _digest(reached([script, *more], root), root)


def training_fingerprint(script: Path, *more: Path, root: Path | None = None) -> str:
    """Hash what of the code behind a training's script changes its numbers, to tell when it may be resumed.

    That is the script and all it reaches, less what only reads and writes files (the key of a training holds
    their checksums) and what plans, logs and keeps records: neither a reworded log line nor another layout of
    a table may throw half a training away. A module in a new room counts until it is named here.

    Parameters
    ----------
    script, more, root
        As for `fingerprint`.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    root = script.parent if root is None else root
    paths = reached([script, *more], root)
    return _digest({path for path in paths if _changes_numbers(path.relative_to(root).parts)}, root)


def reached(paths: Iterable[Path], root: Path) -> set[Path]:
    """Find some modules and every one below `root` that they import, directly or through others."""
    todo, found = list(paths), set()
    while todo:
        path = todo.pop()
        if path not in found:
            found.add(path)
            todo.extend(_parsed(path, root)[1])
    return found


def _changes_numbers(parts: tuple[str, ...]) -> bool:
    """Return whether a module, given as the parts of its path (clearice, run, step.py), changes numbers."""
    room = parts[1] if len(parts) > 2 else ""
    return room != ROOM_WITHOUT_NUMBERS and (room != "run" or parts[-1] in NUMBERS_OF_RUN)


def _digest(paths: set[Path], root: Path) -> str:
    """Hash modules and the data beside them, in an order that does not depend on how they were found."""
    parts = [_parsed(path, root)[0] for path in paths]
    parts += [_hash(path.relative_to(root), path.read_bytes()) for path in _data_beside(paths)]
    return hashlib.sha256(b"".join(sorted(parts))).hexdigest()[:16]


def _data_beside(paths: set[Path]) -> list[Path]:
    """List the files named like a module but for their suffix; an editor's copies of the module are none."""
    stems: dict[Path, set[str]] = {}
    for path in paths:
        stems.setdefault(path.parent, set()).add(path.stem)
    found = []
    for folder, known in stems.items():
        with os.scandir(folder) as entries:
            for entry in entries:
                stem, dot, suffix = entry.name.partition(".")
                if dot and stem in known and suffix in DATA_SUFFIXES and entry.is_file():
                    found.append(folder / entry.name)
    return found


def _hash(name: Path, content: bytes) -> bytes:
    """Hash a file's content under its name."""
    return hashlib.sha256(name.as_posix().encode() + b"\0" + content).digest()


def _parsed(path: Path, root: Path) -> tuple[bytes, tuple[Path, ...]]:
    """Hash a module and list what it imports; read anew when its date or size is another."""
    state = path.stat()
    return _parse(path, root, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=1024)
def _parse(path: Path, root: Path, changed_ns: int, size: int) -> tuple[bytes, tuple[Path, ...]]:
    """Hash a module's syntax tree without words, and list what it imports; once for each time it changes."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    files: list[Path] = []
    for node in (statement for block in blocks(tree) for statement in block):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [_absolute(node, path, root)]
            names += [f"{names[0]}.{alias.name}" for alias in node.names]
        for name in names:
            files.extend(_files_of(name, root))
    drop_words(tree)
    return _hash(path.relative_to(root), ast.dump(tree).encode()), tuple(dict.fromkeys(files))


def _absolute(node: ast.ImportFrom, path: Path, root: Path) -> str:
    """Spell out the module of a ``from`` import, also of a relative one."""
    if not node.level:
        return node.module or ""
    package = path.relative_to(root).parts[:-1]
    base = package[: len(package) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


@lru_cache(maxsize=4096)
def _files_of(name: str, root: Path) -> list[Path]:
    """Find the file of a dotted module name, and the ``__init__.py`` of every package above it."""
    parts = name.split(".")
    files = [root.joinpath(*parts[:i], "__init__.py") for i in range(1, len(parts) + 1)]
    files.append(root.joinpath(*parts).with_suffix(".py"))
    return [file for file in files if file.is_file()]
