"""What cannot work together in a configuration, found before any job starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clearice.config.automatic import for_dataset
from clearice.config.base import gather
from clearice.config.complaints import complaints
from clearice.config.evaluation import Regions
from clearice.config.experiment import facts_of_owner, library, missing_columns
from clearice.config.fitting import misfits
from clearice.config.registry import all_pickers
from clearice.config.simulation import SimulateStep
from clearice.config.sizes import facts_of_group
from clearice.config.tables import DatasetRow, PixelColumn
from clearice.config.variants import (
    kind_of_method,
    learns_from_halves,
    members_of,
    model_owner,
    runs_on,
    stage_setting,
    stages_of_method,
    variant_of,
)

Config = Mapping[str, Any]
SIMULATED = tuple(
    name
    for name in DatasetRow.model_fields
    if name == "structures" or (name in SimulateStep.model_fields and name not in PixelColumn.model_fields)
)
"""Columns of the datasets table that a simulation needs: a missing parameter is never guessed."""


def check_together(config: Config, datasets: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse names that mean nothing, and settings that do not fit one another, for the methods that are run.

    Parameters
    ----------
    config
        A configuration that fits its model.
    datasets
        Typed rows of the datasets table by name.

    Raises
    ------
    ValueError
        One line for each complaint.
    """
    run = _with_guide(config, list(config["run"]["methods"]))
    found = [*_names(config, datasets, run), *_picks(config)]
    if not found:
        for name in run:
            owners = {model_owner(config, name, dataset) for dataset in _run_on(config, name, datasets)}
            found += misfits(config, name, owners, datasets)
    found += _regions(config, datasets, run) + _templates(config, datasets) + _boxes(config, datasets)
    lacking: dict[str, str] = {}
    for name in run:
        if "simulation" in kind_of_method(config, name).needs:
            lacking = (
                _columns(name, _run_on(config, name, datasets)) | lacking
            )  # the first to complain is told
    found += lacking.values()
    if found:
        raise ValueError("\n".join(dict.fromkeys(found)))


def check_halves(config: Config, kinds: Mapping[str, set[str]]) -> None:
    """Refuse training on even and odd sums for datasets that have none.

    Parameters
    ----------
    config
        A configuration that fits its model.
    kinds
        For each dataset with micrographs, which kinds of rows it has: movie, pair, single.

    Raises
    ------
    ValueError
        One line for each dataset.
    """
    found = []
    for name in _with_guide(config, list(config["run"]["methods"])):
        if not learns_from_halves(config, name):
            continue
        group = config["methods"][name].get("group")
        members = members_of(config, group) if group else list(_run_on(config, name, kinds))
        found += [
            f"config: method {name} learns from even and odd sums, but dataset {dataset} has single micrographs only; "
            "set noise2noise.pairing to neighbor2neighbor or added_noise for it, or leave the method out"
            for dataset in members
            if kinds.get(dataset) == {"single"}
        ]
    if found:
        raise ValueError("\n".join(found))


def _with_guide(config: Config, run: list[str]) -> list[str]:
    """Add the method that shows where noise is pure, where one of the run asks for it: it is made too."""
    guide = config["nt2c"]["guide"]
    asked = any("extract_noise" in stages_of_method(config, name) for name in run)
    return [*run, guide] if asked and guide in config["methods"] and guide not in run else run


def _run_on(config: Config, name: str, datasets: Mapping[str, Any]) -> dict[str, Any]:
    """Choose the datasets a method is run on; the guide of noise is made wherever it is asked for."""
    asking = [one for one in config["run"]["methods"] if "extract_noise" in stages_of_method(config, one)]
    users = [name, *(asking if name == config["nt2c"]["guide"] else [])]
    return {key: row for key, row in datasets.items() if any(runs_on(config, one, key) for one in users)}


def _columns(name: str, datasets: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Complain of datasets that lack what a simulation needs, by dataset."""
    return {
        dataset: f"datasets table: {dataset} has no {', '.join(missing)}, which method {name} needs for its simulation"
        + _no_model(missing)
        for dataset, row in datasets.items()
        if (missing := missing_columns(row, SIMULATED))
    }


def _no_model(missing: list[str]) -> str:
    """Write why no bundled model stands in for a structure that is missing."""
    if "structures" not in missing:
        return ""
    sizes = [one.diameter_A for one in library()]
    return f"; the bundled models, of {min(sizes):g} to {max(sizes):g} A, are of another size"


def _regions(config: Config, datasets: Mapping[str, Mapping[str, Any]], run: list[str]) -> list[str]:
    """Complain of datasets in which particle-free boxes cannot be found."""
    asking = [name for name in run if "noise" in kind_of_method(config, name).needs]
    methods = [name for name in asking if not stages_of_method(config, name)]
    return [
        f"datasets table: {dataset} has no particle_diameter_A, which method {name} needs for particle-free boxes"
        for name in methods
        for dataset, row in _run_on(config, name, datasets).items()
        if row.get("particle_diameter_A") is None
    ]


def _boxes(config: Config, datasets: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Complain of boxes of signal and background that do not fit one another in a dataset."""
    found = []
    for dataset, row in datasets.items():
        if row.get("particle_diameter_A") is not None:
            own = for_dataset(config, facts_of_owner(config, dataset, datasets))["evaluation"]
            found += complaints(Regions, gather(Regions, own), f"for {dataset}: config: evaluation")
    return found


def _templates(config: Config, datasets: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Complain of datasets without what a picker is to compare micrographs with."""
    pickers = [name for name in config["picking"]["pickers"] if all_pickers()[name].templates is not None]
    return [
        f"datasets table: {dataset} has no structures, which picker {name} needs for its templates"
        for name in pickers
        for dataset, row in datasets.items()
        if row.get("structures") is None
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
        unknown = [one for one in config["methods"][name].get("datasets") or () if one not in datasets]
        if unknown:
            found.append(
                f"config: methods.{name}.datasets names {unknown[0]!r}, which is in no row of the datasets table"
            )
        group = config["methods"][name].get("group")
        if group and group not in config["groups"]:
            found.append(f"config: methods.{name}.group is {group!r}, which groups does not define")
        elif group and not found:
            found += _pixel_sizes(config, name, [datasets[member] for member in members_of(config, group)])
        if "extract_noise" in stages_of_method(config, name):
            found += _guide(config)
    reference = config["evaluation"]["reference"]
    for name in run:
        always = name == reference or kind_of_method(config, name).control
        if config["evaluation"]["batches"] and always and config["methods"][name].get("datasets"):
            found.append(
                f"config: methods.{name}.datasets limits a method that every table of scores shows; leave it out"
            )
    if config["evaluation"]["batches"] and reference not in config["run"]["methods"]:
        found.append(
            f"config: evaluation.reference is {reference!r}, which is not in run.methods; name one that is"
        )
    return found


def _pixel_sizes(config: Config, name: str, rows: list[Mapping[str, Any]]) -> Iterator[str]:
    """Complain of a group of several pixel sizes whose network works at none of its own."""
    stage = kind_of_method(config, name).network
    config = for_dataset(config, facts_of_group(rows))
    scale = stage_setting(config, variant_of(config, name, stage), stage, "rescale_to_A")
    sizes = {row["pixel_size_A"] * row["sum_binning"] for row in rows}
    if scale is None and len(sizes) > 1:
        group = config["methods"][name]["group"]
        yield (
            f"config: the datasets of group {group!r} have pixel sizes {', '.join(map(str, sorted(sizes)))} A; set "
            "rescale_to_A for the method that learns from them"
        )


def _guide(config: Config) -> Iterator[str]:
    """Complain of a guide that is no method, or that needs a guide itself."""
    guide = config["nt2c"]["guide"]
    if guide not in config["methods"]:
        yield f"config: nt2c.guide is {guide!r}, which methods does not define"
    elif "extract_noise" in stages_of_method(config, guide):
        kind = config["methods"][guide]["kind"]
        yield (
            f"config: nt2c.guide is {guide!r} of kind {kind}, which needs a guide itself; "
            "name a coarse denoiser or a filter"
        )


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
