"""Numbers of the datasets table that cannot be meant are refused with their unit; those that can are not."""

from __future__ import annotations

import re
from typing import Any

import pytest

from clearice.config.plausible import check_plausible, limits_of
from clearice.config.tables import DatasetRow
from support.plan import DATASET

USUAL = {"defocus_um": "1.0-2.0", "dose_per_frame_e_per_A2": 1.2}


def refused(**columns: Any) -> str:
    row = DatasetRow.model_validate({**DATASET, **USUAL, **columns}).model_dump()
    with pytest.raises(ValueError, match="^sets.tsv, row 2 ") as refusal:
        check_plausible({"good": DatasetRow.model_validate(DATASET).model_dump(), "films": row}, "sets.tsv")
    (line,) = str(refusal.value).splitlines()
    assert line.startswith("sets.tsv, row 2 (films): ")
    return line


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"defocus_um": "15000"}, "15000 um is 1.5 cm.*in um, so 15000 A is 1.5"),
        ({"defocus_um": "800-2000"}, "2000 um is 2 mm.*2000 nm is 2"),
        ({"defocus_um": "0"}, "positive, e.g. 1.5"),
        ({"defocus_um": "0.0,1.5"}, "positive, e.g. 1.5"),
        ({"defocus_um": "2.0-0.8"}, "from high to low; write 0.8-2.0"),
        ({"particles_per_um2": "900-100"}, "from high to low; write 100-900"),
        ({"spherical_aberration_mm": 0.0027}, "in mm, so 0.0027 m is 2.7"),
        ({"pixel_size_A": 0.106}, "in A, so 0.106 nm is 1.06"),
        ({"ice_thickness_nm": 600.0}, "in nm, so 600 A is 60"),
        ({"dose_per_frame_e_per_A2": 50.0}, "50, more than the 40 e/A.2 of the whole exposure"),
        ({"particle_diameter_A": 5.0, "particles_per_um2": None}, "less than 2 pixels of 3 A.*5 nm is 50"),
        ({"particle_diameter_A": 1200.0}, "particles of 1200 A cover a square micrometre 10.2 times over"),
    ],
)
def test_a_value_in_another_unit_is_named_with_the_unit_that_is_meant(
    columns: dict[str, Any], said: str
) -> None:
    assert re.search(said, refused(**columns))


@pytest.mark.parametrize("column", ["voltage_kV", "pixel_size_A", "ice_thickness_nm", "dose_e_per_A2"])
def test_a_value_a_thousand_times_too_large_does_not_pass_the_model_either(column: str) -> None:
    with pytest.raises(ValueError, match=column):
        DatasetRow.model_validate({**DATASET, column: 1000 * DATASET[column]})


def test_what_is_unknown_is_not_judged() -> None:
    row = DatasetRow.model_validate({"dataset": "films", "pixel_size_A": 1.0}).model_dump()
    check_plausible({"films": row}, "sets.tsv")


@pytest.mark.parametrize("text", ["0.8-2.0", "0.8,2.0,1", "2.0,0.8"])
def test_a_range_and_a_list_have_the_limits_of_their_values(text: str) -> None:
    assert limits_of(text) == (0.8, 2.0)


def test_one_value_is_both_limits() -> None:
    assert limits_of("1.5") == (1.5, 1.5)
