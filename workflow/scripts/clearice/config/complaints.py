"""Describe what is wrong with settings and table rows: each complaint is a sentence that names its place."""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from clearice.config.base import Settings

Model = TypeVar("Model", bound=Settings)
Place = tuple[int | str, ...]

LIMITS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
    "multiple_of": ("multiple_of", "a multiple of"),
    "too_short": ("min_length", "of a length of at least"),
    "too_long": ("max_length", "of a length of at most"),
}
RENAMED = {
    "application": "inference",
    "independent": "second_exposure",
    "diet": "pairing",
    "neighbours": "neighbor2neighbor",
    "blur_and_mask": "mask_control",
    "gain_quarter_turns": "gain_rotation",
}
"""What earlier names are called now."""

CHANGED = {
    "gain_quarter_turns": "and turns clockwise with row 0 on top, as RELION's and MotionCor's does: write 3 for 1, "
    "1 for 3; an MRC gain of TIFF movies, or a TIFF gain of MRC movies, is now flipped by itself, so take out a "
    "gain_flip of up_down that did this",
}
"""What else is new about an earlier name: its value means another thing now."""

SHAPES = {"list_type": "a list", "dict_type": "a mapping", "model_type": "a mapping"}
TYPES = {
    float: "a number",
    int: "a whole number",
    str: "text",
    bool: "true or false",
    list: "a list",
    dict: "a mapping",
    type(None): "null",
}


def complaints(model: type[Settings], value: Any, where: str) -> list[str]:
    """List what is wrong with a value, one sentence each.

    Parameters
    ----------
    model
        The settings it should be.
    value
        A parsed document: dicts, lists, numbers, text.
    where
        What the value is, for the sentences, e.g. ``config``.
    """
    try:
        model.model_validate(value)
    except ValidationError as error:
        found = [_sentence(model, one, where) for one in error.errors(include_url=False)]
        return list(dict.fromkeys(found))
    return []


def checked(model: type[Model], value: Any, where: str) -> Model:
    """Make settings of a parsed document.

    Raises
    ------
    ValueError
        One line for each complaint.
    """
    found = complaints(model, value, where)
    if found:
        raise ValueError("\n".join(found))
    return model.model_validate(value)


def parse_row(model: type[Settings], row: Mapping[str, str], where: str) -> dict[str, Any]:
    """Convert the text cells of a table row to the types of a model; empty cells become the default.

    Raises
    ------
    ValueError
        One line for each complaint: unknown column, missing or unreadable cell, value out of range.
    """
    fields = model.model_fields
    found = [
        f"{where}: column {name!r} is unknown{nearest(name, fields)}" for name in row if name not in fields
    ]
    given: dict[str, Any] = {}
    for name, field in fields.items():
        text = row.get(name, "")
        try:
            if text != "":
                given[name] = _parse_cell(text, field)
        except ValueError:
            found.append(f"{where}: {name} is {text!r}, but must be {_described(field)}")
    found = found or complaints(model, given, where)
    if found:
        raise ValueError("\n".join(found))
    return model.model_validate(given).model_dump()


def text_check(model: type[Settings]) -> Callable[[Mapping[str, str]], bool]:
    """Make a quick test of whether a row of text cells surely fits, for tables of many thousand rows.

    A row it is not sure of goes to `parse_row`, which finds the words for what is wrong.

    Raises
    ------
    ValueError
        A column of the model is no plain text.
    """
    columns: dict[str, tuple[re.Pattern[str] | None, frozenset[str] | None]] = {}
    for name, field in model.model_fields.items():
        kinds = _kinds(field.annotation)
        patterns = [one.pattern for one in field.metadata if getattr(one, "pattern", None)]
        words = frozenset(word for kind in kinds for word in _choices(kind))
        if not words and not {str} >= kinds - {type(None)}:
            raise ValueError(f"column {name} is no plain text")
        columns[name] = (re.compile(patterns[0]) if patterns else None, words or None)
    needed = frozenset(name for name, field in model.model_fields.items() if field.is_required())

    def fits(row: Mapping[str, str]) -> bool:
        if row.keys() != columns.keys():
            return False
        for name, (pattern, allowed) in columns.items():
            text = row[name]
            if not text:
                if name in needed:
                    return False
            elif (pattern and not pattern.search(text)) or (allowed and text not in allowed):
                return False
        return True

    return fits


def nearest(name: str, known: Iterable[str]) -> str:
    """Suggest the known name that looks most like `name`."""
    known = [str(one) for one in known]
    if RENAMED.get(name) in known:
        also = f", {CHANGED[name]}" if name in CHANGED else ""
        return f"; it is called {RENAMED[name]!r} now{also}"
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known) or 'none'}"


def _sentence(model: type[Settings], error: Any, where: str) -> str:
    """Describe one error of pydantic in the words of a user."""
    kind, place, value, context = error["type"], error["loc"], error["input"], error.get("ctx", {})
    parent, field = _field_at(model, place)
    if place and place[-1] == "[key]":  # a name of the user's own in a mapping
        place = place[:-2]
    dotted = ".".join(map(str, place))
    at = f"{where}: {dotted}" if dotted else where
    if kind in {"extra_forbidden", "missing"}:
        outer = ".".join(map(str, place[:-1]))
        within = f"{where}: {outer}" if outer else where
        if kind == "missing":
            why = (field.description if field else None) or "it has no default"
            return f"{within}: {place[-1]} is missing; give it ({why})"
        return f"{within}: key {str(place[-1])!r} is unknown{nearest(str(place[-1]), parent.model_fields)}"
    if value is None and field is not None and where == "settings":
        return f"{at} is unknown; fill it in the config or the datasets table{_unit(field)}"
    if kind == "value_error":
        return f"{at}: {context['error']}"
    if kind == "string_pattern_mismatch" and field is not None:
        return f"{at} is {value!r}, but must be {field.description}"
    if kind == "string_too_short":
        return f"{at} is empty, but must be a name{_unit(field)}"
    if kind in SHAPES:
        return f"{at} is {value!r}, but must be {SHAPES[kind]}{_unit(field)}"
    if kind in LIMITS:
        name, words = LIMITS[kind]
        limit = context[name]
        number = int(limit) if isinstance(limit, float) and limit == int(limit) else limit
        return f"{at} is {value!r}, but must be {words} {number}{_unit(field)}"
    if field is not None:
        return f"{at} is {value!r}, but must be {_described(field)}"
    return f"{at} is {value!r}, but {error['msg'].lower()}"


def _field_at(model: type[Settings], place: Place) -> tuple[type[BaseModel], FieldInfo | None]:
    """Find the model around a place and the field there; numbers of list elements are passed over."""
    parent: type[BaseModel] = model
    field: FieldInfo | None = None
    for step in place:
        if isinstance(step, int):
            continue
        if field is not None:
            inner = [one for one in _kinds(field.annotation) if _is_model(one)]
            if not inner:
                return parent, field
            parent = inner[0]
        field = parent.model_fields.get(step)
    return parent, field


def _is_model(kind: Any) -> bool:
    """Return whether a type is a model."""
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _kinds(annotation: Any) -> set[Any]:
    """Return the members of a union, or the one type there is, without what is annotated to it."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return set().union(*(_kinds(one) for one in typing.get_args(annotation)))
    if typing.get_origin(annotation) is typing.Annotated:
        return _kinds(typing.get_args(annotation)[0])
    return {annotation}


def _choices(kind: Any) -> tuple[Any, ...]:
    """Return the words that a type allows; none where it is no choice among words."""
    return typing.get_args(kind) if typing.get_origin(kind) is Literal else ()


def _described(field: FieldInfo) -> str:
    """Name what a field asks for, for a value of another type or another word."""
    kinds = _kinds(field.annotation)
    elements = [
        _kinds(one) for kind in kinds if typing.get_origin(kind) is list for one in typing.get_args(kind)
    ]
    words = [
        word for kind in [*kinds, *(one for some in elements for one in some)] for word in _choices(kind)
    ]
    if words:
        return f"one of {', '.join(map(str, words))}"
    order = list(TYPES)
    plain = {dict if _is_model(kind) else typing.get_origin(kind) or kind for kind in kinds}
    named = [
        TYPES.get(kind, "a value")
        for kind in sorted(plain, key=lambda kind: order.index(kind) if kind in order else 99)
    ]
    return " or ".join(dict.fromkeys(named)) + _unit(field)


def _unit(field: FieldInfo | None) -> str:
    """Return the description of a field in brackets, where there is one."""
    return f" ({field.description})" if field is not None and field.description else ""


def _parse_cell(text: str, field: FieldInfo) -> Any:
    """Read one cell as the type its column has.

    Raises
    ------
    ValueError
        It holds something else.
    """
    kinds = _kinds(field.annotation)
    if bool in kinds:
        return {"true": True, "false": False}.get(text.lower(), text)
    for kind in (int, float):
        if kind in kinds:
            if "_" in text:  # Python reads 1_0 as 10
                raise ValueError(text)
            return kind(text)
    return text
