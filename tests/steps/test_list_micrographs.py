"""Listing files into the sheet: each file once, never a folder, and what its split is."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearice.files.tables import read_table
from list_micrographs import list_micrographs


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    for number in range(10):
        (tmp_path / "data" / f"m{number}.tif").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_files_that_are_spelled_in_another_way_are_the_same_files(folder: Path) -> None:
    sheet = folder / "sheet.tsv"
    list_micrographs(dataset="set", sheet=sheet, movies=["data/*.tif"])
    once = sheet.read_text()
    list_micrographs(dataset="set", sheet=sheet, movies=["./data/*.tif"])
    assert sheet.read_text() == once
    sheet.write_text(once.replace("data/", "./data/"))
    list_micrographs(dataset="set", sheet=sheet, movies=["data/*.tif"])
    assert sheet.read_text() == once.replace("data/", "./data/"), "rows that are there stay as they are"


def test_a_folder_is_refused_with_what_to_write(folder: Path) -> None:
    with pytest.raises(
        ValueError, match=r"data is a folder; give the files in it, for example 'data/\*.tif'"
    ):
        list_micrographs(dataset="set", sheet=folder / "sheet.tsv", movies=["data"])
    assert not (folder / "sheet.tsv").exists()


def test_the_numbers_of_each_split_are_said(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        list_micrographs(dataset="set", sheet=folder / "sheet.tsv", movies=["data/*.tif"])
        (folder / "data" / "m99.tif").touch()
        list_micrographs(dataset="set", sheet=folder / "sheet.tsv", movies=["data/*.tif"])
    assert all(words in caplog.text for words in ("8 train", "1 validation", "1 test"))
    assert "marked 1 apply" in caplog.text
    assert [row["split"] for row in read_table(folder / "sheet.tsv")].count("train") == 8


def test_nothing_found_is_a_sentence(folder: Path) -> None:
    with pytest.raises(ValueError, match="no file matches; give quoted globs"):
        list_micrographs(dataset="set", sheet=folder / "sheet.tsv", movies=["nothing/*.tif"])
