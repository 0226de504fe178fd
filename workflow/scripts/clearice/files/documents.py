"""YAML and JSON documents: settings, schemas, provenance."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, NoReturn

import yaml

from clearice.files.atomic import write_text
from clearice.files.text import read_text

MOST_NODES = 1_000_000
"""Values a document may hold, each alias counted as what it stands for."""

DEEPEST = 100
"""How deep a document may be nested."""

MOST_BYTES = 1 << 26
"""The largest document that is read, 64 MiB."""


def read_yaml(path: Path) -> Any:
    """Read a YAML document with plain values only.

    Raises
    ------
    ValueError
        The file is no text or not YAML, names a key twice, is nested too deep, or its aliases stand for too
        much; the sentence names the line.
    OSError
        The file is missing or cannot be read.
    """
    text = read_text(path, MOST_BYTES)
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _check_size(path, node)
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise ValueError(_sentence(path, error, text)) from None
    except RecursionError:
        raise _too_deep(path) from None
    except (ValueError, OverflowError, TypeError, LookupError) as error:  # of a value, such as 2001-99-99
        known = str(error).startswith(str(path))
        raise ValueError(
            str(error) if known else f"{path} is not YAML: a value cannot be read ({error})"
        ) from None


def write_yaml(path: Path, value: object) -> None:
    """Write `value` as YAML in the order it has, whole or not at all."""
    write_text(path, yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120))


def write_json(path: Path, value: object) -> None:
    """Write `value` as indented JSON with sorted keys, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON document.

    Raises
    ------
    ValueError
        The file is no text or not JSON, or holds a number that is not finite; the sentence names the line.
    OSError
        The file is missing or cannot be read.
    """
    return parse_json(read_text(path, MOST_BYTES), str(path))


def parse_json(text: str, where: str) -> Any:
    """Read JSON of a text that comes from `where`.

    Raises
    ------
    ValueError
        As for `read_json`.
    """

    def finite(word: str) -> float:
        value = float(word)
        return value if math.isfinite(value) else refuse(word)

    def refuse(word: str) -> NoReturn:
        raise ValueError(f"{where} holds the number {word}, which is not finite; correct it")

    try:
        return json.loads(text, parse_float=finite, parse_constant=refuse)
    except json.JSONDecodeError as error:
        cut = " (it is cut short)" if error.pos >= len(text.rstrip()) else ""
        raise ValueError(
            f"{where}, line {error.lineno}, column {error.colno}: it is not JSON{cut}: {error.msg}; correct it"
        ) from None
    except RecursionError:
        raise _too_deep(where) from None
    except ValueError as error:  # an endless whole number
        known = str(error).startswith(where)
        raise ValueError(str(error) if known else f"{where} is not JSON: {error}") from None


def _check_size(path: Path, root: yaml.Node) -> None:
    """Stop where aliases stand for too much, a document holds itself, is too deep, or names a key twice."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def size_of(node: yaml.Node, depth: int) -> int:
        if id(node) in sizes:
            return sizes[id(node)]
        if id(node) in open_nodes:
            raise ValueError(
                f"{path}, line {_line(node)}: an alias stands within what it names; write it out"
            )
        if depth > DEEPEST:
            raise _too_deep(path)
        open_nodes.add(id(node))
        children = list(node.value) if isinstance(node, yaml.SequenceNode) else []
        if isinstance(node, yaml.MappingNode):
            _check_keys(path, node)
            children = [one for pair in node.value for one in pair]
        total = 1 + sum(size_of(child, depth + 1) for child in children)
        if total > MOST_NODES:
            raise ValueError(
                f"{path}, line {_line(node)}: it stands for more than {MOST_NODES:,} values, mostly by aliases; "
                "is it the right file?"
            )
        open_nodes.discard(id(node))
        sizes[id(node)] = total
        return total

    size_of(root, 1)


def _check_keys(path: Path, node: yaml.MappingNode) -> None:
    """Stop at a key that stands twice in a mapping: the first value would be lost."""
    seen: dict[str, int] = {}
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
            if key.value in seen:
                raise ValueError(
                    f"{path}, line {_line(key)}: the key {key.value!r} stands in line {seen[key.value]} already; "
                    "keep one of them"
                )
            seen[key.value] = _line(key)


def _line(node: yaml.Node) -> int:
    """Return the line in which a node begins."""
    return int(node.start_mark.line) + 1


def _too_deep(where: object) -> ValueError:
    """Make the error for a document nested too deep."""
    return ValueError(f"{where} is nested deeper than {DEEPEST} levels; is it the right file?")


def _sentence(path: Path, error: yaml.YAMLError, text: str) -> str:
    """Describe what is wrong with a document in one sentence."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return f"{path} is not YAML: {' '.join(str(error).split())}"
    lines = text.split("\n")
    line = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())] or line[mark.column : mark.column + 1] == "\t":
        return f"{path} is not YAML: line {mark.line + 1} is indented with a tab; use spaces"
    why = ", ".join(
        part for part in (getattr(error, "context", None), getattr(error, "problem", None)) if part
    )
    return f"{path} is not YAML: line {mark.line + 1}, column {mark.column + 1}: {why}; correct that line"
