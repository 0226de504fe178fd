"""What all models of settings share: closed, strict, finite, and described at each field.

A model is the one place of a setting: its bound, its unit (in the name), what it means and where the value
comes from, in the line below the field. Values stand in ``config/``. Nothing here knows an algorithm or
torch, because the Snakefile reads it all.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

Length = Annotated[float, Field(gt=0)]
"""A positive number."""

Share = Annotated[float, Field(ge=0, le=1)]
"""A number from 0 to 1."""

Name = Annotated[str, Field(min_length=1)]
"""A text that is not empty."""


Precision = Literal["auto", "float32", "bfloat16"]
"""Arithmetic of a network; auto is decided by the job, on the machine that runs it. bfloat16 is mixed precision."""


def _distinct(values: list[Any]) -> list[Any]:
    """Refuse a list that names something twice."""
    twice = [value for value in values if values.count(value) > 1]
    if twice:
        raise ValueError(f"{twice[0]!r} stands twice; name each once")
    return values


Distinct = (AfterValidator(_distinct), Field(json_schema_extra={"uniqueItems": True}))
"""What makes a list one of different things."""

DistinctNames = Annotated[list[str], *Distinct]
"""Names, none of them twice."""


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


class _Derived(Settings):
    """Settings whose fields are handed over with their descriptions: there is no source to look for them in."""

    model_config = ConfigDict(use_attribute_docstrings=False)


def derived(name: str, words: str | None, fields: Mapping[str, Any]) -> type[Settings]:
    """Make a model of fields that are described already; classes that inherit it describe theirs as usual.

    Parameters
    ----------
    name, words
        Name and docstring of the model.
    fields
        Type and `Field` by name.
    """
    model = create_model(name, __base__=_Derived, __doc__=words, **fields)
    model.model_config["use_attribute_docstrings"] = True
    return model


@cache
def part_of(model: type[Settings]) -> type[Settings]:
    """Make the model of a mapping that may give any of a model's settings, each within its bounds."""
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        kind = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        fields[name] = (kind, Field(default=None, description=field.description))
    return derived(f"PartOf{model.__name__}", model.__doc__, fields)


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
    return derived(f"Known{model.__name__}", model.__doc__, fields)


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
                found[name] = in_order(source[name])
                break
    return found


def in_order(value: Any) -> Any:
    """Sort a mapping by its names, those within it too: equal settings have one text."""
    if isinstance(value, Mapping):
        return {name: in_order(value[name]) for name in sorted(value)}
    return value
