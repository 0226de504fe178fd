"""A wrong key, type or range ends in one sentence that names its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clearice.config.complaints import parse_row
from clearice.config.layers import shipped_config
from clearice.config.tables import DatasetRow
from clearice.config.whole import check_config

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def config() -> dict[str, Any]:
    return shipped_config()


def test_the_shipped_configuration_is_right(config: dict[str, Any]) -> None:
    check_config(config)


def wrong(change: Any, words: str) -> Any:
    return pytest.param(change, words, id=words[:40])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        wrong(lambda c: c.update(sede=1), "config: key 'sede' is unknown; did you mean 'seed'?"),
        wrong(lambda c: c.pop("seed"), "config: seed is missing; give it (every random stream derives from it)"),
        wrong(lambda c: c.update(seed="x"), "config: seed is 'x', but must be a whole number"),
        wrong(lambda c: c.update(max_failed_fraction=2), "config: max_failed_fraction is 2, but must be at most 1"),
        wrong(lambda c: c.update(gpus_per_job=-1), "config: gpus_per_job is -1, but must be one of auto, 0, 1"),
        wrong(lambda c: c["run"].update(parts=["all"]), "config: run.parts.0 is 'all', but must be one of full, even, odd"),
        wrong(lambda c: c.update(application={}), "config: key 'application' is unknown; it is called 'inference' now"),
        wrong(lambda c: c["noise2noise"].update(diet="x"), "config: noise2noise: key 'diet' is unknown; it is called 'pairing' now"),
        wrong(lambda c: c["methods"].update(m={"kind": "blur_and_mask"}), "wiener; it is called 'mask_control' now"),
        wrong(lambda c: c.update(seed=None), "config: seed is None, but must be a whole number"),
        wrong(lambda c: c["run"].update(parts=["full", "full"]), "config: run.parts: 'full' stands twice; name each once"),
        wrong(lambda c: c.update(groups={"g": ["a", "a"]}), "config: groups.g: 'a' stands twice"),
        wrong(lambda c: c["methods"].update(main={"kind": "raw"}), "config: methods: the name 'main' must be a letter"),
        wrong(lambda c: c["methods"].update(m={"kind": "noise2noise", "group": ""}), "config: methods.m: group is empty"),
        wrong(lambda c: c["picking"].update(pickers=["blobb"]), "picking.pickers names 'blobb', which is no picker; did you mean 'blob'?"),
        wrong(lambda c: c["training"].update(warmup_steps=10**6), "config: training: warmup_steps (1000000) exceed steps"),
        wrong(lambda c: c["training"].update(width=47), "config: training.width is 47, but must be a multiple of 3"),
        wrong(lambda c: c["run"].update(methods=["raww"]), "run.methods names 'raww', which methods does not define; did you mean 'raw'?"),
        wrong(lambda c: c["methods"].update(m={"kind": "magic"}), "config: methods.m.kind is 'magic', but must be one of bandpass, "),
        wrong(lambda c: c["methods"].update(m=3), "config: methods.m is 3, but must be a mapping"),
        wrong(lambda c: c["methods"].update(m={"kind": "binning"}), "config: methods.m: factor is missing"),
        wrong(lambda c: c["methods"]["gaussian"].update(sigma_A=2), "config: methods.gaussian: key 'sigma_A' is unknown; did you mean 'sigma_px'?"),
        wrong(lambda c: c["methods"]["lowpass_20A"].update(resolution_A=0), "config: methods.lowpass_20A: resolution_A is 0, but must be more than 0"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(config: dict[str, Any], change: Any, words: str) -> None:
    change(config)
    with pytest.raises(ValueError) as error:
        check_config(config)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_whole_number_is_written_without_a_point(config: dict[str, Any]) -> None:
    """Counts are used as they stand: what a plan makes of 2.0 batches is no question for later."""
    config["training"].update(steps=2000.0)
    with pytest.raises(ValueError, match="steps is 2000.0, but must be a whole number"):
        check_config(config)


def test_every_complaint_is_told_at_once(config: dict[str, Any]) -> None:
    config.update(seed=-1, gpus_per_job=9)
    with pytest.raises(ValueError) as error:
        check_config(config)
    assert len(str(error.value).splitlines()) == 2


def test_cells_take_the_type_of_their_column_and_empty_ones_are_unknown() -> None:
    row = parse_row(
        DatasetRow, {"dataset": "a", "pixel_size_A": "1.50", "super_resolution": "2", "gain": ""}, "row 1"
    )
    assert (row["pixel_size_A"], row["super_resolution"], row["gain"], row["voltage_kV"]) == (
        1.5,
        2,
        None,
        None,
    )
    assert row["gain_operation"] == "multiply"


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"dataset": "a"}, "row 1: pixel_size_A is missing; give it (pixel size of the files in A)"),
        ({"dataset": "a", "pixel_size_A": "big"}, "row 1: pixel_size_A is 'big', but must be a number"),
        ({"dataset": "a", "pixel_size_A": "-1"}, "row 1: pixel_size_A is -1.0, but must be more than 0.05"),
        ({"dataset": "a", "pixel_size_A": "1", "voltage": "300"}, "row 1: column 'voltage' is unknown; did you mean 'voltage_kV'?"),
        ({"dataset": "a b", "pixel_size_A": "1"}, "row 1: dataset is 'a b', but must be a name"),
        ({"dataset": "a", "pixel_size_A": "1", "gain_flip": "over"}, "gain_flip is 'over', but must be one of none, up_down, left_right"),
        ({"dataset": "a", "pixel_size_A": "1", "trust_table": "yes"}, "trust_table is 'yes', but must be true or false"),
        ({"dataset": "a", "pixel_size_A": "1", "defocus_um": "2-"}, "defocus_um is '2-', but must be underfocus in um"),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_named_with_its_row(cells: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError) as error:
        parse_row(DatasetRow, cells, "row 1")
    assert words in str(error.value)


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False), ("TRUE", True), ("", False)])
def test_a_cell_of_yes_or_no_is_true_or_false(text: str, value: bool) -> None:
    row = parse_row(DatasetRow, {"dataset": "a", "pixel_size_A": "1", "trust_table": text}, "row 1")
    assert row["trust_table"] is value


@pytest.mark.parametrize("cell", ["", "0", "1"])
def test_the_old_column_of_gain_turns_is_refused_with_what_its_values_mean_now(cell: str) -> None:
    with pytest.raises(
        ValueError, match="it is called 'gain_rotation' now, and turns clockwise .* write 3 for 1"
    ):
        parse_row(DatasetRow, {"dataset": "a", "pixel_size_A": "1", "gain_quarter_turns": cell}, "row 1")
