"""The shipped configuration: its files, laid over one another, and what each quality says."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from clearice.files.documents import read_yaml

FOLDER = pathlib.Path(__file__).resolve().parents[4] / "config"
LAYERS = ("advanced.yaml", "config.yaml")
QUALITIES = ("quick", "standard", "paper")
NOTHING = object()
"""What stands where nothing does."""

Config = Mapping[str, Any]
Path = tuple[str, ...]
"""Where a value stands: the names of the mappings around it, and its own."""


def laid_over(below: Config, above: Config) -> dict[str, Any]:
    """Merge two mappings, those within them too, as Snakemake merges configuration files."""
    merged = dict(below)
    for name, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(name), Mapping)
        merged[name] = laid_over(merged[name], value) if both else value
    return merged


def shipped_config() -> dict[str, Any]:
    """Read ``config/advanced.yaml`` with ``config/config.yaml`` over it."""
    merged: dict[str, Any] = {}
    for name in LAYERS:
        merged = laid_over(merged, read_yaml(FOLDER / name))
    return merged


@cache
def values_of_quality(quality: str) -> Config:
    """Read what a quality says, in the shape of a configuration; it is not to be changed."""
    values: Config = read_yaml(FOLDER / "quality" / f"{quality}.yaml")
    return values


def leaves(node: Config, above: Path = ()) -> Iterator[tuple[Path, Any]]:
    """List every value of a mapping and of those within it, with where it stands."""
    for name, value in node.items():
        if isinstance(value, Mapping):
            yield from leaves(value, (*above, name))
        else:
            yield (*above, name), value


def value_at(node: Any, path: Path) -> Any:
    """Return what stands at a path, NOTHING where it leads nowhere."""
    for name in path:
        if not isinstance(node, Mapping) or name not in node:
            return NOTHING
        node = node[name]
    return node


def with_value(config: Config, path: Path, value: Any) -> dict[str, Any]:
    """Return a configuration in which another value stands at a path."""
    for name in reversed(path):
        value = {name: value}
    return laid_over(config, value)
