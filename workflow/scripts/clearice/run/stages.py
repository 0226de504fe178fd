"""Stages of the learned methods: their settings, and which methods share their files.

A method names a kind and the settings in which it differs from the sections of the config. A stage that is not
touched by those differences, nor by differences in a stage before it, is made once and shared as variant ``main``;
otherwise its variant is named after the method.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAIN = "main"
BEFORE: dict[str, tuple[str, ...]] = {
    "noise2noise": (),
    "coarse": (),
    "extract_noise": (),
    "noise_gan": ("extract_noise",),
    "sample_noise": ("noise_gan",),
    "reweight": ("sample_noise",),
    "fine": ("reweight", "coarse"),
}
LAST = {"noise2noise": "noise2noise", "coarse": "coarse", "nt2c": "fine"}
TRAININGS = ("noise2noise", "coarse", "fine")

Config = Mapping[str, Any]


def variant_of(config: Config, method: str, stage: str) -> str:
    """Name the files of a stage for a method: ``main`` if shared, else the method's name."""
    own = config["methods"][method]
    touched = bool(own.get(stage))
    if touched or any(variant_of(config, method, before) != MAIN for before in BEFORE[stage]):
        return method
    return MAIN


def variant_before(config: Config, variant: str, stage: str) -> str:
    """Name the files of an earlier stage that a variant builds on."""
    return MAIN if variant == MAIN else variant_of(config, variant, stage)


def stage_setting(config: Config, variant: str, stage: str, key: str) -> Any:
    """Give a setting of a stage: the method's own, or that of the stage's section, or of all trainings."""
    own = config["methods"].get(variant, {}).get(stage) or {}
    general = config["training"] if stage in TRAININGS else {}
    for level in (own, config[stage], general):
        if key in level:
            return level[key]
    raise KeyError(f"stage {stage} has no setting {key}")


def model_owner(config: Config, method: str, dataset: str) -> str:
    """Name the dataset, or the group of datasets, a method's model belongs to."""
    return str(config["methods"][method].get("group", dataset))


def members_of(config: Config, home: str) -> list[str]:
    """List the datasets of a group; a dataset is a group of its own."""
    return list(config["groups"].get(home, [home]))


def model_of(config: Config, method: str, dataset: str) -> str:
    """Find the network file a method denoises a dataset with."""
    own = config["methods"][method]
    if own["kind"] == "weights":
        return str(own["file"])
    stage = LAST[own["kind"]]
    return f"results/{model_owner(config, method, dataset)}/models/{stage}/{variant_of(config, method, stage)}.pt"


def highpass_of(config: Config, method: str) -> float:
    """Give the length in A of the high-pass a method's micrographs go through before its network sees them.

    That of an ``nt2c`` method is the one its training pairs went through; any other names it itself.
    """
    own = config["methods"][method]
    if own["kind"] != "nt2c":
        return float(own.get("highpass_A", 0.0))
    return float(
        stage_setting(config, variant_of(config, method, "extract_noise"), "extract_noise", "highpass_A")
    )


def scale_of(config: Config, method: str) -> float | None:
    """Give the pixel size in A a method's network works at; None for that of the micrographs."""
    own = config["methods"][method]
    if own["kind"] == "weights":
        scale = own["rescale_to_A"]
    else:
        stage = LAST[own["kind"]]
        scale = stage_setting(config, variant_of(config, method, stage), stage, "rescale_to_A")
    return None if scale is None else float(scale)


def simulated_batches(micrographs: int, batch_size: int, letter: str = "s") -> dict[str, int]:
    """Divide simulated micrographs into batches ``s0001``...: their names, and how many each has."""
    starts = range(0, micrographs, batch_size)
    return {
        f"{letter}{number:04d}": min(batch_size, micrographs - start)
        for number, start in enumerate(starts, start=1)
    }


def simulated_splits(batches: Mapping[str, int], validation_fraction: float) -> dict[str, str]:
    """Mark a share of the simulated micrographs, evenly spread, for validation and the rest for training."""
    names = [f"{batch}_{index + 1:03d}" for batch, count in batches.items() for index in range(count)]
    wanted = max(1, round(validation_fraction * len(names)))
    chosen = {round((number + 0.5) * len(names) / wanted - 0.5) for number in range(wanted)}
    return {name: "validation" if number in chosen else "train" for number, name in enumerate(names)}
