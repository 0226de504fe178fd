"""Every table of scores has the mask control and the reference, whatever a run lists."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from clearice.config.layers import shipped_config
from clearice.run.controls import scored_methods

ROOT = Path(__file__).resolve().parents[2]
CONFIG = shipped_config()


def changed(methods: list[str], **evaluation: Any) -> dict[str, Any]:
    config: dict[str, Any] = copy.deepcopy(CONFIG)
    config["run"]["methods"] = methods
    config["evaluation"].update(evaluation)
    return config


def test_the_default_run_lacks_the_mask_control_and_its_scores_have_it() -> None:
    assert "mask_control" not in CONFIG["run"]["methods"]
    assert scored_methods(CONFIG) == [*CONFIG["run"]["methods"], "mask_control"]


def test_a_run_of_one_method_is_scored_beside_both_controls() -> None:
    assert scored_methods(changed(["gaussian"], reference="bandpass")) == [
        "bandpass",
        "gaussian",
        "mask_control",
    ]


def test_a_mask_control_of_the_run_is_enough_and_no_method_stands_twice() -> None:
    config = changed(["raw", "mask", "gaussian"])
    config["methods"]["mask"] = {"kind": "mask_control", "sigma_px": 9}
    assert scored_methods(config) == ["raw", "mask", "gaussian"]


def test_a_mask_control_of_another_name_is_found() -> None:
    config = changed(["raw"])
    config["methods"]["mask"] = config["methods"].pop("mask_control")
    assert scored_methods(config) == ["raw", "mask"]


def test_a_method_called_mask_control_that_is_none_does_not_pass() -> None:
    config = changed(["raw", "mask_control"])
    config["methods"]["mask_control"] = {"kind": "raw"}
    with pytest.raises(ValueError, match="none of kind mask_control"):
        scored_methods(config)


def test_without_scores_nothing_is_added() -> None:
    assert scored_methods(changed(["gaussian"], batches=0)) == ["gaussian"]


def test_the_list_of_the_run_itself_is_left_alone() -> None:
    config = changed(["gaussian"])
    scored_methods(config)
    assert config["run"]["methods"] == ["gaussian"]
