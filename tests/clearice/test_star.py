import errno
from pathlib import Path

import pandas as pd
import pytest
import starfile

from clearice.files.star import micrographs_table, optics_table, read_star, write_star

OPTICS = {
    "name": "apo ferritin",
    "voltage_kV": 300.0,
    "spherical_aberration_mm": 0.0,
    "amplitude_contrast": 0.07,
    "original_pixel_size_A": 0.65,
    "pixel_size_A": 1.3,
}


def test_starfile_reads_what_is_written(tmp_path):
    names = ["sums/a.mrc", "sums/b c.mrc"]
    path = tmp_path / "m.star"
    write_star(path, {"optics": optics_table(**OPTICS), "micrographs": micrographs_table(names)})
    blocks = starfile.read(path, always_dict=True)
    assert list(blocks) == ["optics", "micrographs"]
    assert list(blocks["micrographs"]["rlnMicrographName"]) == names
    assert set(blocks["micrographs"]["rlnOpticsGroup"]) == {1}
    optics = blocks["optics"] if isinstance(blocks["optics"], dict) else blocks["optics"].iloc[0].to_dict()
    assert optics["rlnOpticsGroupName"] == "apo ferritin"
    assert float(optics["rlnVoltage"]) == 300 and float(optics["rlnSphericalAberration"]) == 0
    assert float(optics["rlnAmplitudeContrast"]) == pytest.approx(0.07)
    assert float(optics["rlnMicrographOriginalPixelSize"]) == pytest.approx(0.65)
    assert float(optics["rlnMicrographPixelSize"]) == pytest.approx(1.3)


def test_optics_are_a_loop_as_relion_writes_them(tmp_path):
    write_star(tmp_path / "m.star", {"optics": optics_table(**OPTICS)})
    lines = (tmp_path / "m.star").read_text().splitlines()
    assert "data_optics" in lines and "loop_" in lines and "_rlnOpticsGroupName #1" in lines


def test_a_missing_amplitude_contrast_is_left_out():
    assert "rlnAmplitudeContrast" not in optics_table(**{**OPTICS, "amplitude_contrast": None})


def test_equal_tables_make_equal_bytes_without_time(tmp_path):
    for name in "ab":
        write_star(tmp_path / f"{name}.star", {"micrographs": micrographs_table(["x.mrc"])})
    text = (tmp_path / "a.star").read_text()
    assert text == (tmp_path / "b.star").read_text()
    assert text.startswith("# written by clearice\n")


def test_what_is_written_is_read_back_by_us(tmp_path):
    table = pd.DataFrame({"rlnCoordinateX": [1.5, 2.25], "rlnCoordinateY": [3.0, 4.5]})
    write_star(tmp_path / "picks.star", {"particles": table, "one": table[:1]})
    blocks = read_star(tmp_path / "picks.star")
    pd.testing.assert_frame_equal(blocks["particles"], table)
    assert blocks["one"]["rlnCoordinateY"].tolist() == [3.0]


def test_tables_without_loop_are_read_as_one_row(tmp_path):
    (tmp_path / "a.star").write_text("\ndata_general\n\n_rlnTomoName tomo1\n_rlnVoltage 300.0\n\n")
    assert read_star(tmp_path / "a.star")["general"]["rlnTomoName"].tolist() == ["tomo1"]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "is no STAR file"), (b"x y\n1 2\n", "is no STAR file"), (b"\xff\xfe\x00", "begins like UTF-16")],
)
def test_files_that_are_no_star_are_refused(tmp_path, content, words):
    (tmp_path / "a.star").write_bytes(content)
    with pytest.raises(ValueError, match=words):
        read_star(tmp_path / "a.star")


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(self, text, **_):
        with self.open("w") as stream:
            stream.write(text[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        write_star(tmp_path / "a.star", {"micrographs": micrographs_table(["x.mrc"])})
    assert not list(tmp_path.iterdir())


TABLE = "# made elsewhere\ndata_one\n\nloop_\n_rlnMicrographName #1\n_rlnDefocusU #2 # in A\n"


def test_comments_quotation_marks_and_numbers_as_names_are_read(tmp_path):
    (tmp_path / "a.star").write_text(
        TABLE + "\"Foil Hole 1.mrc\" 1e4 # fine\n'0012'\t2\n0013 3\n\ndata_two\n_rlnVoltage 300\n"
    )
    blocks = read_star(tmp_path / "a.star")
    assert blocks["one"]["rlnMicrographName"].tolist() == ["Foil Hole 1.mrc", "0012", "0013"]
    assert blocks["one"]["rlnDefocusU"].tolist() == [1e4, 2.0, 3.0]
    assert blocks["two"]["rlnVoltage"].tolist() == [300]


def test_a_loop_without_rows_is_an_empty_table_wherever_it_stands(tmp_path):
    (tmp_path / "a.star").write_text(TABLE + "\ndata_two\nloop_\n_rlnVoltage #1\n")
    assert {name: table.shape for name, table in read_star(tmp_path / "a.star").items()} == {
        "one": (0, 2),
        "two": (0, 1),
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TABLE + "loop_\n_rlnX\n", "line 7: the block data_one has a second table"),
        ("data_a\n_rlnX\n", "line 2: _rlnX has 0 values, but one is expected"),
        ("data_a\n_rlnX 1 2\n", "line 2: _rlnX has 2 values"),
        (
            TABLE + "Foil Hole 1.mrc 5\n",
            "line 7: the row has 4 values, but data_one has 2 columns; .*quotation marks",
        ),
        (TABLE + "data_one\n", "line 7: the block data_one stands twice"),
        ("loop_\n_rlnX\n1\n", "it has no data_ block"),
    ],
)
def test_blocks_that_are_none_are_refused_with_their_line(tmp_path, text, words):
    (tmp_path / "a.star").write_text(text)
    with pytest.raises(ValueError, match=f"a.star.*{words}"):
        read_star(tmp_path / "a.star")
