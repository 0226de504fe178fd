"""YAML and JSON documents: settings, schemas, provenance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from clearice.files.atomic import write_text


def read_yaml(path: Path) -> Any:
    """Read a YAML document with plain values only.

    Raises
    ------
    ValueError
        The file is not YAML; the sentence names the line.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not YAML: {' '.join(str(error).split())}") from None


def write_yaml(path: Path, value: object) -> None:
    """Write `value` as YAML in the order it has, whole or not at all."""
    write_text(path, yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120))


def write_json(path: Path, value: object) -> None:
    """Write `value` as indented JSON with sorted keys, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON document."""
    return json.loads(path.read_text(encoding="utf-8"))
