"""The two methods that every table of scores holds, whatever a run lists: the reference and the cheat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CHEAT = "blur_and_mask"


def scored_methods(config: Mapping[str, Any]) -> list[str]:
    """List the methods that are scored: those of the run, and the controls it lacks.

    A score says nothing where the cheat wins it, and a gain nothing without the reference, so neither is a choice.
    The reference comes first, the cheat last.

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
    if any(name in methods and methods[name]["kind"] == CHEAT for name in listed):
        return listed
    cheats = [name for name, method in methods.items() if method["kind"] == CHEAT]
    if not cheats:
        raise ValueError(
            f"config: methods has none of kind {CHEAT}, the control of every table of scores; give one, "
            "or set evaluation.batches: 0"
        )
    return [*listed, "cheat" if "cheat" in cheats else cheats[0]]
