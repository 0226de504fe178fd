"""Which methods share the files of a stage, and the settings of a stage for each.

A method names a kind and the settings in which it differs from the sections of the config. A stage that is
not touched by those differences, nor by differences in a stage before it, is made once and shared as variant
``main``; otherwise its variant is named after the method.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clearice.config.base import in_order
from clearice.config.kind import Kind
from clearice.config.registry import all_kinds, all_stages

MAIN = "main"

Config = Mapping[str, Any]


def kind_of_method(config: Config, method: str) -> Kind:
    """Return what the workflow knows of a method's kind."""
    return all_kinds()[config["methods"][method]["kind"]]


def stages_of_method(config: Config, method: str) -> tuple[str, ...]:
    """Return the stages whose files a method rests on, each after those it needs itself."""
    kind = kind_of_method(config, method)
    return kind.stages if kind.stages_of is None else kind.stages_of(config["methods"][method])


def variant_of(config: Config, method: str, stage: str) -> str:
    """Name the files of a stage for a method: ``main`` if shared, else the method's name."""
    own = config["methods"][method]
    if own.get(stage):
        return method
    if any(variant_of(config, method, before) != MAIN for before in all_stages()[stage].before):
        return method
    return MAIN


def variant_before(config: Config, variant: str, stage: str) -> str:
    """Name the files of an earlier stage that a variant builds on."""
    return MAIN if variant == MAIN else variant_of(config, variant, stage)


def stage_setting(config: Config, variant: str, stage: str, key: str) -> Any:
    """Return a setting of a stage: the method's own, or that of the stage's section, or of the general one.

    A section that is no stage has its own settings alone.

    Raises
    ------
    KeyError
        None of them has it.
    """
    own = config["methods"].get(variant, {}).get(stage) or {}
    general = all_stages()[stage].general if stage in all_stages() else ""
    for level in (own, config[stage], config[general] if general else {}):
        if key in level:
            return level[key]
    raise KeyError(f"stage {stage} has no setting {key}")


def stage_settings(config: Config, variant: str, stage: str) -> dict[str, Any]:
    """Return all that the step of a stage takes, for a variant, in the order of the names.

    Settings of other stages come from the same variant, the seed from the run; what nobody names is left to
    the default of the model.
    """
    known = all_stages()[stage]
    found: dict[str, Any] = {}
    for name in sorted(known.settings.model_fields):
        if name == "seed":
            found[name] = config["seed"]
            continue
        try:
            found[name] = in_order(stage_setting(config, variant, known.borrowed.get(name, stage), name))
        except KeyError:
            if known.settings.model_fields[name].is_required():
                raise
    return found


def highpass_of(config: Config, method: str) -> float:
    """Return the length in A of the high-pass a method's micrographs go through before its network sees them.

    Where noise patches are among its stages it is the one they and its training pairs went through; any other
    names it itself.
    """
    if "extract_noise" not in stages_of_method(config, method):
        return float(config["methods"][method].get("highpass_A", 0.0))
    variant = variant_of(config, method, "extract_noise")
    return float(stage_setting(config, variant, "extract_noise", "highpass_A"))


def scale_of(config: Config, method: str) -> float | None:
    """Return the pixel size in A a method's network works at; None for that of the micrographs."""
    stage = kind_of_method(config, method).network
    if stage:
        scale = stage_setting(config, variant_of(config, method, stage), stage, "rescale_to_A")
    else:
        scale = config["methods"][method]["rescale_to_A"]
    return None if scale is None else float(scale)


def runs_on(config: Config, method: str, dataset: str) -> bool:
    """Check whether a method is run on a dataset: on all, unless it names some."""
    named = config["methods"][method].get("datasets")
    return named is None or dataset in named


def model_owner(config: Config, method: str, dataset: str) -> str:
    """Name the dataset, or the group of datasets, a method's model belongs to."""
    return str(config["methods"][method].get("group") or dataset)


def members_of(config: Config, owner: str) -> list[str]:
    """List the datasets of a group; a dataset is a group of its own."""
    return list(config["groups"].get(owner, [owner]))


def learns_from_halves(config: Config, method: str) -> bool:
    """Return whether a method's network learns from even against odd sums."""
    kind = kind_of_method(config, method)
    if "halves" not in kind.needs:
        return False
    variant = variant_of(config, method, kind.network)
    return bool(stage_setting(config, variant, kind.network, "pairing") == "noise2noise")


def pairings_of(config: Config, methods: list[str]) -> dict[str, str]:
    """Return the pairing of every method whose network learns from real exposures."""
    found = {}
    for method in methods:
        kind = kind_of_method(config, method)
        if "halves" in kind.needs:
            variant = variant_of(config, method, kind.network)
            found[method] = str(stage_setting(config, variant, kind.network, "pairing"))
    return found
