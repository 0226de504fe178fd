"""What cannot work together in a configuration, found before any job starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clearice.run.stages import members_of, stage_setting, variant_of

Config = Mapping[str, Any]
SIMULATED = (
    "voltage_kV",
    "spherical_aberration_mm",
    "amplitude_contrast",
    "dose_e_per_A2",
    "detector",
    "super_resolution",
    "structures",
    "particle_diameter_A",
    "particles_per_um2",
    "ice_thickness_nm",
    "defocus_um",
)


def check_together(config: Config, datasets: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse names that mean nothing, and sizes that do not fit one another, for the methods that are run.

    Parameters
    ----------
    config
        A configuration that fits its schema.
    datasets
        Typed rows of the datasets table by name.

    Raises
    ------
    ValueError
        One line for each complaint.
    """
    run = list(config["run"]["methods"])
    found = [*_names(config, datasets, run), *_picks(config)]
    simulating = [name for name in run if config["methods"][name]["kind"] in {"coarse", "nt2c"}]
    for name in simulating:
        found += _sizes(config, name)
    if simulating:
        found += _columns(simulating[0], datasets)
    if found:
        raise ValueError("\n".join(found))


def check_halves(config: Config, kinds: Mapping[str, set[str]]) -> None:
    """Refuse Noise2Noise on even and odd sums for datasets that have none.

    Parameters
    ----------
    config
        A configuration that fits its schema.
    kinds
        For each dataset with micrographs, which kinds of rows it has: movie, pair, single.

    Raises
    ------
    ValueError
        One line for each dataset.
    """
    found = []
    for name in config["run"]["methods"]:
        method = config["methods"][name]
        if method["kind"] != "noise2noise":
            continue
        if (
            stage_setting(config, variant_of(config, name, "noise2noise"), "noise2noise", "pairing")
            != "noise2noise"
        ):
            continue
        members = members_of(config, method["group"]) if "group" in method else list(kinds)
        found += [
            f"config: method {name} learns from even and odd sums, but dataset {dataset} has single micrographs only; "
            "set noise2noise.pairing to neighbor2neighbor or added_noise for it, or leave the method out"
            for dataset in members
            if kinds.get(dataset) == {"single"}
        ]
    if found:
        raise ValueError("\n".join(found))


def _columns(name: str, datasets: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Complain of datasets that lack what a simulation needs: a missing parameter is never guessed."""
    return [
        f"datasets table: {dataset} has no {', '.join(missing)}, which method {name} needs for its simulation"
        for dataset, row in datasets.items()
        if (missing := [column for column in SIMULATED if row.get(column) is None])
    ]


def _names(config: Config, datasets: Mapping[str, Mapping[str, Any]], run: list[str]) -> list[str]:
    """Complain of methods, groups and datasets that are named but do not exist."""
    found = []
    for group, members in config["groups"].items():
        unknown = [name for name in members if name not in datasets]
        if unknown:
            found.append(
                f"config: groups.{group} names dataset {unknown[0]!r}, which is in no row of the datasets table"
            )
        if group in datasets:
            found.append(
                f"config: group {group!r} has the name of a dataset, whose models it would overwrite; rename it"
            )
    for name in run:
        method = config["methods"][name]
        group = method.get("group")
        if group is not None and group not in config["groups"]:
            found.append(f"config: methods.{name}.group is {group!r}, which groups does not define")
        elif group is not None and not found:
            scale = stage_setting(
                config, variant_of(config, name, "noise2noise"), "noise2noise", "rescale_to_A"
            )
            rows = [datasets[member] for member in members_of(config, group)]
            sizes = {row["pixel_size_A"] * row["sum_binning"] for row in rows}
            if scale is None and len(sizes) > 1:
                found.append(
                    f"config: the datasets of group {group!r} have pixel sizes {', '.join(map(str, sorted(sizes)))} A; set "
                    "rescale_to_A for the method that learns from them"
                )
        if method["kind"] == "nt2c" and config["nt2c"]["guide"] not in config["methods"]:
            found.append(f"config: nt2c.guide is {config['nt2c']['guide']!r}, which methods does not define")
        if (
            method["kind"] == "nt2c"
            and config["methods"].get(config["nt2c"]["guide"], {}).get("kind") == "nt2c"
        ):
            found.append("config: nt2c.guide is an nt2c method itself; name a coarse denoiser or a filter")
    if config["evaluation"]["batches"] and config["evaluation"]["reference"] not in run:
        found.append(
            f"config: evaluation.reference is {config['evaluation']['reference']!r}, which is not in run.methods; "
            "name one that is"
        )
    return found


def _picks(config: Config) -> list[str]:
    """Complain where coordinates would be counted in other pixels than those they are used on."""
    found = [
        f"config: picking.extract_from names {name!r}, which methods does not define"
        for name in config["picking"]["extract_from"]
        if name not in config["methods"]
    ]
    if config["inference"]["return_at"] == "model" and (
        config["evaluation"]["batches"] or config["picking"]["extract_from"]
    ):
        found.append(
            "config: inference.return_at is model, but scores and particles are measured in the pixels of the raw "
            "micrographs; return at original, or set evaluation.batches: 0 and picking.extract_from: []"
        )
    return found


def _sizes(config: Config, name: str) -> list[str]:
    """Complain of crops and patches that are larger than what they are cut from."""

    def setting(stage: str, key: str) -> Any:
        return stage_setting(config, variant_of(config, name, stage), stage, key)

    field = min(config["simulation"]["height_px"], config["simulation"]["width_px"])
    pairs = [("coarse", "crop_px", setting("coarse", "crop_px"), "simulation.height_px and width_px", field)]
    if config["methods"][name]["kind"] == "nt2c":
        pair = setting("reweight", "patch_px")
        pairs += [
            ("fine", "crop_px", setting("fine", "crop_px"), "reweight.patch_px", pair),
            ("reweight", "patch_px", pair, "sample_noise.field_px", setting("sample_noise", "field_px")),
            ("reweight", "patch_px", pair, "simulation.height_px and width_px", field),
            (
                "noise_gan",
                "patch_px",
                setting("noise_gan", "patch_px"),
                "extract_noise.patch_px",
                setting("extract_noise", "patch_px"),
            ),
        ]
    found = [
        f"config: method {name}: {stage}.{key} is {size} px, but it is cut from {source} of {limit} px; "
        "make it smaller or that larger"
        for stage, key, size, source, limit in pairs
        if size > limit
    ]
    if config["methods"][name]["kind"] == "nt2c" and setting("coarse", "rescale_to_A") != setting(
        "fine", "rescale_to_A"
    ):
        found.append(
            f"config: method {name}: coarse and fine work at different pixel sizes; set training.rescale_to_A for both"
        )
    return found
