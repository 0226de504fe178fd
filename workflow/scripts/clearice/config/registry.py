"""Stages, kinds of method and pickers, found by the names of their modules."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from clearice.config import kinds, pickers, stages
from clearice.config.kind import Kind, Picker
from clearice.config.stage import Stage


@cache
def all_kinds() -> dict[str, Kind]:
    """Return every kind of method by name."""
    return {name: importlib.import_module(f"{kinds.__name__}.{name}").KIND for name in _modules(kinds)}


@cache
def all_pickers() -> dict[str, Picker]:
    """Return every picker by name."""
    return {name: importlib.import_module(f"{pickers.__name__}.{name}").PICKER for name in _modules(pickers)}


@cache
def all_stages() -> dict[str, Stage]:
    """Return every stage of the learned methods by name."""
    return {name: importlib.import_module(f"{stages.__name__}.{name}").STAGE for name in _modules(stages)}


def _modules(package: object) -> list[str]:
    """Return the names of a package's modules, in alphabetical order."""
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))  # type: ignore[attr-defined]
