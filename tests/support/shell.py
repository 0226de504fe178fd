"""A step from the shell: its arguments as flags, and the files it leaves."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from clearice.config.base import Settings
from support.settings import with_settings

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"


def command_of(step: str, arguments: dict[str, Any]) -> list[str]:
    """Write the command that runs a step: lists as several words, mappings and truth as JSON, None as nothing.

    Settings may stand among the arguments, each by its own name.
    """
    words = [sys.executable, str(SCRIPTS / f"{step}.py")]
    for name, value in with_settings(getattr(importlib.import_module(step), step), **arguments).items():
        if isinstance(value, Settings):
            value = value.model_dump()
        rows = isinstance(value, list) and any(isinstance(one, dict) for one in value)
        values = value if isinstance(value, list) and not rows else ["" if value is None else value]
        words.append(f"--{name}")
        words += [json.dumps(one) if isinstance(one, dict | list | bool) else str(one) for one in values]
    return words


def run_from_shell(step: str, arguments: dict[str, Any]) -> str:
    """Run a step as a process of its own, which must succeed, and give what it logged."""
    done = subprocess.run(command_of(step, arguments), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def contents(folder: Path) -> dict[str, bytes]:
    """Read all files of a folder, by their path in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
