"""Which files a batch of sums depends on: missing ones stop nothing, removed ones lose nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearice.run.batches import FAILED, OK, ManifestRow, write_manifest
from clearice.run.plan import sources_of_batch
from clearice.run.retry import retry

EMPTY = {"movie": "", "even": "", "odd": "", "single": ""}


@pytest.fixture
def rows(tmp_path: Path) -> list[dict[str, str]]:
    """Two movies on disk, and the sums of the first of them made; the second failed."""
    folder = tmp_path / "results" / "films" / "sums" / "full" / "b0001"
    folder.mkdir(parents=True)
    (folder / "a.mrc").write_text("a sum")
    made = [ManifestRow("a", "a.mrc", OK, "", "1"), ManifestRow("b", "", FAILED, "b.tif is empty", "")]
    write_manifest(folder / "manifest.tsv", made)
    for name in "ab":
        (tmp_path / f"{name}.tif").write_text(name)
    return [
        {"dataset": "films", "micrograph": name, **EMPTY, "movie": str(tmp_path / f"{name}.tif")}
        for name in "ab"
    ]


def sources(tmp_path: Path, rows: list[dict[str, str]], *shared: str) -> set[str]:
    manifest = tmp_path / "results" / "films" / "sums" / "full" / "b0001" / "manifest.tsv"
    return {Path(path).name for path in sources_of_batch(rows, manifest, shared)}


def test_all_movies_that_exist_are_sources(tmp_path: Path, rows: list[dict[str, str]]) -> None:
    assert sources(tmp_path, rows) == {"a.tif", "b.tif"}


def test_a_movie_that_never_was_is_no_source(tmp_path: Path, rows: list[dict[str, str]]) -> None:
    (tmp_path / "b.tif").unlink()
    assert sources(tmp_path, rows) == {"a.tif"}


def test_a_movie_removed_after_its_sums_were_made_stays_a_source(
    tmp_path: Path, rows: list[dict[str, str]]
) -> None:
    (tmp_path / "a.tif").unlink()
    assert sources(tmp_path, rows) == {"a.tif", "b.tif"}


def test_a_retry_never_forgets_that_good_sums_have_lost_their_movie(
    tmp_path: Path, rows: list[dict[str, str]]
) -> None:
    """Or Snakemake would clear the folder with the good sums, and could not make them again."""
    (tmp_path / "a.tif").unlink()
    assert retry(tmp_path / "results", None, dry_run=False)
    assert sources(tmp_path, rows) == {"a.tif", "b.tif"}


def test_a_gain_that_is_missing_from_the_start_does_not_stop_the_plan(
    tmp_path: Path, rows: list[dict[str, str]]
) -> None:
    (tmp_path / "gain.mrc").write_text("gain")
    assert "gain.mrc" in sources(tmp_path, rows, str(tmp_path / "gain.mrc"))
