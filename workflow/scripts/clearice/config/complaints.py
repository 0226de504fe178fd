"""Check settings and table rows against closed schemas; every complaint is one sentence that names its place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from typing import Any

import jsonschema

Schema = Mapping[str, Any]


def complaints(value: Any, schema: Schema, where: str) -> list[str]:
    """List what is wrong with a value, one sentence each.

    Parameters
    ----------
    value
        A parsed document: dicts, lists, numbers, text.
    schema
        JSON schema (draft 2020-12).
    where
        What the value is, for the sentences, e.g. ``config``.
    """
    validator = jsonschema.Draft202012Validator(schema)
    errors = sorted(
        validator.iter_errors(value), key=lambda error: [str(part) for part in error.absolute_path]
    )
    return [sentence for error in errors for sentence in _sentences(error, where)]


def check_config(config: Mapping[str, Any], schema: Schema) -> None:
    """Check a whole configuration: its keys by the schema, each method by the schema of its kind.

    Raises
    ------
    ValueError
        One line for each complaint.
    """
    found = complaints(dict(config), schema, "config")
    methods = config.get("methods")
    if not found and isinstance(methods, Mapping):
        for name, method in methods.items():
            found += _method_complaints(name, method, schema)
        for name in config["run"]["methods"]:
            if name not in methods:
                found.append(
                    f"config: run.methods names {name!r}, which methods does not define{_nearest(name, methods)}"
                )
    if found:
        raise ValueError("\n".join(found))


def parse_row(row: Mapping[str, str], schema: Schema, where: str) -> dict[str, Any]:
    """Turn the text cells of a table row into the types of a schema; empty cells become None.

    Raises
    ------
    ValueError
        One line for each complaint: unknown column, missing or unreadable cell, value out of range.
    """
    properties = schema["properties"]
    unknown = [name for name in row if name not in properties]
    found = [f"{where}: column {name!r} is unknown{_nearest(name, properties)}" for name in unknown]
    values: dict[str, Any] = {}
    for name, rule in properties.items():
        text = row.get(name, "")
        try:
            values[name] = _parse_cell(text, rule)
        except ValueError:
            found.append(f"{where}: {name} is {text!r}, but must be {_describe_type(rule)}")
    given = {name: value for name, value in values.items() if value is not None}
    if not found:
        found = complaints(given, schema, where)
    if found:
        raise ValueError("\n".join(found))
    return values


def text_check(schema: Schema) -> Callable[[Mapping[str, str]], bool]:
    """Make a quick test that says of a row of text cells that it surely fits, for tables of many thousand rows.

    A row it is not sure of goes to `parse_row`, which finds the words for what is wrong.

    Raises
    ------
    ValueError
        A column of the schema is no plain text.
    """
    columns: dict[str, tuple[re.Pattern[str] | None, frozenset[str] | None]] = {}
    for name, rule in schema["properties"].items():
        if rule["type"] != "string" or set(rule) - {"type", "pattern", "enum", "description"}:
            raise ValueError(f"column {name} is no plain text")
        allowed = frozenset(rule["enum"]) if "enum" in rule else None
        columns[name] = (re.compile(rule["pattern"]) if "pattern" in rule else None, allowed)
    needed = frozenset(schema["required"])

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


def _method_complaints(name: str, method: Any, schema: Schema) -> list[str]:
    """Check one method entry by the schema of its kind."""
    kinds = schema["$defs"]["method_kinds"]
    kind = method.get("kind") if isinstance(method, Mapping) else None
    if kind not in kinds:
        return [f"config: methods.{name}.kind is {kind!r}, but must be one of {', '.join(sorted(kinds))}"]
    closed = {**kinds[kind], "$defs": schema["$defs"]}
    return complaints(dict(method), closed, f"config: methods.{name}")


def _sentences(error: jsonschema.ValidationError, where: str) -> list[str]:
    """Say one validation error in the words of a user."""
    place = ".".join(str(part) for part in error.absolute_path)
    at = f"{where}: {place}" if place else where
    rule, limit = error.validator, error.validator_value
    if rule == "additionalProperties":
        allowed = error.schema.get("properties", {})
        unknown = [key for key in error.instance if key not in allowed]
        return [f"{at}: key {key!r} is unknown{_nearest(str(key), allowed)}" for key in unknown]
    if rule == "required":
        missing = [key for key in limit if key not in error.instance]
        return [f"{at}: {key} is missing; {_why(error.schema, key)}" for key in missing]
    if rule == "type":
        return [f"{at} is {error.instance!r}, but must be {_describe_type(error.schema)}"]
    if rule == "enum":
        return [f"{at} is {error.instance!r}, but must be one of {', '.join(str(one) for one in limit)}"]
    if rule in {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"}:
        words = {
            "minimum": "at least",
            "exclusiveMinimum": "more than",
            "maximum": "at most",
            "exclusiveMaximum": "less than",
        }
        return [f"{at} is {error.instance!r}, but must be {words[str(rule)]} {limit}{_unit(error.schema)}"]
    if rule == "pattern":
        return [f"{at} is {error.instance!r}, but must be {error.schema.get('description', f'like {limit}')}"]
    return [f"{at}: {error.message}"]


def _why(schema: Any, key: str) -> str:
    """Give the description of a required key."""
    description = schema.get("properties", {}).get(key, {}).get("description", "it has no default")
    return f"give it ({description})"


def _unit(schema: Any) -> str:
    """Give the description of a number in brackets, where there is one."""
    return f" ({schema['description']})" if "description" in schema else ""


def _describe_type(rule: Any) -> str:
    """Name the type a schema asks for."""
    names = rule.get("type", "a value")
    names = [names] if isinstance(names, str) else list(names)
    words = {
        "number": "a number",
        "integer": "a whole number",
        "string": "text",
        "boolean": "true or false",
        "array": "a list",
        "object": "a mapping",
        "null": "null",
    }
    return " or ".join(words.get(name, name) for name in names) + _unit(rule)


def _nearest(name: str, known: Any) -> str:
    """Suggest the known name that looks most like `name`."""
    near = difflib.get_close_matches(name, [str(one) for one in known], n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(map(str, known)) or 'none'}"


def _parse_cell(text: str, rule: Any) -> Any:
    """Read one cell as the type its column has."""
    kinds = rule.get("type", "string")
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    if text == "":
        return rule.get("default")
    if "integer" in kinds:
        return int(text)
    if "number" in kinds:
        return float(text)
    return text
