"""Coordinates in every format: what is written comes back, and what others write is understood."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clearice.files.coordinates import (
    Coordinates,
    read_coordinates,
    write_box,
    write_coordinates_star,
    write_csv,
)
from clearice.files.star import read_star, write_star

SHAPE = (400, 600)
CENTRES = np.array([[10.25, 500.5], [399.0, 0.125], [200.0, 300.0]])
SCORED = Coordinates(CENTRES, np.array([3.5, -1.25, 0.5]))
UNSCORED = Coordinates(CENTRES, np.full(3, np.nan))


@pytest.mark.parametrize("suffix", [".star", ".csv"])
@pytest.mark.parametrize("coordinates", [SCORED, UNSCORED], ids=["scored", "unscored"])
def test_star_and_csv_come_back(tmp_path: Path, suffix: str, coordinates: Coordinates) -> None:
    path = tmp_path / f"m{suffix}"
    if suffix == ".star":
        write_coordinates_star(path, coordinates, "m.mrc")
    else:
        write_csv(path, coordinates)
    found = read_coordinates(path, SHAPE, "m")
    assert found.centres == pytest.approx(CENTRES, abs=1e-3)
    assert found.scores == pytest.approx(coordinates.scores, nan_ok=True)


@pytest.mark.parametrize("box_px", [64, 63])
def test_box_files_come_back_to_the_pixel(tmp_path: Path, box_px: int) -> None:
    write_box(tmp_path / "m.box", SCORED, box_px)
    assert np.abs(read_coordinates(tmp_path / "m.box", SHAPE).centres - CENTRES).max() <= 0.5


@pytest.mark.parametrize("suffix", [".star", ".csv", ".box"])
def test_no_particle_is_a_file_too(tmp_path: Path, suffix: str) -> None:
    path, nothing = tmp_path / f"m{suffix}", Coordinates(np.empty((0, 2)), np.empty(0))
    if suffix == ".star":
        write_coordinates_star(path, nothing, "m.mrc")
    elif suffix == ".csv":
        write_csv(path, nothing)
    else:
        write_box(path, nothing, 64)
    assert read_coordinates(path, SHAPE, "m").centres.shape == (0, 2)


def test_x_and_y_are_not_swapped(tmp_path: Path) -> None:
    write_coordinates_star(tmp_path / "m.star", SCORED, "m.mrc")
    table = next(iter(read_star(tmp_path / "m.star").values()))
    assert table["rlnCoordinateX"].tolist() == pytest.approx(CENTRES[:, 1])
    assert table["rlnAutopickFigureOfMerit"].tolist() == pytest.approx(SCORED.scores)
    write_box(tmp_path / "m.box", SCORED, 64)
    assert (tmp_path / "m.box").read_text().splitlines()[2] == f"{300 - 32}\t{200 - 32}\t64\t64"


def test_equal_picks_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_coordinates_star(tmp_path / f"{name}.star", SCORED, "m.mrc")
    assert (tmp_path / "one.star").read_bytes() == (tmp_path / "two.star").read_bytes()


def test_one_star_file_of_many_micrographs_gives_those_of_one(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "rlnMicrographName": ["a/m1.mrc", "a/m2.mrc"],
            "rlnCoordinateX": [1.0, 2.0],
            "rlnCoordinateY": [3.0, 4.0],
        }
    )
    write_star(tmp_path / "all.star", {"optics": pd.DataFrame({"rlnVoltage": [300]}), "particles": table})
    assert read_coordinates(tmp_path / "all.star", SHAPE, "m2").centres.tolist() == [[4.0, 2.0]]


def test_marks_and_topaz_tables_are_understood(tmp_path: Path) -> None:
    (tmp_path / "marks.csv").write_text("x,y,radius_px\n527.1,303.4,30.5\n")
    assert read_coordinates(tmp_path / "marks.csv", SHAPE).centres.tolist() == [[303.4, 527.1]]
    (tmp_path / "topaz.txt").write_text(
        "image_name\tx_coord\ty_coord\tscore\nm1\t5\t6\t0.5\nm2\t7\t8\t0.25\n"
    )
    found = read_coordinates(tmp_path / "topaz.txt", SHAPE, "m2")
    assert (found.centres.tolist(), found.scores.tolist()) == ([[8.0, 7.0]], [0.25])


def test_cryosparc_fractions_become_pixels(tmp_path: Path) -> None:
    table = np.zeros(
        2,
        dtype=[
            ("uid", "u8"),
            ("location/micrograph_path", "S64"),
            ("location/center_x_frac", "f4"),
            ("location/center_y_frac", "f4"),
        ],
    )
    table["location/micrograph_path"] = [b"J1/motion/001234567890123456789_m1.mrc", b"J1/motion/m2.mrc"]
    table["location/center_x_frac"], table["location/center_y_frac"] = [0.5, 0.1], [0.25, 0.1]
    with (tmp_path / "picks.cs").open("wb") as stream:
        np.save(stream, table)
    assert read_coordinates(tmp_path / "picks.cs", SHAPE, "m1").centres == pytest.approx(
        np.array([[100.0, 300.0]])
    )
    assert len(read_coordinates(tmp_path / "picks.cs", SHAPE).centres) == 2


def test_y_can_run_upwards(tmp_path: Path) -> None:
    write_csv(tmp_path / "m.csv", SCORED)
    flipped = read_coordinates(tmp_path / "m.csv", SHAPE, flip_y=True).centres
    assert flipped[:, 0] == pytest.approx(399 - CENTRES[:, 0], abs=1e-3)


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("m.pdf", "", "suffix '.pdf'"),
        ("m.csv", "x,z\n1,2\n", "lacks the column 'y'"),
        ("m.csv", "x,y\n1,two\n", "'two' where a number"),
        ("m.csv", "x,y\n1,nan\n", "no number"),
        ("m.box", "1 2 3\n", "four numbers"),
        ("m.star", "hello\n", "no STAR file"),
    ],
)
def test_what_is_no_coordinate_file_is_refused_in_one_sentence(
    tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=complaint):
        read_coordinates(tmp_path / name, SHAPE)


def test_a_star_table_without_coordinates_is_refused(tmp_path: Path) -> None:
    write_star(tmp_path / "m.star", {"optics": pd.DataFrame({"rlnVoltage": [300.0]})})
    with pytest.raises(ValueError, match="rlnCoordinateX"):
        read_coordinates(tmp_path / "m.star", SHAPE)
