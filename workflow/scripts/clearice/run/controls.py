"""The two methods that every table of scores holds: the reference and the mask control."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clearice.config.registry import all_kinds
from clearice.config.variants import kind_of_method


def scored_methods(config: Mapping[str, Any]) -> list[str]:
    """List the methods that are scored: those of the run, and the controls it lacks.

    A score says nothing where the mask control wins it, and a gain nothing without the reference, so neither
    is a choice. The reference comes first, the control last.

    Parameters
    ----------
    config
        A configuration that fits its model.

    Returns
    -------
    list of str
        The methods of the run alone where nothing is scored (`evaluation.batches` 0).

    Raises
    ------
    ValueError
        No method is a control.
    """
    methods, listed = config["methods"], list(config["run"]["methods"])
    if not config["evaluation"]["batches"]:
        return listed
    reference = config["evaluation"]["reference"]
    if reference in methods and reference not in listed:
        listed = [reference, *listed]
    controls = [name for name in methods if kind_of_method(config, name).control]
    if not controls:
        known = [name for name, kind in all_kinds().items() if kind.control]
        raise ValueError(
            f"config: methods has none of kind {' or '.join(known)}, the control of every table of scores; give one, "
            "or set evaluation.batches: 0"
        )
    if any(name in controls for name in listed):
        return listed
    return [*listed, next((name for name in controls if name == methods[name]["kind"]), controls[0])]
