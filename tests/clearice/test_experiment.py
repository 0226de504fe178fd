"""Empty columns of a dataset that most experiments share have a value in simulations, and only there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clearice.config.checks import SIMULATED
from clearice.config.complaints import complaints
from clearice.config.experiment import known_row, library, missing_columns, nearest_model, taken_columns
from clearice.config.tables import DatasetRow
from clearice.files.structures import read_structure
from support.plan import DATASET, plan_of, shipped_config

MINIMAL: dict[str, Any] = {
    "pixel_size_A": 1.06,
    "voltage_kV": 300.0,
    "dose_e_per_A2": 50.0,
    "particle_diameter_A": 150.0,
}


def test_four_numbers_are_enough_for_a_simulation() -> None:
    assert missing_columns(MINIMAL, SIMULATED) == []
    row = known_row(MINIMAL)
    assert complaints(DatasetRow, {"dataset": "mine", **row}, "row") == []
    for column in MINIMAL:
        asked = missing_columns({**MINIMAL, column: None}, SIMULATED)
        assert asked == ([] if column == "pixel_size_A" else [column]), "and each of them is asked for, alone"


def test_a_column_that_is_filled_is_never_touched() -> None:
    row = DatasetRow.model_validate(DATASET).model_dump()
    assert known_row(row) == row and taken_columns(row) == []


def test_every_value_that_is_taken_has_a_reason() -> None:
    taken = taken_columns(MINIMAL)
    assert {one.name for one in taken} == set(SIMULATED) - set(MINIMAL)
    assert all(one.why for one in taken)


def test_nothing_that_is_taken_reaches_a_table_for_another_program() -> None:
    plan = plan_of(shipped_config(), spherical_aberration_mm=None, amplitude_contrast=None)
    assert plan.datasets["films"]["spherical_aberration_mm"] is None
    assert plan.simulated_row("films")["spherical_aberration_mm"] == 2.7


@pytest.mark.parametrize(("diameter_A", "file"), [(93, "1qgk"), (124, "4zla"), (170, "2iy5"), (300, "6rkw")])
def test_the_bundled_model_of_the_nearest_size_stands_in_for_a_structure(
    diameter_A: float, file: str
) -> None:
    model = nearest_model(diameter_A)
    assert model is not None and model.file.name.startswith(file)


@pytest.mark.parametrize("diameter_A", [30.0, 600.0])
def test_no_model_stands_in_for_a_particle_of_another_size(diameter_A: float) -> None:
    assert nearest_model(diameter_A) is None
    for empty in ({}, {"structures": "auto"}):
        row = {**MINIMAL, "particle_diameter_A": diameter_A, **empty}
        assert missing_columns(row, SIMULATED) == ["structures"]


@pytest.mark.parametrize("model", library(), ids=lambda model: model.file.name)
def test_every_bundled_model_is_as_large_as_its_list_says(model: Any) -> None:
    structure = read_structure(model.file)
    assert 0.45 * model.diameter_A <= structure.radius_A <= 0.75 * model.diameter_A


def test_a_bundled_model_is_named_from_where_the_run_takes_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(library()[0].file.parents[2])
    assert known_row(MINIMAL)["structures"].startswith("resources/structures/")
    monkeypatch.chdir(tmp_path)
    assert Path(known_row(MINIMAL)["structures"].rpartition(":")[0]).is_file()


def test_the_run_tells_what_it_takes_of_what_it_asks_for() -> None:
    config = shipped_config(run={"methods": ["raw", "nt2c"], "parts": ["full"]})
    names = {one.name for one in plan_of(config, structures=None, detector=None).taken()["films"]}
    assert {"structures", "detector", "training.rescale_to_A", "picking.box_A"} <= names
    movies = shipped_config(simulation={"movies": 2})
    assert "detector" in {one.name for one in plan_of(movies, detector=None).taken()["films"]}
    template = shipped_config(picking={"pickers": ["template"]})
    names = {one.name for one in plan_of(template, structures="auto", detector=None).taken()["films"]}
    assert "structures" in names and "detector" not in names, "the picker's templates alone"
    names = {one.name for one in plan_of(shipped_config(), structures=None).taken()["films"]}
    assert names == {"picking.box_A", "evaluation.largest_box_A", "evaluation.smallest_box_A"}, (
        "filters alone"
    )
