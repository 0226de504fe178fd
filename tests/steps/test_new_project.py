"""A project is started from files: its folder, what stands there, and what is told."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml

from clearice.config.sheet import check_datasets, check_sheet
from clearice.config.whole import config_model
from clearice.files.tables import read_table
from clearice.run.project import legal_name
from new_project import new_project
from support.microscope import epu_xml
from support.project import SIDE_PX, write_movie

MDOC = "Voltage = 300\n[FrameSet = 0]\nPixelSpacing = 2.0\nExposureDose = 40\nNumSubFrames = 4\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with ten movies in ribosome/, where the step is called."""
    for number in range(10):
        write_movie(tmp_path / "ribosome" / f"m{number}.mrc", number)
    (tmp_path / "ribosome" / "m0.mrc.mdoc").write_text(MDOC)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level("INFO")
    return caplog


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    return read_table(folder / f"{name}.tsv")


def test_a_project_is_written_and_told_with_the_origin_of_every_value(
    here: Path, told: pytest.LogCaptureFixture
) -> None:
    new_project(movies=["ribosome/*.mrc"], particle_diameter_A=250)
    project = Path("runs/ribosome")
    (row,) = rows(project, "datasets")
    assert {name: cell for name, cell in row.items() if cell} == {
        "dataset": "ribosome",
        "pixel_size_A": "2",
        "voltage_kV": "300",
        "dose_per_frame_e_per_A2": "10",
        "dose_e_per_A2": "40",
        "particle_diameter_A": "250",
    }
    words = told.text.split()
    assert " ".join(words).count("10 rows in 1 batch: 8 train, 1 validation, 1 test") == 1
    for line in (
        "pixel_size_A 2 from m0.mrc: header",
        "voltage_kV 300 from m0.mrc.mdoc: Voltage",
        "dose_per_frame_e_per_A2 10 40 / 4 frames",
        "particle_diameter_A 250 given",
        "snakemake -n ",
    ):
        assert line in " ".join(words)
    assert "Not known" not in told.text


def test_the_settings_hold_what_a_project_must_have_and_nothing_else(here: Path) -> None:
    new_project(movies=["ribosome/*.mrc"], quality="paper")
    settings = yaml.safe_load(Path("runs/ribosome/mine.yaml").read_text())
    assert set(settings) == {"datasets", "micrographs", "quality", "run"}
    assert settings["quality"] == "paper"
    assert settings["run"] == {"methods": ["raw", "lowpass_20A", "n2n"]}
    assert {"datasets", "micrographs", "run"} <= set(config_model().model_fields)


@pytest.mark.parametrize("folder", [None, "ribosome", "elsewhere/run", "."])
def test_the_paths_of_the_sheet_hold_in_the_folder_of_the_project(
    here: Path, folder: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_project(movies=["ribosome/*.mrc"], dataset="set", folder=Path(folder) if folder else None)
    monkeypatch.chdir(folder or "runs/set")
    sheet = rows(Path(), "micrographs")
    assert len(sheet) == 10
    assert all(Path(row["movie"]).is_file() for row in sheet)
    assert Path(sheet[0]["movie"]).is_absolute() == (folder in (None, "elsewhere/run")), (
        "relative within the folder, so that it can be moved"
    )
    settings = yaml.safe_load(Path("mine.yaml").read_text())
    datasets = check_datasets(read_table(Path(settings["datasets"])), "datasets")
    check_sheet(read_table(Path(settings["micrographs"])), datasets, "sheet")


def test_structures_gain_and_curves_hold_in_the_folder_too(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.pdb", "b.pdb", "gain.mrc", "mtf.star"):
        Path(name).touch()
    new_project(movies=["ribosome/*.mrc"], structures="a.pdb:2,b.pdb", gain="gain.mrc", detector="mtf.star")
    (row,) = rows(Path("runs/ribosome"), "datasets")
    one, other = row["structures"].split(",")
    assert one == f"{here / 'a.pdb'}:2"
    assert other == f"{here / 'b.pdb'}:1"
    assert (row["gain"], row["detector"]) == (str(here / "gain.mrc"), str(here / "mtf.star"))


@pytest.mark.parametrize("flag", ["structures", "gain", "defects"])
def test_a_file_that_is_missing_is_named_with_its_flag(here: Path, flag: str) -> None:
    with pytest.raises(ValueError, match=f"--{flag} names nothing.x, but there is no such file"):
        new_project(movies=["ribosome/*.mrc"], **{flag: "nothing.x"})
    assert not Path("runs").exists()


def test_what_is_not_known_is_told_with_what_needs_it(here: Path, told: pytest.LogCaptureFixture) -> None:
    (here / "ribosome" / "m0.mrc.mdoc").unlink()
    new_project(movies=["ribosome/*.mrc"])
    for column in ("voltage_kV", "dose_e_per_A2", "particle_diameter_A"):
        assert f"{column:<24} needed for nt2c" in told.text
    assert "then add nt2c to the methods in runs/ribosome/mine.yaml" in told.text
    assert "nt2c" not in Path("runs/ribosome/mine.yaml").read_text()


def test_a_particle_of_a_size_of_which_no_model_is_bundled_wants_one(
    here: Path, told: pytest.LogCaptureFixture
) -> None:
    new_project(movies=["ribosome/*.mrc"], particle_diameter_A=3000)
    assert f"{'structures':<24} needed for nt2c" in told.text
    assert "nt2c" not in Path("runs/ribosome/mine.yaml").read_text()


def test_halves_and_single_micrographs_are_listed_too(here: Path, told: pytest.LogCaptureFixture) -> None:
    for half in ("EVN", "ODD"):
        for number in range(4):
            write_movie(here / "halves" / f"m{number}_{half}.mrc", number, frames=1)
    new_project(even=["halves/*_EVN.mrc"], odd=["halves/*_ODD.mrc"], dose_e_per_A2=40)
    (row,) = rows(Path("runs/halves"), "datasets")
    assert row["dose_e_per_A2"] == "40"
    assert row["dose_per_frame_e_per_A2"] == ""
    new_project(singles=["halves/*_EVN.mrc"], dataset="single")
    assert "n2n" in Path("runs/halves/mine.yaml").read_text()
    assert "n2n" not in Path("runs/single/mine.yaml").read_text(), "it has no halves to learn from"
    assert told.text.count("n2n is left out") == 1


def test_epus_xml_beside_the_movies_is_read(here: Path) -> None:
    write_movie(here / "epu" / "Foil_Fractions.mrc", 1)
    (here / "epu" / "Foil.xml").write_text(
        epu_xml(pixel_m=2e-10, width=SIDE_PX, height=SIDE_PX, fractions=4, dose_per_m2=4e21)
    )
    new_project(movies=["epu/*.mrc"])
    (row,) = rows(Path("runs/epu"), "datasets")
    assert (row["voltage_kV"], row["dose_e_per_A2"], row["detector"]) == ("300", "40", "K3")


def test_a_second_dataset_is_appended_and_the_first_stays(here: Path, told: pytest.LogCaptureFixture) -> None:
    project = Path("run")
    new_project(movies=["ribosome/*.mrc"], folder=project, dataset="one")
    settings = (project / "mine.yaml").read_text()
    before = rows(project, "micrographs")
    new_project(
        movies=["ribosome/*.mrc"], folder=project, dataset="two", gain="ribosome/m0.mrc", quality="paper"
    )
    assert rows(project, "micrographs")[: len(before)] == before
    assert [row["dataset"] for row in rows(project, "datasets")] == ["one", "two"]
    assert [row["dataset"] for row in rows(project, "micrographs")[len(before) :]] == ["two"] * 10
    assert (project / "mine.yaml").read_text() == settings
    assert "as it was" in told.text


def test_a_dataset_that_is_there_is_not_written_over(here: Path) -> None:
    new_project(movies=["ribosome/*.mrc"])
    before = {path.name: path.read_bytes() for path in Path("runs/ribosome").iterdir()}
    with pytest.raises(ValueError, match="has the dataset 'ribosome' already; nothing was written"):
        new_project(movies=["ribosome/*.mrc"], pixel_size_A=3)
    assert {path.name: path.read_bytes() for path in Path("runs/ribosome").iterdir()} == before


def test_half_a_project_is_refused(here: Path) -> None:
    new_project(movies=["ribosome/*.mrc"])
    Path("runs/ribosome/mine.yaml").unlink()
    with pytest.raises(ValueError, match=r"is there, but runs/ribosome/mine.yaml is not"):
        new_project(movies=["ribosome/*.mrc"], dataset="other", folder=Path("runs/ribosome"))


def test_a_project_whose_tables_are_not_in_order_is_refused(here: Path) -> None:
    new_project(movies=["ribosome/*.mrc"], folder=Path("run"))
    table = here / "run" / "datasets.tsv"
    table.write_text(table.read_text().replace("detector", "camera"))
    with pytest.raises(ValueError, match="column 'camera' is unknown"):
        new_project(movies=["ribosome/*.mrc"], folder=Path("run"), dataset="two")


def test_a_file_is_no_folder(here: Path) -> None:
    Path("run").touch()
    with pytest.raises(ValueError, match="run is a file, not the folder of a project"):
        new_project(movies=["ribosome/*.mrc"], folder=Path("run"))


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"movies": ["nothing/*.mrc"]}, "no file matches; give quoted globs"),
        ({}, "no file matches; give quoted globs"),
        ({"movies": ["ribosome"]}, "ribosome is a folder; give the files in it"),
        ({"movies": ["ribosome/*.mdoc"]}, "suffix '.mdoc'"),
        ({"movies": ["ribosome/*.mrc"], "voltage_kV": 300000.0}, "voltage_kV is 300000"),
        ({"movies": ["ribosome/*.mrc"], "pixel_size_A": float("nan")}, "pixel_size_A"),
        ({"movies": ["ribosome/*.mrc"], "pixel_size_A": 0.0}, "pixel_size_A is 0"),
        ({"movies": ["ribosome/*.mrc"], "dataset": "a b"}, "dataset is 'a b'"),
        ({"movies": ["ribosome/*.mrc"], "quality": "best"}, "--quality is 'best'"),
        ({"even": ["ribosome/*.mrc"]}, "one half only"),
    ],
)
def test_bad_input_ends_in_a_sentence_and_writes_nothing(here: Path, flags: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words) as stopped:
        new_project(**flags)
    assert "\n" not in str(stopped.value)
    assert not list(here.rglob("*.yaml")) and not list(here.rglob("*.tsv"))


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("ribosome", "ribosome"),
        ("20261128 Foil Hole 1", "dataset_20261128_Foil_Hole_1"),
        ("", "dataset"),
        ("Zürich.2", "Z_rich_2"),
        ("-_-", "dataset"),
    ],
)
def test_a_datasets_name_is_made_of_its_folders(folder: str, name: str) -> None:
    assert legal_name(folder) == name
    check_datasets([{"dataset": name, "pixel_size_A": "1"}], "table")


def test_the_commands_survive_a_folder_with_a_blank(here: Path, told: pytest.LogCaptureFixture) -> None:
    new_project(movies=["ribosome/*.mrc"], folder=Path("my runs/first"))
    (command,) = [line for line in told.text.splitlines() if line.strip().startswith("snakemake -n")]
    words = shlex.split(command, comments=True)
    assert words[words.index("--directory") + 1] == "my runs/first"
    assert words[words.index("--configfile") + 1] == "my runs/first/mine.yaml"
    assert Path(words[words.index("--snakefile") + 1]).is_file()
