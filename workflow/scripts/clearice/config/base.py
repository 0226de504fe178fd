"""What all models of settings share: closed, strict, finite, and described at each field.

A model is the one place of a setting: its bound, its unit (in the name), what it means and where the value
comes from, in the line below the field. Values stand in ``config/``. Nothing here knows an algorithm or
torch, because the Snakefile reads it all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, create_model

Length = Annotated[float, Field(gt=0)]
"""A positive number."""

Share = Annotated[float, Field(ge=0, le=1)]
"""A number from 0 to 1."""

Name = Annotated[str, Field(min_length=1)]
"""A text that is not empty."""


class Settings(BaseModel):
    """Settings of one thing: unknown keys, other types and numbers that are not finite are refused."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        protected_namespaces=(),
    )


@cache
def part_of(model: type[Settings]) -> type[Settings]:
    """Make the model of a mapping that may give any of a model's settings, each within its bounds."""
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        kind = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        fields[name] = (kind, Field(default=None, description=field.description))
    return create_model(f"PartOf{model.__name__}", __base__=Settings, __doc__=model.__doc__, **fields)


@cache
def filled_in(model: type[Settings]) -> type[Settings]:
    """Make the model of the same settings, none of which may be unknown (None)."""
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        members = [one for one in get_args(field.annotation) if one is not type(None)]
        kind = members[0] if len(members) == 1 else field.annotation
        fields[name] = (
            Annotated[kind, *field.metadata] if field.metadata else kind,
            Field(description=field.description),
        )
    return create_model(f"Known{model.__name__}", __base__=Settings, __doc__=model.__doc__, **fields)


def gather(model: type[Settings], *sources: Mapping[str, Any]) -> dict[str, Any]:
    """Collect the settings of a model out of mappings that hold more, in the order of their names.

    The order makes the text of the result say the same where the settings do: Snakemake compares params by
    text.

    Parameters
    ----------
    model
        Its fields are what is wanted.
    sources
        Where they may stand; the first that has a name gives its value.

    Returns
    -------
    dict
        Plain values by name. A field that no source has is left to the model's default.
    """
    found = {}
    for name in sorted(model.model_fields):
        for source in sources:
            if name in source:
                found[name] = source[name]
                break
    return found


def names_of(models: Iterable[type[Settings]]) -> set[str]:
    """Return the names of all fields of some models."""
    return {name for model in models for name in model.model_fields}
