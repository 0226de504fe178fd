"""A bad micrograph becomes a row of the manifest and stops nothing."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from clearice.run.batches import (
    FAILED,
    OK,
    SKIPPED,
    ManifestRow,
    Noted,
    Skip,
    checksum,
    files_of,
    partner_row,
    process_manifest,
    process_rows,
    read_manifest,
    with_frames_compared,
    write_manifest,
)


def write(folder: Path, name: str) -> Path:
    path = folder / f"{name}.mrc"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(name)
    return path


def test_one_bad_micrograph_never_stops_the_others(tmp_path: Path) -> None:
    def process(name: str) -> Path:
        if name == "bad":
            raise ValueError("bad.tif ends after 3 of 8 frames;\n copy it again")
        if name == "gone":
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", "gone.tif")
        if name == "alone":
            raise Skip("alone.mrc has no halves")
        return write(tmp_path, name)

    rows = process_rows(["a", "bad", "gone", "alone", "b"], tmp_path, process)
    assert [row.status for row in rows] == [OK, FAILED, FAILED, SKIPPED, OK]
    assert rows[1].reason == "bad.tif ends after 3 of 8 frames; copy it again"
    assert "gone.tif" in rows[2].reason
    assert rows[0] == ManifestRow("a", "a.mrc", OK, "", checksum(tmp_path / "a.mrc"))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_full_disk_ends_the_job_since_it_is_no_micrographs_fault(tmp_path: Path, number: int) -> None:
    def process(name: str) -> Path:
        raise OSError(number, "no room")

    with pytest.raises(OSError, match="no room"):
        process_rows(["a"], tmp_path, process)


def test_a_micrograph_too_large_for_the_memory_fails_alone(tmp_path: Path) -> None:
    def process(name: str) -> Path:
        if name == "huge":
            raise MemoryError("Unable to allocate 4.00 TiB")
        return write(tmp_path, name)

    rows = process_rows(["a", "huge", "b"], tmp_path, process)
    assert [row.status for row in rows] == [OK, FAILED, OK]
    assert rows[1].reason == (
        "there was not enough memory for huge (Unable to allocate 4.00 TiB); give the job more memory"
    )


def test_a_mistake_in_our_code_is_not_hidden_as_a_bad_micrograph(tmp_path: Path) -> None:
    def process(name: str) -> Path:
        raise TypeError("a bug")

    with pytest.raises(TypeError):
        process_rows(["a"], tmp_path, process)


def test_failures_are_carried_to_the_next_stage_with_their_reason(tmp_path: Path) -> None:
    rows = [
        ManifestRow("a", "a.mrc", OK, "", "1"),
        ManifestRow("b", "", FAILED, "b.tif is empty", ""),
        ManifestRow("c", "", SKIPPED, "no halves", ""),
        ManifestRow("d", "d.mrc", OK, "", "2"),
    ]
    write_manifest(tmp_path / "in" / "manifest.tsv", rows)

    def process(name: str, file: Path) -> Path:
        assert file == tmp_path / "in" / f"{name}.mrc"
        if name == "d":
            raise ValueError("d has no pixel size")
        return write(tmp_path / "out", name)

    target = tmp_path / "out" / "manifest.tsv"
    process_manifest(tmp_path / "in" / "manifest.tsv", target, process)
    after = {row.micrograph: (row.status, row.reason) for row in read_manifest(target)}
    assert after == {
        "a": (OK, ""),
        "b": (FAILED, "b.tif is empty"),
        "c": (SKIPPED, "no halves"),
        "d": (FAILED, "d has no pixel size"),
    }
    assert list(files_of(target)) == ["a"]


def test_a_note_is_the_reason_of_an_ok_row_and_of_no_other(tmp_path: Path) -> None:
    rows = [ManifestRow(name, f"{name}.mrc", OK, "", "1") for name in ("noted", "plain", "bad")]
    write_manifest(tmp_path / "in" / "manifest.tsv", rows)

    def process(name: str, file: Path) -> Path | Noted:
        if name == "bad":
            raise ValueError("bad is constant")
        path = write(tmp_path / "out", name)
        return Noted(path, "2 pixels were filled") if name == "noted" else path

    target = tmp_path / "out" / "manifest.tsv"
    process_manifest(tmp_path / "in" / "manifest.tsv", target, process)
    after = {row.micrograph: (row.status, row.reason) for row in read_manifest(target)}
    assert after == {
        "noted": (OK, "2 pixels were filled"),
        "plain": (OK, ""),
        "bad": (FAILED, "bad is constant"),
    }
    assert list(files_of(target)) == ["noted", "plain"]


def test_a_partner_has_the_checksum_of_its_own_file_and_shares_what_went_wrong(tmp_path: Path) -> None:
    write(tmp_path / "first", "a")
    partner = write(tmp_path / "second", "a").rename(tmp_path / "second" / "a.star")
    partner.write_text("of its own")
    row = ManifestRow("a", "a.mrc", OK, "a note of the first file", checksum(tmp_path / "first" / "a.mrc"))
    assert partner_row(row, tmp_path / "second", ".star") == ManifestRow(
        "a", "a.star", OK, "", checksum(partner)
    )
    for status in (FAILED, SKIPPED):
        lost = ManifestRow("b", "", status, "b.tif is empty", "")
        assert partner_row(lost, tmp_path / "second", ".star") == lost


def test_a_table_that_is_no_manifest_is_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.tsv").write_text("micrograph\tfile\na\tb\n")
    with pytest.raises(ValueError, match=r"manifest.tsv is no manifest: column 'status' is missing"):
        read_manifest(tmp_path / "manifest.tsv")


def test_frames_are_a_column_where_any_row_has_them(tmp_path):
    rows = [ManifestRow("a", "a.mrc", OK, "", "1", "40"), ManifestRow("b", "", FAILED, "b.tif is empty", "")]
    write_manifest(tmp_path / "manifest.tsv", rows)
    assert read_manifest(tmp_path / "manifest.tsv") == rows
    write_manifest(tmp_path / "manifest.tsv", rows[1:])
    assert "frames" not in (tmp_path / "manifest.tsv").read_text()
    assert read_manifest(tmp_path / "manifest.tsv") == rows[1:]


def test_rows_with_other_numbers_of_frames_than_most_say_so():
    rows = [
        ManifestRow(str(index), "a.mrc", OK, "", "1", frames)
        for index, frames in enumerate(["40", "40", "12", "50", ""])
    ]
    notes = [row.reason for row in with_frames_compared(rows)]
    assert notes == [
        "",
        "",
        "12 frames were summed, of most movies of the batch 40",
        "50 frames were summed, of most movies of the batch 40",
        "",
    ]
    assert with_frames_compared(rows[:2]) == rows[:2]
    noted = with_frames_compared([replace(rows[2], reason="a note"), *rows[:2]])[0]
    assert noted.reason == "a note; 12 frames were summed, of most movies of the batch 40"
