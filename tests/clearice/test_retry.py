"""A retry forgets the batches in which micrographs failed first, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearice.run.batches import FAILED, OK, ManifestRow, write_manifest
from clearice.run.retry import retry


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


def test_the_same_failure_in_another_batch_or_dataset_is_a_failure_of_its_own(tmp_path: Path) -> None:
    failed = [ManifestRow("a", "", FAILED, "a.tif is empty", "")]
    folders = ["set/sums/full/b0001", "set/picks/blob/raw/full/b0002", "noise/regions/b0001"]
    manifests = {tmp_path / folder / "manifest.tsv" for folder in folders}
    for manifest in manifests:
        write_manifest(manifest, failed)
    carried = tmp_path / "set/noise/main/b0001/manifest.tsv"
    write_manifest(carried, failed)
    assert set(retry(tmp_path, None, dry_run=False)) == manifests
    assert carried.exists()


def test_a_manifest_that_no_step_has_written_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "set/my_own/b0001/manifest.tsv"
    write_manifest(mine, [ManifestRow("a", "", FAILED, "a.tif is empty", "")])
    assert not retry(tmp_path, None, dry_run=False)
    assert mine.exists()
