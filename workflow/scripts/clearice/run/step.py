"""Run one step, from a Snakemake job or from a shell: one list of names for both.

A step is a function whose parameters are the named inputs, outputs and params of its rule. Its script
ends with

    run(function, globals())

Under Snakemake the arguments come from the job, from a shell they are flags of the same names. A parameter
that is annotated with a model of `clearice.config` takes a mapping; from a shell
``--settings '{"steps": 5}'`` or the name of a YAML file, laid over the shipped values.
`threads` and `device` come from the job's threads and its ``gpu`` resource (or from flags), and so does `reading`,
how much a file may claim: they are never params, so that another device or another limit reruns nothing.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import logging
import os
import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from clearice.files.documents import parse_json, read_json, read_yaml
from clearice.run.logs import start_log
from clearice.run.numbers import finite_number

Model = TypeVar("Model", bound=BaseModel)

NOT_PARAMETERS = {"code", "sources"}  # they tell Snakemake when to run, not the step what to do
FROM_THE_JOB = {"threads": 1, "device": "cpu"}
FROM_RESOURCES = ("reading",)  # models whose fields are resources of the job


def run(function: Callable[..., object], namespace: Mapping[str, Any]) -> None:
    """Call a step, if its module is the program that runs (and not one imported by a test).

    Parameters
    ----------
    function
        The step: every parameter annotated, keyword use only.
    namespace
        ``globals()`` of the script; Snakemake has put its job object there.

    Raises
    ------
    SystemExit
        With status 1 and one sentence, where the step raised ValueError or OSError.
    """
    if namespace.get("__name__") != "__main__":
        return
    job = namespace.get("snakemake")
    log_file = job.log[0] if job is not None and job.log else None
    start_log(log_file, _name_of(function, job))
    log = logging.getLogger(function.__name__)
    try:
        if job is not None:
            arguments = _arguments_of_job(function, job)
        else:
            arguments = _arguments_of_shell(function, sys.argv[1:])
        _limit_threads(arguments.get("threads", 1))
        function(**arguments)
    except (ValueError, OSError) as error:
        log.debug("where it happened", exc_info=True)
        log.error("%s: %s", function.__name__, error)
        raise SystemExit(1) from None
    except SystemExit:
        raise
    except BaseException:
        log.exception("%s stopped", function.__name__)
        raise


def as_settings(model: type[Model], value: Any, name: str) -> Model:
    """Make settings of a mapping.

    The words of complaints are found by name: a step's code does not rest on all there is to say.

    Raises
    ------
    ValueError
        One line for each complaint, which begins with `name`.
    """
    made: Model = importlib.import_module("clearice.config.complaints").checked(model, value, name)
    return made


def _arguments_of_job(function: Callable[..., object], job: Any) -> dict[str, Any]:
    """Collect the arguments of `function` from a Snakemake job and convert them to the annotated types."""
    given: dict[str, Any] = {}
    for named in (job.input, job.output, job.params):
        given.update({name: value for name, value in named.items() if name not in NOT_PARAMETERS})
    hints = typing.get_type_hints(function)
    if "threads" in hints:
        given["threads"] = job.threads
    resources = dict(job.resources.items())
    if "device" in hints:
        given["device"] = "cuda" if int(resources.get("gpu", 0) or 0) > 0 else "cpu"
    for name in set(hints) & set(FROM_RESOURCES):
        given[name] = {key: resources[key] for key in hints[name].model_fields if key in resources}
    expected = inspect.signature(function).parameters
    unknown = sorted(set(given) - set(expected))
    missing = sorted(
        name for name, p in expected.items() if p.default is inspect.Parameter.empty and name not in given
    )
    if unknown or missing:
        raise SystemExit(
            f"rule and step {function.__name__} disagree: the rule alone has {unknown}, the step alone needs {missing}"
        )
    return {name: _named(name, value, hints[name]) for name, value in given.items()}


def _arguments_of_shell(function: Callable[..., object], words: Sequence[str]) -> dict[str, Any]:
    """Parse command-line flags named like the parameters of `function`."""
    parser = argparse.ArgumentParser(
        description=inspect.getdoc(function),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    hints = typing.get_type_hints(function)
    for name, parameter in inspect.signature(function).parameters.items():
        may_be_none = _without_none(hints[name]) is not hints[name]
        optional = parameter.default is not inspect.Parameter.empty or name in FROM_THE_JOB or may_be_none
        default = FROM_THE_JOB.get(
            name, None if parameter.default is inspect.Parameter.empty else parameter.default
        )
        several = typing.get_origin(_without_none(hints[name])) is list and _element(hints[name]) is not dict
        parser.add_argument(
            f"--{name}",
            required=not optional,
            default=default,
            nargs="*" if several else None,
            metavar=_metavar(hints[name]),
            help=f"(default: {default})" if optional else "(required)",
        )
    values = vars(parser.parse_args(words))
    try:
        return {
            name: _named(name, _settings_of_shell(value, hints[name], values), hints[name])
            if isinstance(value, (str, list))
            else value
            for name, value in values.items()
        }
    except ValueError as error:
        parser.error(str(error))


def _settings_of_shell(value: Any, hint: Any, flags: Mapping[str, Any]) -> Any:
    """Read settings given in a flag (JSON, or the name of a YAML file), laid over the shipped ones.

    The reader of the configuration is found by name, so that a step's code does not rest on all there is to
    set.
    """
    if not _is_model(hint) or not isinstance(value, str):
        return value
    given = _mapping(value)
    defaults = importlib.import_module("clearice.config.defaults").default_settings(
        hint, flags.get("stage") or "", given
    )
    return _laid_over(defaults, given)


def _mapping(text: str) -> Mapping[str, Any]:
    """Read a mapping, given as JSON or as the name of a YAML file (after an @ or not)."""
    try:
        given = _json(text) if text.lstrip().startswith("{") else read_yaml(Path(text.removeprefix("@")))
    except OSError as error:
        raise ValueError(
            f"{text!r} is neither a mapping in JSON nor a file that can be read ({error.strerror or error}); "
            "write for example '{\"steps\": 5}'"
        ) from None
    if not isinstance(given, Mapping):
        raise ValueError(f"{text!r} holds no mapping; write for example '{{\"steps\": 5}}'")
    return given


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two mappings, those within them too."""
    merged = dict(below)
    for name, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(name), Mapping)
        merged[name] = _laid_over(merged[name], value) if both else value
    return merged


def _is_model(hint: Any) -> bool:
    """Return whether an annotation is a model of settings."""
    return isinstance(hint, type) and issubclass(hint, BaseModel)


def _named(name: str, value: Any, hint: Any) -> Any:
    """Convert a value, and name the parameter where that fails."""
    if _is_model(hint):
        return as_settings(hint, value, name)
    try:
        return _convert(value, hint)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name}: {error}") from None


def _convert(value: Any, hint: Any) -> Any:
    """Convert a value of a job or a word of a shell to the annotated type."""
    plain = _without_none(hint)
    if (
        isinstance(value, (list, tuple))
        and not value
        and plain is not hint
        and typing.get_origin(plain) is not list
    ):
        return None  # an input function that gave no file
    if value is None or (isinstance(value, str) and value == "" and plain is not hint and plain is not str):
        if plain is hint and hint is not type(None):
            raise ValueError(
                f"needs a value ({_metavar(hint).lower()}), but the config or the datasets table gives none"
            )
        return None
    origin = typing.get_origin(plain) or plain
    if origin is list:
        element = _element(plain)
        if isinstance(value, str) and element is dict:
            return _json(value)
        values = [value] if isinstance(value, str) else list(value)
        return [_convert(one, element if element is not dict else dict) for one in values]
    if origin is dict:
        return _mapping(value) if isinstance(value, str) else dict(value)
    if origin is bool:
        if isinstance(value, str):
            if value.lower() not in {"true", "false"}:
                raise ValueError(f"{value!r} is neither true nor false")
            return value.lower() == "true"
        return bool(value)
    if origin in (int, float, str, Path):
        if isinstance(value, (list, tuple)) and not isinstance(value, str):
            raise ValueError(f"one {origin.__name__} is expected, not the {len(value)} values {list(value)}")
        return origin(value) if origin in (str, Path) else finite_number(value, origin)
    return value


def _json(text: str) -> Any:
    """Read JSON, given in the flag itself or, after an @, as the name of a file that holds it."""
    try:
        return read_json(Path(text[1:])) if text.startswith("@") else parse_json(text, "the text")
    except (ValueError, OSError) as error:
        raise ValueError(f"{text!r} is not JSON (nor @file with JSON): {error}") from None


def _without_none(hint: Any) -> Any:
    """Return T for the annotation ``T | None``, and any other annotation as it is."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        kinds = [kind for kind in typing.get_args(hint) if kind is not type(None)]
        if len(kinds) == 1:
            return kinds[0]
    return hint


def _element(hint: Any) -> Any:
    """Return the plain type of a list's elements (dict for ``list[dict[...]]``)."""
    (element,) = typing.get_args(_without_none(hint)) or (str,)
    return typing.get_origin(element) or element


def _metavar(hint: Any) -> str:
    """Name a type in help texts."""
    plain = _without_none(hint)
    if _is_model(plain):
        return "JSON or YAML file"
    if typing.get_origin(plain) is dict or (typing.get_origin(plain) is list and _element(plain) is dict):
        return "JSON"
    if typing.get_origin(plain) is list:
        return str(getattr(_element(plain), "__name__", plain)).upper()
    return str(getattr(plain, "__name__", plain)).upper()


def _name_of(function: Callable[..., object], job: Any) -> str:
    """Name a job by its step and the values of its wildcards."""
    wildcards = getattr(job, "wildcards", None) or {}
    return " ".join([function.__name__, *(str(value) for _, value in wildcards.items())])


def _limit_threads(threads: int) -> None:
    """Keep numerical libraries that are loaded later within the job's threads."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(threads)
