"""Hash a script together with all of our code that it reaches.

Snakemake sees edits of a rule and of its script, not of a module the script imports. Every rule therefore carries
``params: code=fingerprint(...)``; the hash is over syntax trees without docstrings, so comments and layout change
nothing. Reached modules are found by following static imports inside the scripts' folder.
"""

from __future__ import annotations

import ast
import hashlib
from functools import lru_cache
from pathlib import Path


def fingerprint(script: Path, root: Path | None = None) -> str:
    """Hash the code behind a script.

    Parameters
    ----------
    script
        Path of the script.
    root
        The folder in which imports are ours; the script's own folder if not given.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    root = script.parent if root is None else root
    digest = hashlib.sha256()
    for path in sorted(reached(script, root)):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(_read(path, root, path.stat().st_mtime_ns)[0])
    return digest.hexdigest()[:16]


def reached(script: Path, root: Path) -> set[Path]:
    """Find the script and every module below `root` that it imports, directly or through others."""
    todo, found = [script], set()
    while todo:
        path = todo.pop()
        if path not in found:
            found.add(path)
            todo.extend(_read(path, root, path.stat().st_mtime_ns)[1])
    return found


@lru_cache(maxsize=1024)
def _read(path: Path, root: Path, changed_ns: int) -> tuple[bytes, tuple[Path, ...]]:
    """Hash a module's syntax tree without docstrings, and list what it imports; once for each time it changes."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    files: list[Path] = []
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [_absolute(node, path, root)]
            names += [f"{names[0]}.{alias.name}" for alias in node.names]
        elif isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            _drop_docstring(node)
        for name in names:
            files.extend(_files_of(name, root))
    return hashlib.sha256(ast.dump(tree).encode()).digest(), tuple(dict.fromkeys(files))


def _drop_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """Take the docstring out of a node, where it has one."""
    first = node.body[0] if node.body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        node.body = node.body[1:]


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
