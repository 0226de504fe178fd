"""The values of the shipped configuration for a step that is run from a shell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clearice.config.automatic import for_dataset, with_quality
from clearice.config.base import Settings, gather
from clearice.config.layers import shipped_config
from clearice.config.registry import all_stages
from clearice.config.sizes import AUTO, facts_of
from clearice.config.variants import MAIN, stage_settings
from clearice.config.whole import config_model, pickers_model


def default_settings(
    model: type[Settings], stage: str = "", given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return what the shipped configuration says of a step's settings; the user gives the rest.

    Parameters
    ----------
    model
        The model of what a step takes. Its values come from the stage that has it (of several, the first by
        name), or from the sections that share a group of settings with it, or that one of its fields holds
        whole.
    stage
        Name of the stage, where several have the model.
    given
        What the user gives: a pixel size and a diameter among it are what `auto` follows from. What cannot be
        told without them is left out.
    """
    config = for_dataset(with_quality(shipped_config()), facts_of(given or {}))
    stages = [name for name, one in all_stages().items() if one.settings is model]
    if stages:
        return stage_settings(config, MAIN, stage if stage in stages else stages[0])
    sources = [{"seed": config["seed"]}]
    for name, section in [*_sections(config_model()), *_sections(pickers_model())]:
        values = config["pickers"][name] if name in config["pickers"] else config[name]
        if _groups(section) & _groups(model):
            sources.append(values)
        if any(one.annotation is section for one in model.model_fields.values()):
            sources.append({name: values})
    found = gather(model, *sources)
    return {name: value for name, value in found.items() if value != AUTO or name == "precision"}


def _sections(model: type[Settings]) -> list[tuple[str, type[Settings]]]:
    """List the fields of a model that are models themselves."""
    found = [(name, field.annotation) for name, field in model.model_fields.items()]
    return [(name, one) for name, one in found if isinstance(one, type) and issubclass(one, Settings)]


def _groups(model: type[Settings]) -> set[type]:
    """Return the classes a model is made of, less what all models share."""
    return set(model.__mro__) - set(Settings.__mro__)
