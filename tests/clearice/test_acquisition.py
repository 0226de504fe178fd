"""What files say of how they were recorded, and which of it a dataset's row takes."""

from __future__ import annotations

import random
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from mrcfile.dtypes import get_ext_header_dtype

from clearice.config.acquisition import Acquisition, settle
from clearice.files.acquisition import Recording, check_suffixes, look_at, look_at_some
from clearice.files.facts import Fact
from support.microscope import epu_xml


def recording(name: str = "m1.tif", frames: int = 10, shape=(80, 100), **facts: object) -> Recording:
    said = tuple(Fact(column, value, f"{name}: {column}") for column, value in facts.items())
    return Recording(Path(name), shape, frames, said, ())


def settled(*recordings: Recording, movies: bool = True, **given: object) -> Acquisition:
    return settle(given, recordings, movies=movies)


def write_mrc(path: Path, pixel_size_A: float = 1.06, frames: int = 3, fei: bytes = b"", **record: object):
    with mrcfile.new(path) as mrc:
        mrc.set_data(np.ones((frames, 8, 10) if frames > 1 else (8, 10), np.int16))
        mrc.voxel_size = pixel_size_A
        if fei:
            extended = np.zeros(frames, get_ext_header_dtype(fei, "<"))
            extended["Metadata size"] = extended.dtype.itemsize
            for name, value in record.items():
                extended[name.replace("_", " ")] = value
            mrc.header.exttyp = fei
            mrc.set_extended_header(extended)
    return path


def said_of(path: Path) -> dict[str, object]:
    return {fact.column: fact.value for fact in look_at(path).facts}


def test_what_is_given_stands_and_a_contradicting_file_is_told() -> None:
    found = settled(recording(pixel_size_A=0.53), pixel_size_A=1.06)
    assert found.values["pixel_size_A"] == 1.06
    assert found.origins["pixel_size_A"] == "given"
    assert any("is given as 1.06, but m1.tif: pixel_size_A says 0.53" in note for note in found.notes)


def test_rounding_is_no_contradiction() -> None:
    assert not settled(recording(pixel_size_A=1.0605), pixel_size_A=1.06).notes


def test_what_no_flag_gives_comes_from_the_files_and_tells_which() -> None:
    found = settled(recording(pixel_size_A=1.06, voltage_kV=300.0))
    assert found.values["voltage_kV"] == 300
    assert found.origins["voltage_kV"] == "from m1.tif: voltage_kV"


def test_two_files_that_disagree_about_one_movie_are_refused() -> None:
    one = recording(pixel_size_A=1.06)
    both = Recording(
        one.path, one.shape, 10, (*one.facts, Fact("pixel_size_A", 0.53, "m1.mdoc: PixelSpacing")), ()
    )
    with pytest.raises(
        ValueError, match=r"m1.tif: pixel_size_A says pixel_size_A 1.06, but m1.mdoc.*--pixel_size_A"
    ):
        settle({}, [both], movies=True)
    assert settle({"pixel_size_A": 0.53}, [both], movies=True).values["pixel_size_A"] == 0.53


def test_movies_that_differ_are_told() -> None:
    found = settled(recording(pixel_size_A=1.06), recording("m2.tif", pixel_size_A=1.3, frames=9))
    assert found.values["pixel_size_A"] == 1.06
    assert any("m2.tif has 9 frames" in note for note in found.notes)
    assert any("m2.tif: pixel_size_A says 1.3" in note for note in found.notes)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("voltage_kV", 300000.0),
        ("voltage_kV", 0.3),
        ("voltage_kV", -300.0),
        ("dose_e_per_A2", 4e21),
        ("dose_e_per_A2", 0.0),
        ("pixel_size_A", 0.001),
        ("pixel_size_A", 656.0),
    ],
)
def test_a_value_that_cannot_be_is_not_taken_but_told(column: str, value: float) -> None:
    known = {"pixel_size_A": 1.06} if column != "pixel_size_A" else {}
    found = settle({"pixel_size_A": 1.06}, [recording(**{**known, column: value})], movies=True)
    assert found.values.get(column) != value
    assert any("not taken" in note for note in found.notes)


def test_without_a_pixel_size_the_flag_is_named() -> None:
    with pytest.raises(ValueError, match="pixel size of m1.tif is not known.*give --pixel_size_A"):
        settled(recording(voltage_kV=300.0))


@pytest.mark.parametrize("frames", [2, 40])
def test_the_doses_of_a_frame_and_of_an_exposure_follow_from_each_other(frames: int) -> None:
    one = settled(recording(frames=frames, pixel_size_A=1.06), dose_e_per_A2=40.0)
    other = settled(
        recording(frames=frames, pixel_size_A=1.06),
        dose_per_frame_e_per_A2=one.values["dose_per_frame_e_per_A2"],
    )
    assert other.values["dose_e_per_A2"] == pytest.approx(40)
    assert f"{frames} frames" in one.origins["dose_per_frame_e_per_A2"]


def test_doses_that_do_not_add_up_are_told() -> None:
    found = settled(recording(pixel_size_A=1.06), dose_e_per_A2=40.0, dose_per_frame_e_per_A2=1.0)
    assert any("10 frames of 1 e/A2 make 10, but the exposure is 40" in note for note in found.notes)


def test_a_single_micrograph_has_no_dose_of_a_frame() -> None:
    found = settled(recording(frames=1, pixel_size_A=1.06), movies=False, dose_e_per_A2=40.0)
    assert "dose_per_frame_e_per_A2" not in found.values


@pytest.mark.parametrize(("movies", "frames", "flag"), [(True, 1, "--singles"), (False, 10, "--movies")])
def test_movies_and_single_images_are_not_taken_for_each_other(movies: bool, frames: int, flag: str) -> None:
    with pytest.raises(ValueError, match=f"give such files with {flag}"):
        settled(recording(frames=frames, pixel_size_A=1.06), movies=movies)


@pytest.mark.parametrize("pixel_size_A", [0.0, 1.0])
def test_a_header_of_nought_or_one_says_nothing(tmp_path: Path, pixel_size_A: float) -> None:
    assert said_of(write_mrc(tmp_path / "a.mrc", pixel_size_A)) == {}


@pytest.mark.parametrize("fei", [b"FEI1", b"FEI2"])
def test_the_extended_header_of_thermo_fisher_is_read(tmp_path: Path, fei: bytes) -> None:
    path = write_mrc(
        tmp_path / "a.mrc", 0, 1, fei, HT=200000, Dose=3e21, Pixel_size_X=0.8e-10, Camera_name=b"EF-Falcon 3"
    )
    assert said_of(path) == {
        "pixel_size_A": pytest.approx(0.8),
        "voltage_kV": 200,
        "dose_e_per_A2": pytest.approx(30),
        "detector": "Falcon3",
    }


def test_the_dose_in_a_movies_extended_header_is_not_taken(tmp_path: Path) -> None:
    assert said_of(write_mrc(tmp_path / "a.mrc", 0, 3, b"FEI1", Dose=3e21, HT=2e5)) == {"voltage_kV": 200}


def test_an_extended_header_that_is_cut_or_nonsense_says_nothing(tmp_path: Path) -> None:
    path = write_mrc(tmp_path / "a.mrc", 2.0, 1, b"FEI1", HT=200000)
    for seed in range(50):
        data = bytearray(path.read_bytes())
        for position in random.Random(seed).sample(range(1024, 1024 + 768), 700):
            data[position] = random.Random(position).randrange(256)
        (tmp_path / "b.mrc").write_bytes(data)
        assert said_of(tmp_path / "b.mrc")["pixel_size_A"] == 2


def test_the_mdoc_and_the_xml_beside_a_movie_are_read(tmp_path: Path) -> None:
    path = write_mrc(tmp_path / "a_Fractions.mrc")
    (tmp_path / "a.xml").write_text(epu_xml(pixel_m=1.06e-10, width=10, height=8, fractions=3))
    (tmp_path / "a_Fractions.mrc.mdoc").write_text("[FrameSet = 0]\nVoltage = 300\nExposureDose = 40\n")
    seen = look_at(path)
    assert [fact.value for fact in seen.facts if fact.column == "dose_e_per_A2"] == [40, pytest.approx(40)]
    assert seen.notes == ()


def test_a_tilt_series_mdoc_is_found_beside_or_above_its_movies(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    (tmp_path / "ts.mdoc").write_text("[ZValue = 0]\nVoltage = 200\nSubFramePath = X:\\ts_1.mrc\n")
    for folder in (tmp_path, tmp_path / "frames"):
        assert said_of(write_mrc(folder / "ts_1.mrc"))["voltage_kV"] == 200
        assert "voltage_kV" not in said_of(write_mrc(folder / "ts_2.mrc"))


@pytest.mark.parametrize(("name", "text"), [("a.mrc.mdoc", "\0\0"), ("a.xml", "<a>"), ("a.mdoc", "")])
def test_a_broken_file_beside_a_movie_is_told_and_not_used(tmp_path: Path, name: str, text: str) -> None:
    write_mrc(tmp_path / "a.mrc")
    (tmp_path / name).write_text(text)
    seen = look_at(tmp_path / "a.mrc")
    assert [fact.value for fact in seen.facts] == [pytest.approx(1.06)]
    assert any(note.startswith(f"{name} is not used: ") for note in seen.notes)


def test_first_middle_and_last_are_looked_at_and_no_other(tmp_path: Path) -> None:
    paths = [str(write_mrc(tmp_path / f"m{number}.mrc")) for number in range(7)]
    for number in (1, 2, 4, 5):
        Path(paths[number]).write_bytes(b"broken")
    assert [one.path.name for one in look_at_some(paths)] == ["m0.mrc", "m3.mrc", "m6.mrc"]


def test_one_unreadable_movie_is_told_and_all_are_an_error(tmp_path: Path) -> None:
    paths = [str(write_mrc(tmp_path / f"m{number}.mrc")) for number in range(3)]
    Path(paths[0]).write_bytes(b"broken")
    (first, second) = look_at_some(paths)
    assert (first.path.name, second.path.name) == ("m1.mrc", "m2.mrc")
    assert "m0.mrc is no MRC file" in first.notes[0]
    for path in paths:
        Path(path).write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"m0.mrc is no MRC file"):
        look_at_some(paths)


@pytest.mark.parametrize(
    ("name", "words"),
    [("a.eer", "EER movies are not read"), ("a.txt", "suffix '.txt'"), ("a.tif.gz", "suffix")],
)
def test_files_of_another_kind_are_refused_before_any_is_opened(name: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_suffixes(["missing.mrc", "missing.mrc.gz", "missing.tif", "missing.png", name])
