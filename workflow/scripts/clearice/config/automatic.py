"""What is taken where a configuration says `auto`: the quality's value, or what follows from the dataset.

`with_quality` holds for a whole run; `for_dataset` makes of its result the configuration of one dataset, in which
every number stands. A value that is given is never touched; one given as ``6 diameters`` becomes that length.
``precision: auto`` is no such value: the job decides it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clearice.config.layers import (
    NOTHING,
    QUALITIES,
    Config,
    Path,
    leaves,
    value_at,
    values_of_quality,
    with_value,
)
from clearice.config.registry import all_stages
from clearice.config.sizes import AUTO, RULES, Facts, in_diameters, length_of


@dataclass(frozen=True)
class Taken:
    """A value that was taken.

    Attributes
    ----------
    name
        Where it stands in the configuration: ``training.crop_px``; or a column of the datasets table.
    value
        What was taken.
    why
        Where it comes from, in words.
    """

    name: str
    value: Any
    why: str


def with_quality(config: Config) -> dict[str, Any]:
    """Put the quality's values where a configuration says `auto`, and where a stage's section says nothing.

    What a quality says of one stage gives way to a number in the section that the stage shares with others.
    """
    done = _without_automatic_stages(config)
    quality = config.get("quality")
    values = values_of_quality(quality) if quality in QUALITIES else {}
    for path, value in leaves(values):
        said = value_at(config, path)
        general = _general_of(path[0])
        silent = said is NOTHING and general and value_at(config, (general, *path[1:])) in (AUTO, NOTHING)
        if said == AUTO or silent:
            done = with_value(done, path, value)
    return _in_methods(done, lambda path: value_at(values, path))


def for_dataset(config: Config, facts: Facts) -> dict[str, Any]:
    """Put what follows from a dataset where a configuration, with its quality, still says `auto`.

    Where a value cannot be told (no diameter is known), `auto` stays, and whoever needs it says so.
    """
    return _ruled(config, facts)[0]


def taken_for(config: Config, facts: Facts, sections: Sequence[str]) -> list[Taken]:
    """List the values that are taken for a dataset, in the order of the rules; the quality's values are one word.

    Parameters
    ----------
    config
        With its quality.
    facts
        What is known of the dataset.
    sections
        Names of the sections that count.
    """
    return [
        one for one in _ruled(config, facts)[1] if one.name.split(".")[0] in sections and one.value != AUTO
    ]


def in_words(taken: Mapping[str, Sequence[Taken]], quality: str) -> list[str]:
    """Write what is taken for each dataset, a line for each value."""
    lines = []
    for dataset, each in taken.items():
        lines += [f"{dataset}: quality {quality}, and for what is left open:"] if each else []
        lines += [f"  {one.name} {_short(one.value)} ({one.why})" for one in each]
    return lines


def _short(value: Any) -> str:
    """Write a value as a configuration would."""
    return "null" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def automatic_paths() -> list[Path]:
    """List the places of a configuration that may say `auto`, those of stages by the section they share."""
    paths = [path for quality in QUALITIES for path, _ in leaves(values_of_quality(quality))]
    paths = [(_general_of(path[0]) or path[0], *path[1:]) for path in paths]
    return list(dict.fromkeys([*paths, *(rule.path for rule in RULES)]))


def _general_of(section: str) -> str:
    """Return the section that holds what a stage's own does not name; empty for none."""
    return all_stages()[section].general if section in all_stages() else ""


def _without_automatic_stages(config: Config) -> dict[str, Any]:
    """Drop `auto` from the sections of stages that share another one: it says what silence says."""
    done = dict(config)
    for name in all_stages():
        if _general_of(name) and isinstance(done.get(name), Mapping):
            done[name] = {
                key: value for key, value in done[name].items() if value != AUTO or key == "precision"
            }
    return done


def _ruled(config: Config, facts: Facts) -> tuple[dict[str, Any], list[Taken]]:
    """Apply the rules in turn, and list what they gave."""
    done, taken = dict(config), []
    given: dict[Path, Any] = {}
    for rule in RULES:
        done = _with_lengths(done, rule.path, facts)
        asked = value_at(done, rule.path) == AUTO
        if asked or _asked_in_methods(done, rule.path):
            given[rule.path] = rule.value(done, facts)
        if asked:
            done = with_value(done, rule.path, given[rule.path])
            taken.append(Taken(".".join(rule.path), given[rule.path], rule.why))
    return _in_methods(done, lambda path: given.get(path, NOTHING)), taken


def _with_lengths(config: dict[str, Any], path: Path, facts: Facts) -> dict[str, Any]:
    """Replace lengths that are given in diameters at a path, in the stages that share it, and in the methods."""
    for place in places_of(path, config):
        diameters = in_diameters(value_at(config, place))
        if diameters is not None:
            config = with_value(config, place, length_of(diameters, path, config, facts))
    return config


def places_of(path: Path, config: Config) -> list[Path]:
    """List where the value of a path may stand: there, in the stages that share it, and in what methods change."""
    stages = [name for name in all_stages() if _general_of(name) == path[0]]
    places = [path, *((name, *path[1:]) for name in stages)]
    methods = config.get("methods")
    names = methods if isinstance(methods, Mapping) else ()
    return places + [("methods", name, *place) for name in names for place in places]


def _in_methods(config: dict[str, Any], found_at: Callable[[Path], Any]) -> dict[str, Any]:
    """Replace `auto` in what methods change of their stages."""
    for name, stage, key in list(_automatic_in_methods(config)):
        found = found_at((stage, key))
        if found is NOTHING:
            found = found_at((_general_of(stage), key))
        if found is not NOTHING:
            config = with_value(config, ("methods", name, stage, key), found)
    return config


def _asked_in_methods(config: Config, path: Path) -> bool:
    """Return whether a method says `auto` for what stands at a path."""
    asked = {(stage, key) for _, stage, key in _automatic_in_methods(config)}
    return any((stage, key) == path or (_general_of(stage), key) == path for stage, key in asked)


def _automatic_in_methods(config: Config) -> Iterator[tuple[str, str, str]]:
    """List method, stage and key of every `auto` in what methods change of their stages."""
    methods = config.get("methods")
    for name, method in methods.items() if isinstance(methods, Mapping) else ():
        for stage, own in method.items() if isinstance(method, Mapping) else ():
            for key, value in own.items() if isinstance(own, Mapping) else ():
                if value == AUTO and key != "precision":
                    yield name, stage, key
