"""Stages, kinds of method and pickers, found by the names of their modules."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from clearice.config import kinds, pickers, stages
from clearice.config.kind import Kind, Picker
from clearice.config.stage import Stage


@cache
def all_kinds() -> dict[str, Kind]:
    """Return every kind of method by name."""
    return {name: _named(kinds, "KIND", name) for name in _modules(kinds)}


def kind_named(name: str) -> Kind:
    """Return one kind of method.

    Raises
    ------
    ValueError
        There is none of that name.
    """
    kind: Kind = _named(kinds, "KIND", name)
    return kind


def picker_named(name: str) -> Picker:
    """Return one picker.

    Raises
    ------
    ValueError
        There is none of that name.
    """
    picker: Picker = _named(pickers, "PICKER", name)
    return picker


@cache
def all_pickers() -> dict[str, Picker]:
    """Return every picker by name."""
    return {name: _named(pickers, "PICKER", name) for name in _modules(pickers)}


@cache
def all_stages() -> dict[str, Stage]:
    """Return every stage of the learned methods by name."""
    return {name: _named(stages, "STAGE", name) for name in _modules(stages)}


def _named(package: object, constant: str, name: str) -> Any:
    """Return what one module of a package holds, without loading the others."""
    known = _modules(package)
    if name not in known:
        raise ValueError(f"{name!r} is unknown; known are {', '.join(known)}")
    return getattr(importlib.import_module(f"{package.__name__}.{name}"), constant)  # type: ignore[attr-defined]


def _modules(package: object) -> list[str]:
    """Return the names of a package's modules, in alphabetical order."""
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))  # type: ignore[attr-defined]
