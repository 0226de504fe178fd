"""Whether the sizes and settings of a method's stages fit one another, for each dataset it is run on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from clearice.config.automatic import for_dataset
from clearice.config.complaints import complaints
from clearice.config.experiment import facts_of_owner
from clearice.config.layers import Config
from clearice.config.registry import all_stages
from clearice.config.variants import stage_setting, stage_settings, stages_of_method, variant_of

CUT_FROM = (
    ("coarse", "crop_px", "simulation", ("height_px", "width_px")),
    ("fine", "crop_px", "reweight", ("patch_px",)),
    ("reweight", "patch_px", "sample_noise", ("field_px",)),
    ("reweight", "patch_px", "simulation", ("height_px", "width_px")),
    ("noise_gan", "patch_px", "extract_noise", ("patch_px",)),
)
"""Sides in pixels that must fit into those they are cut from: stage, setting, source, its settings."""


def misfits(
    config: Config, name: str, owners: Iterable[str], datasets: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """List what does not fit in the settings of a method's stages, one sentence each.

    What is wrong for all datasets is said once; else each sentence names its own.

    Parameters
    ----------
    config
        A configuration that fits its model, with its quality.
    name
        The method.
    owners
        The datasets and the group that its networks belong to.
    datasets
        Typed rows of the datasets table by name.
    """
    owners = set(owners) or {""}
    complaints_of = {
        owner: list(_stages(for_dataset(config, facts_of_owner(config, owner, datasets)), name))
        for owner in owners
    }
    common = set.intersection(*map(set, complaints_of.values()))
    found = [one for one in next(iter(complaints_of.values())) if one in common]
    for owner, each in sorted(complaints_of.items()):
        found += [f"for {owner}: {one}" for one in each if one not in common]
    return found


def _stages(config: Config, name: str) -> Iterator[str]:
    """Complain of settings of a method's stages that do not fit one another."""
    stages = stages_of_method(config, name)
    for stage in stages:
        values = stage_settings(config, variant_of(config, name, stage), stage)
        yield from complaints(all_stages()[stage].settings, values, f"config: method {name}: {stage}")

    def setting(stage: str, key: str) -> Any:
        if stage not in all_stages():
            return config[stage][key]
        return stage_setting(config, variant_of(config, name, stage), stage, key)

    for stage, key, source, sides in CUT_FROM:
        if stage not in stages or (source in all_stages() and source not in stages):
            continue
        size, limit = setting(stage, key), min(setting(source, side) for side in sides)
        if size > limit:
            where = " and ".join(f"{source}.{side}" if side == sides[0] else side for side in sides)
            yield (
                f"config: method {name}: {stage}.{key} is {size} px, but it is cut from {where} of {limit} px; "
                "make it smaller or that larger"
            )
    if "fine" in stages and setting("coarse", "rescale_to_A") != setting("fine", "rescale_to_A"):
        yield (
            f"config: method {name}: coarse and fine work at different pixel sizes; set training.rescale_to_A for both"
        )
