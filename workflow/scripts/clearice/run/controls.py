"""The two methods that every table of scores holds, whatever a run lists: the reference and the mask control."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MASK_CONTROL = "mask_control"


def scored_methods(config: Mapping[str, Any]) -> list[str]:
    """List the methods that are scored: those of the run, and the controls it lacks.

    A score says nothing where the mask control wins it, and a gain nothing without the reference, so neither is a choice.
    The reference comes first, the mask control last.

    Parameters
    ----------
    config
        A configuration that fits its schema.

    Returns
    -------
    list of str
        The methods of the run alone where nothing is scored (`evaluation.batches` 0).

    Raises
    ------
    ValueError
        No method is a blur and a mask.
    """
    methods, listed = config["methods"], list(config["run"]["methods"])
    if not config["evaluation"]["batches"]:
        return listed
    reference = config["evaluation"]["reference"]
    if reference in methods and reference not in listed:
        listed = [reference, *listed]
    if any(name in methods and methods[name]["kind"] == MASK_CONTROL for name in listed):
        return listed
    mask_controls = [name for name, method in methods.items() if method["kind"] == MASK_CONTROL]
    if not mask_controls:
        raise ValueError(
            f"config: methods has none of kind {MASK_CONTROL}, the control of every table of scores; give one, "
            "or set evaluation.batches: 0"
        )
    return [*listed, "mask_control" if "mask_control" in mask_controls else mask_controls[0]]
