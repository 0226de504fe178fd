"""Settings for tests: those of the shipped configuration, with what a test changes."""

from __future__ import annotations

import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from clearice.config.base import Settings
from clearice.config.complaints import checked
from clearice.config.defaults import default_settings

Model = TypeVar("Model", bound=Settings)


def made(model: type[Model], **changes: Any) -> Model:
    """Make settings of a model: the shipped values, with changes; what is wrong is a sentence."""
    return checked(model, {**default_settings(model), **changes}, "settings")


def with_settings(step: Callable[..., object], **arguments: Any) -> dict[str, Any]:
    """Put those of a step's arguments that its model of settings has into its `settings`, and leave the others."""
    model = typing.get_type_hints(step).get("settings")
    if not (isinstance(model, type) and issubclass(model, Settings)) or "settings" in arguments:
        return arguments
    own = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in arguments.items()
        if name in model.model_fields
    }
    others = {name: value for name, value in arguments.items() if name not in own}
    return {**others, "settings": made(model, **own)}


def call(step: Callable[..., object], **arguments: Any) -> None:
    """Call a step whose settings stand among its arguments, each by its own name."""
    step(**with_settings(step, **arguments))
