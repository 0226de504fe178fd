"""Coordinates in every format: what is written comes back, and what others write is understood."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
from clearice.files.extent import crowded_note
from clearice.files.star import read_star, write_star

SHAPE = (400, 600)
CENTRES = np.array([[10.25, 500.5], [399.0, 0.125], [200.0, 300.0]])
SCORED = Coordinates(CENTRES, np.array([3.5, -1.25, 0.5]))
LOOP = "data_\nloop_\n_rlnCoordinateX #1\n_rlnCoordinateY #2\n"
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
        ("m.csv", "x,y\n1,nan\n", "row 1: y is 'nan' where a number is expected"),
        ("m.csv", "x,y\n1,1e400\n", "row 1: y is '1e400' where a number is expected"),
        ("m.csv", "x;y\n1,5;2\n", "row 1: x is '1,5' where a number is expected"),
        ("m.csv", "x,y\n1\n", r"row 1 \(line 2\) has 1 cells, the header has 2"),
        ("m.csv", "527.1,303.4\n5,6\n", "lacks the column 'x': its first line has '527.1', '303.4'"),
        ("m.csv", "x,X,y\n1,2,3\n", "has the columns 'x' and 'X'; keep one of them"),
        ("m.csv", "", "lacks the column 'x': its first line has nothing"),
        ("m.box", "1 2 64 64\n1 2 nan 64\n", "m.box, line 2: '1 2 nan 64' is no EMAN box"),
        ("m.box", "1 2 0 64\n", "is no EMAN box"),
        ("m.star", "data_\n", "m.star has no column rlnCoordinateX in its blocks"),
        ("m.star", "data_\nloop_\n_rlnCoordinateX #1\n1\n", "has rlnCoordinateX, but lacks rlnCoordinateY"),
        (
            "m.star",
            "data_\nloop_\n_rlnCoordinateX\n_rlnCoordinateX\n1 2\n",
            "line 4: the column 'rlnCoordinateX' stands twice",
        ),
        ("m.star", LOOP + "1 2\n3\n", "m.star, line 6: the row has 1 values, but data_ has 2 columns"),
        ("m.star", LOOP + "1 2 3\n", "m.star, line 5: the row has 3 values"),
        ("m.star", LOOP + "1 two\n", "m.star, line 5: rlnCoordinateY is 'two' where a number is expected"),
        ("m.star", LOOP + "1 <NA>\n", "line 5: rlnCoordinateY is '<NA>'"),
        ("m.star", LOOP + "1 2\n\ndata_\n", "line 7: the block data_ stands twice"),
        ("m.star", "data_\n1 2\n", "line 2: '1 2' belongs to no table"),
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


def star_of(names: list[str]) -> str:
    """Make a table with one particle for each name, at (10 + 2 i, 10 + i)."""
    rows = "".join(f'"{name}" {10 + index} {10 + 2 * index}\n' for index, name in enumerate(names))
    return f"data_particles\n\nloop_\n_rlnMicrographName #1\n_rlnCoordinateX #2\n_rlnCoordinateY #3\n{rows}"


def csv_of(names: list[str]) -> str:
    return "image_name,x_coord,y_coord\n" + "".join(
        f'"{name}",{10 + index},{10 + 2 * index}\n' for index, name in enumerate(names)
    )


def write_cs(path: Path, names: list[str]) -> None:
    table = np.zeros(
        len(names),
        dtype=[
            ("location/micrograph_path", "S99"),
            ("location/center_x_frac", "f8"),
            ("location/center_y_frac", "f8"),
        ],
    )
    table["location/micrograph_path"] = [name.encode() for name in names]
    table["location/center_x_frac"] = (10 + np.arange(len(names))) / SHAPE[1]
    table["location/center_y_frac"] = (10 + 2 * np.arange(len(names))) / SHAPE[0]
    with path.open("wb") as stream:
        np.save(stream, table)


def write_places(path: Path, names: list[str]) -> Path:
    if path.suffix == ".cs":
        write_cs(path, names)
    else:
        path.write_text(star_of(names) if path.suffix == ".star" else csv_of(names))
    return path


FORMATS = ["t.star", "t.csv", "t.cs"]


@pytest.mark.parametrize("file", FORMATS)
@pytest.mark.parametrize(
    ("sheet_name", "row"),
    [
        ("mic1", "mic1_aligned_DW.mrc"),
        ("mic1", "J1/001234567890123456789_mic1_patch_aligned_doseweighted.mrc"),
        ("Foil_Hole_1", "Foil Hole 1.mrc"),
        ("ts_01_21.0", "ts_01_21.0"),
        ("0012", "0012"),
        ("mic1_DW", "mic1"),
    ],
)
def test_names_are_matched_with_and_without_decorations(
    tmp_path: Path, file: str, sheet_name: str, row: str
) -> None:
    path = write_places(tmp_path / file, ["other.mrc", row])
    found = read_coordinates(path, SHAPE, sheet_name)
    assert found.centres == pytest.approx(np.array([[12.0, 11.0]]))


@pytest.mark.parametrize("file", FORMATS)
def test_a_table_of_other_micrographs_is_no_empty_field(tmp_path: Path, file: str) -> None:
    path = write_places(tmp_path / file, ["mic2.mrc", "mic3.mrc", "mic3.mrc"])
    with pytest.raises(
        ValueError, match=rf"{file} has 3 rows, but none of the micrograph mic1: they name 'mic2', 'mic3'; "
    ):
        read_coordinates(path, SHAPE, "mic1")


@pytest.mark.parametrize("file", FORMATS)
def test_a_table_without_rows_is_an_empty_field(tmp_path: Path, file: str) -> None:
    assert len(read_coordinates(write_places(tmp_path / file, []), SHAPE, "mic1").centres) == 0


@pytest.mark.parametrize("name", ["micrograph", "Micrograph_Name", "filename"])
def test_a_column_that_names_micrographs_is_heeded_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    (tmp_path / "t.csv").write_text(f"{name},x,y\nm1.mrc,1,2\nm2.mrc,3,4\n")
    assert read_coordinates(tmp_path / "t.csv", SHAPE, "m2").centres.tolist() == [[4.0, 3.0]]


@pytest.mark.parametrize("text", ["X,Y\n3,4\n", "x;y\n3;4\n", "x y\n3 4\n", '\ufeffx,y\r\n"3","4"\r\n'])
def test_spreadsheets_and_other_programs_write_csv_in_many_ways(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_bytes(text.encode())
    assert read_coordinates(tmp_path / "t.csv", SHAPE).centres.tolist() == [[4.0, 3.0]]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("file", ["t.star", "t.csv", "t.box"])
def test_coordinates_are_read_in_every_encoding_with_a_mark(tmp_path: Path, file: str, encoding: str) -> None:
    text = {"t.star": star_of(["m1"]), "t.csv": csv_of(["m1"]), "t.box": "0 0 20 20\n"}[file]
    (tmp_path / file).write_bytes(text.replace("\n", "\r\n").encode(encoding))
    assert read_coordinates(tmp_path / file, SHAPE, "m1").centres.tolist() == [[10.0, 10.0]]


@pytest.mark.parametrize("suffix", [".star", ".csv", ".box"])
@pytest.mark.parametrize("outside", [(-20.0, 5.0), (5.0, -20.0), (420.0, 5.0), (5.0, 620.0)])
def test_particles_outside_the_micrograph_are_refused(
    tmp_path: Path, suffix: str, outside: tuple[float, float]
) -> None:
    path, places = tmp_path / f"m{suffix}", Coordinates(np.array([[5.0, 5.0], outside]), np.full(2, np.nan))
    if suffix == ".star":
        write_coordinates_star(path, places, "m.mrc")
    elif suffix == ".csv":
        write_csv(path, places)
    else:
        write_box(path, places, 64)
    words = (
        r"1 of 2 particles outside the micrograph of 400 rows x 600 columns: x runs from .* y from .*flip_y"
    )
    with pytest.raises(ValueError, match=words):
        read_coordinates(path, SHAPE)


def test_particles_a_little_beyond_the_edge_are_kept(tmp_path: Path) -> None:
    edge = Coordinates(np.array([[-0.5, -0.5], [399.5, 599.5], [-10.0, 610.0]]), np.full(3, np.nan))
    write_coordinates_star(tmp_path / "m.star", edge, "m.mrc")
    assert read_coordinates(tmp_path / "m.star", SHAPE).centres == pytest.approx(edge.centres)


def test_swapped_axes_and_other_pixels_are_told_apart(tmp_path: Path) -> None:
    for factor, swapped, words in ((1.0, True, "are x and y swapped"), (2.0, False, "at another pixel size")):
        places = np.array([[20.0, 20.0], [380.0, 580.0]]) * factor
        write_csv(tmp_path / "m.csv", Coordinates(places[:, ::-1] if swapped else places, np.full(2, np.nan)))
        with pytest.raises(ValueError, match=words):
            read_coordinates(tmp_path / "m.csv", SHAPE)


def test_particles_of_a_binned_micrograph_are_pointed_out() -> None:
    everywhere = np.random.default_rng(1).uniform(0, 1, (30, 2)) * SHAPE
    assert crowded_note(everywhere, SHAPE) == ""
    assert "all 30 particles lie in the upper left quarter" in crowded_note(everywhere / 2, SHAPE)
    assert crowded_note(everywhere[:9] / 2, SHAPE) == "", "so few may lie there by chance"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda whole: whole[:40], "is no whole cryoSPARC dataset of 40 bytes"),
        (lambda whole: whole[:-8], "is no whole cryoSPARC dataset"),
        (lambda whole: b"", "does not begin like a numpy file"),
        (lambda whole: b"\x94CSDAT" + whole, "is in cryoSPARC's stream format"),
        (lambda whole: whole.replace(b"(2,)", b"(9" + b"9" * 9 + b",)"), "is no whole cryoSPARC dataset"),
        (lambda whole: whole.replace(b"center_x_frac", b"center_q_frac"), "lacks the field location/center_x_frac"),
        (lambda whole: whole.replace(b"'<f8'", b"'|S8'"), "holds .* and not one number for each particle"),
    ],
)  # fmt: skip
def test_a_cryosparc_file_that_is_none_is_refused(tmp_path: Path, change: Any, words: str) -> None:
    write_cs(tmp_path / "t.cs", ["m1", "m2"])
    (tmp_path / "t.cs").write_bytes(change((tmp_path / "t.cs").read_bytes()))
    with pytest.raises(ValueError, match=words) as caught:
        read_coordinates(tmp_path / "t.cs", SHAPE, "m1")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("rows", "columns"), [(400, 600), (1601, 2399)])
def test_fractions_of_a_turned_micrograph_are_refused(tmp_path: Path, rows: int, columns: int) -> None:
    kind = [(f"location/center_{axis}_frac", "f4") for axis in "xy"]
    for shape, turned in (((rows, columns), False), ((columns, rows), True)):
        table = np.full(2, 0.25, dtype=[*kind, ("location/micrograph_shape", "u4", (2,))])
        table["location/micrograph_shape"] = shape
        with (tmp_path / "t.cs").open("wb") as stream:
            np.save(stream, table)
        if turned:
            words = f"on a micrograph of {columns} rows x {rows} columns, this one has 400 x 600"
            with pytest.raises(ValueError, match=words):
                read_coordinates(tmp_path / "t.cs", SHAPE)
        else:
            assert read_coordinates(tmp_path / "t.cs", SHAPE).centres.tolist() == [[100.0, 150.0]] * 2


@pytest.mark.parametrize("array", [np.array({"a": 1}), np.array(3.0), np.zeros((3, 2)), np.array([None])])
def test_an_array_that_is_no_table_is_refused(tmp_path: Path, array: Any) -> None:
    with (tmp_path / "t.cs").open("wb") as stream:
        np.save(stream, array)
    with pytest.raises(ValueError, match=r"t.cs (is no whole cryoSPARC dataset|holds a .*not a table)"):
        read_coordinates(tmp_path / "t.cs", SHAPE)


def test_a_micrograph_may_be_called_like_a_block(tmp_path: Path) -> None:
    (tmp_path / "t.star").write_text(star_of(["m1"]) + "data_001.mrc 30 40\n")
    assert read_coordinates(tmp_path / "t.star", SHAPE, "data_001").centres.tolist() == [[40.0, 30.0]]
