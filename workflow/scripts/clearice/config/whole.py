"""The whole configuration: a model of its sections, its check, and the schema for editors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from clearice.config.automatic import automatic_paths, places_of
from clearice.config.base import Distinct, DistinctNames, Name, Settings, Share, derived
from clearice.config.complaints import RENAMED, complaints, nearest
from clearice.config.evaluation import Evaluation
from clearice.config.inference import Inference
from clearice.config.layers import leaves, value_at, values_of_quality, with_value
from clearice.config.picking import Picking
from clearice.config.reading import Reading
from clearice.config.registry import all_kinds, all_pickers, all_stages
from clearice.config.reporting import Previews
from clearice.config.simulation import Physics, Simulation
from clearice.config.sizes import AUTO, RULES, in_diameters
from clearice.config.training import Training

Config = Mapping[str, Any]

METHOD_NAME = "^(?!main$)[A-Za-z][A-Za-z0-9_]*$"
GROUP_NAME = "^[A-Za-z][A-Za-z0-9_-]*$"


def _named(pattern: str, words: str) -> AfterValidator:
    """Make the check of a name; pydantic's own patterns cannot say "anything but"."""

    def check(name: str) -> str:
        if not re.search(pattern, name):
            raise ValueError(f"the name {name!r} must be {words}")
        return name

    return AfterValidator(check)


MethodName = Annotated[str, _named(METHOD_NAME, "a letter, then letters, digits and _; not main")]
GroupName = Annotated[str, _named(GROUP_NAME, "a letter, then letters, digits, _ and -")]


class Run(Settings):
    """What is run."""

    methods: Annotated[DistinctNames, Field(min_length=1)]
    """names of the methods to run"""
    parts: Annotated[list[Literal["full", "even", "odd"]], Field(min_length=1), *Distinct]
    """sums that are denoised"""


class Nt2cSection(Settings):
    """Noise-Transfer2Clean."""

    guide: Name
    """method that shows where noise is pure"""


class Sections(Settings):
    """The sections that do not depend on which stages and pickers there are."""

    datasets: Name
    """path of the datasets table"""
    micrographs: Name
    """path of the micrographs sheet"""
    quality: Literal["quick", "standard", "paper"]
    """how much is spent on simulating and training: it fills every `auto` that does not follow from a dataset"""
    seed: int = Field(ge=0)
    """every random stream derives from it"""
    max_failed_fraction: Share
    """share of micrographs that may fail"""
    gpus_per_job: Literal["auto", 0, 1]
    """GPUs that a training or denoising job asks for; auto: 1 where this machine has one"""
    run: Run
    """what is run"""
    methods: Annotated[dict[MethodName, dict[str, Any]], Field(min_length=1)]
    """methods by name"""
    groups: dict[GroupName, Annotated[DistinctNames, Field(min_length=1)]]
    """groups of datasets by name; a general model learns from all of a group"""
    training: Training
    """how the networks are trained"""
    simulation: Simulation
    """which simulated micrographs are made"""
    physics: Physics
    """what the simulator takes beyond the columns of the datasets table"""
    nt2c: Nt2cSection
    """Noise-Transfer2Clean"""
    inference: Inference
    """how a network is applied"""
    evaluation: Evaluation
    """what methods are judged by"""
    picking: Picking
    """particle picking and extraction"""
    previews: Previews
    """pictures to look at"""
    reading: Reading
    """what files from outside may claim"""


@cache
def config_model() -> type[Settings]:
    """Make the model of a whole configuration, with a section for every stage and picker with settings."""
    fields: dict[str, Any] = {
        name: (stage.section, Field(description=stage.section.__doc__))
        for name, stage in all_stages().items()
    }
    words = "settings of the pickers that have some"
    fields["pickers"] = (pickers_model(), Field(description=words))
    for name, field in Sections.model_fields.items():
        kind = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        fields[name] = (kind, Field(description=field.description))
    return derived("Config", "The configuration of a run.", fields)


@cache
def pickers_model() -> type[Settings]:
    """Make the model of the section `pickers`: a section for every picker that has settings."""
    fields: dict[str, Any] = {
        name: (picker.settings, Field(description=picker.settings.__doc__))
        for name, picker in all_pickers().items()
        if picker.settings.model_fields
    }
    return derived("Pickers", "Settings of the pickers.", fields)


def check_config(config: Config) -> None:
    """Check a whole configuration: its sections, and each method by the model of its kind.

    Raises
    ------
    ValueError
        One line for each complaint.
    """
    given = _with_stand_ins(config)
    found = complaints(config_model(), given, "config")
    methods = given.get("methods")
    if not found and isinstance(methods, Mapping):
        for name, method in methods.items():
            found += _method_complaints(str(name), method)
        for name in config["run"]["methods"]:
            if name not in methods:
                found.append(
                    f"config: run.methods names {name!r}, which methods does not define{nearest(name, methods)}"
                )
        for name in config["picking"]["pickers"]:
            if name not in all_pickers():
                found.append(
                    f"config: picking.pickers names {name!r}, which is no picker{nearest(name, all_pickers())}"
                )
    if found:
        raise ValueError("\n".join(found))


def _with_stand_ins(config: Config) -> dict[str, Any]:
    """Write a value that passes where a configuration rightly gives none: what is taken there is checked later."""
    done = dict(config)
    lengths = {rule.path for rule in RULES}
    for path in automatic_paths():
        if path == ("training", "precision"):
            continue
        for place in places_of(path, config):
            said = value_at(config, place)
            if said == AUTO or (path in lengths and in_diameters(said) is not None):
                done = with_value(done, place, _stand_in(path))
    return done


@cache
def _stand_in(path: tuple[str, ...]) -> Any:
    """Return a value that passes in its place, whatever is given in others."""
    passing = {"largest_box_A": 1e6, "smallest_box_A": 1e-3, "box_A": 200.0, "maximum_patches": 400}
    return passing.get(path[-1]) or dict(leaves(values_of_quality("paper")))[path]


def config_schema() -> dict[str, Any]:
    """Make the JSON schema of a configuration for editors: the models' bounds and descriptions alone."""
    schema = config_model().model_json_schema()
    kinds = []
    for kind in all_kinds().values():
        one = kind.settings.model_json_schema()
        schema["$defs"] |= one.pop("$defs", {})
        kinds.append(one)
    schema["properties"]["methods"] |= {
        "additionalProperties": {"oneOf": kinds},
        "propertyNames": {"pattern": METHOD_NAME},
    }
    schema["properties"]["groups"] |= {"propertyNames": {"pattern": GROUP_NAME}}
    return as_schema(_with_automatic(schema))


def _with_automatic(schema: dict[str, Any]) -> dict[str, Any]:
    """Add `auto` to the schema wherever a configuration may say it."""
    lengths = {rule.path for rule in RULES if rule.path[-1].endswith(("_A", "_px"))}
    for path in automatic_paths():
        further = [{"const": AUTO}]
        if path in lengths:
            further.append({"pattern": "diameters?$", "type": "string"})
        sections = [name for name, stage in all_stages().items() if stage.general == path[0]]
        for section in [path[0], *sections]:
            node = schema["properties"][section]
            for name in path[1:]:
                node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]["properties"][name]
            _allow(node, *further)
            part = schema["$defs"].get(f"PartOf{_model_of(schema, section)}", {}).get("properties", {})
            if len(path) == 2 and path[1] in part:
                _allow(part[path[1]], *further)
    return schema


def _model_of(schema: Mapping[str, Any], section: str) -> str:
    """Name the model of a section."""
    return str(schema["properties"][section]["$ref"].rsplit("/", 1)[-1])


def _allow(node: dict[str, Any], *further: dict[str, Any]) -> None:
    """Add kinds of values to what one value of a schema may be."""
    words = {"description": node.pop("description")} if "description" in node else {}
    plain = dict(node)
    known = list(plain.pop("anyOf", ()))
    node.clear()
    node |= {"anyOf": known + [one for one in (plain, *further) if one and one not in known], **words}


def as_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Make a schema for editors of one that pydantic made: without titles, which only repeat the names."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_without_titles(schema)}


def _without_titles(node: Any) -> Any:
    """Drop the titles and the defaults "not given" of a schema."""
    if isinstance(node, Mapping):
        return {
            name: _without_titles(value)
            for name, value in node.items()
            if not (name == "title" and isinstance(value, str)) and (name, value) != ("default", None)
        }
    return [_without_titles(one) for one in node] if isinstance(node, list) else node


def _method_complaints(name: str, method: Any) -> list[str]:
    """Check one method entry by the model of its kind."""
    kinds = all_kinds()
    kind = method.get("kind") if isinstance(method, Mapping) else None
    if kind not in kinds:
        now = nearest(str(kind), kinds) if kind in RENAMED else ""
        return [
            f"config: methods.{name}.kind is {kind!r}, but must be one of {', '.join(sorted(kinds))}{now}"
        ]
    return complaints(kinds[kind].settings, dict(method), f"config: methods.{name}")
