"""A bad micrograph becomes a row of the manifest and stops nothing."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from clearice.run.batches import (
    FAILED,
    OK,
    SKIPPED,
    ManifestRow,
    Skip,
    checksum,
    files_of,
    process_manifest,
    process_rows,
    read_manifest,
    retry,
    write_manifest,
)


def write(folder: Path, name: str) -> Path:
    path = folder / f"{name}.mrc"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(name)
    return path


def test_one_bad_micrograph_never_stops_the_others(tmp_path: Path) -> None:
    def treat(name: str) -> Path:
        if name == "bad":
            raise ValueError("bad.tif ends after 3 of 8 frames;\n copy it again")
        if name == "gone":
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", "gone.tif")
        if name == "alone":
            raise Skip("alone.mrc has no halves")
        return write(tmp_path, name)

    rows = process_rows(["a", "bad", "gone", "alone", "b"], tmp_path, treat)
    assert [row.status for row in rows] == [OK, FAILED, FAILED, SKIPPED, OK]
    assert rows[1].reason == "bad.tif ends after 3 of 8 frames; copy it again"
    assert "gone.tif" in rows[2].reason
    assert rows[0] == ManifestRow("a", "a.mrc", OK, "", checksum(tmp_path / "a.mrc"))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_full_disk_ends_the_job_since_it_is_no_micrographs_fault(tmp_path: Path, number: int) -> None:
    def treat(name: str) -> Path:
        raise OSError(number, "no room")

    with pytest.raises(OSError, match="no room"):
        process_rows(["a"], tmp_path, treat)


def test_a_mistake_in_our_code_is_not_hidden_as_a_bad_micrograph(tmp_path: Path) -> None:
    def treat(name: str) -> Path:
        raise TypeError("a bug")

    with pytest.raises(TypeError):
        process_rows(["a"], tmp_path, treat)


def test_failures_are_carried_to_the_next_stage_with_their_reason(tmp_path: Path) -> None:
    rows = [
        ManifestRow("a", "a.mrc", OK, "", "1"),
        ManifestRow("b", "", FAILED, "b.tif is empty", ""),
        ManifestRow("c", "", SKIPPED, "no halves", ""),
        ManifestRow("d", "d.mrc", OK, "", "2"),
    ]
    write_manifest(tmp_path / "in" / "manifest.tsv", rows)

    def treat(name: str, file: Path) -> Path:
        assert file == tmp_path / "in" / f"{name}.mrc"
        if name == "d":
            raise ValueError("d has no pixel size")
        return write(tmp_path / "out", name)

    target = tmp_path / "out" / "manifest.tsv"
    process_manifest(tmp_path / "in" / "manifest.tsv", target, treat)
    after = {row.micrograph: (row.status, row.reason) for row in read_manifest(target)}
    assert after == {
        "a": (OK, ""),
        "b": (FAILED, "b.tif is empty"),
        "c": (SKIPPED, "no halves"),
        "d": (FAILED, "d has no pixel size"),
    }
    assert list(files_of(target)) == ["a"]


def test_a_table_that_is_no_manifest_is_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.tsv").write_text("micrograph\tfile\na\tb\n")
    with pytest.raises(ValueError, match=r"manifest.tsv is no manifest: column 'status' is missing"):
        read_manifest(tmp_path / "manifest.tsv")


def test_retry_forgets_only_the_stage_where_a_micrograph_failed_first(tmp_path: Path) -> None:
    results = tmp_path / "results"
    ok = [ManifestRow("a", "a.mrc", OK, "", "1")]
    of_sums = [*ok, ManifestRow("b", "", FAILED, "b.tif is empty", "")]
    of_filter = [ManifestRow("a", "", FAILED, "a has no pixel size", "")]
    folders = {"sums/full/b0001": of_sums, "denoised/raw/full/b0001": of_sums, "denoised/lowpass/full/b0002": of_filter,
               "sums/full/b0002": ok}  # fmt: skip
    for folder, rows in folders.items():
        write_manifest(results / "set" / folder / "manifest.tsv", rows)
    expected = {
        results / "set" / "sums/full/b0001/manifest.tsv",
        results / "set" / "denoised/lowpass/full/b0002/manifest.tsv",
    }
    assert set(retry(results, "set", dry_run=True)) == expected
    assert all(path.exists() for path in expected)
    assert set(retry(results, None, dry_run=False)) == expected
    assert not any(path.exists() for path in expected)
    assert (results / "set" / "denoised/raw/full/b0001/manifest.tsv").exists()


def test_retry_of_a_dataset_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no folder"):
        retry(tmp_path, "nothing", dry_run=True)
