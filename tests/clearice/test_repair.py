"""Files behind a manifest that are missing or changed are found; sums whose movies are gone are left alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clearice.run.batches import FAILED, OK, ManifestRow, checksum, read_manifest, write_manifest
from clearice.run.products import Products
from clearice.run.repair import Comparison, Repairs
from clearice.run.retry import retry
from clearice.run.targets import Targets
from support.plan import plan_of, shipped_config

SUMS = Path("results/films/sums/full/b0001/manifest.tsv")
DENOISED = Path("results/films/denoised/gaussian/full/b0001/manifest.tsv")
WRITTEN = 1_000_000.0


def make(manifest: Path) -> None:
    """Make a batch of two micrographs, and a third that failed, at one time."""
    manifest.parent.mkdir(parents=True)
    rows = [ManifestRow("m3", "", FAILED, "cut off", "")]
    for name in ("m10", "m11"):
        file = manifest.parent / f"{name}.mrc"
        file.write_text(f"image {name}")
        rows.append(ManifestRow(name, file.name, OK, "", checksum(file)))
    write_manifest(manifest, rows)
    for path in manifest.parent.iterdir():
        os.utime(path, (WRITTEN, WRITTEN))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("m10.tif", "m11.tif"):
        Path(name).write_text("a movie")
    for manifest in (SUMS, DENOISED):
        make(manifest)


def repairs(*manifests: Path) -> Repairs:
    return Repairs(plan_of(shipped_config(), batches=1), map(str, manifests or (SUMS, DENOISED)))


def test_batches_that_lie_as_they_were_written_are_left_alone() -> None:
    found = repairs()
    assert found.manifests == [] and found.doubts == []


def test_a_missing_file_has_its_batch_made_again() -> None:
    (DENOISED.parent / "m11.mrc").unlink()
    found = repairs()
    assert found.manifests == [str(DENOISED)]
    assert "gaussian/full/b0001: m11.mrc is missing or changed" in found.doubts[0]


@pytest.mark.parametrize(("text", "changed"), [("another image", True), ("image m10", False)])
def test_a_newer_file_counts_by_its_content(text: str, changed: bool) -> None:
    (DENOISED.parent / "m10.mrc").write_text(text)
    assert bool(repairs().manifests) == changed


def test_a_link_that_leads_nowhere_is_missing_and_one_to_a_newer_file_is_not() -> None:
    linked = DENOISED.parent / "m10.mrc"
    linked.unlink()
    linked.symlink_to(Path("other.mrc").absolute())
    assert repairs(DENOISED).manifests == [str(DENOISED)]
    Path("other.mrc").write_text("newer")
    assert repairs(DENOISED).manifests == []


def test_no_more_is_read_than_is_allowed_and_that_is_told() -> None:
    (DENOISED.parent / "m10.mrc").write_text("another image")
    comparison = Comparison(most_bytes=3)
    assert comparison.changed_behind(DENOISED) == [] and comparison.not_compared == 1


def test_a_manifest_that_cannot_be_read_counts_as_changed() -> None:
    DENOISED.write_text("micrograph\tfile\nm10\tm10.mrc\n")
    assert repairs().manifests == [str(DENOISED)]


def test_sums_are_not_made_again_while_a_movie_of_their_batch_is_gone() -> None:
    """Snakemake would clear the folder, with the sums that cannot be made again."""
    (SUMS.parent / "m10.mrc").unlink()
    Path("m11.tif").unlink()
    found = repairs()
    assert found.manifests == []
    assert (
        "m10.mrc is missing or changed, but the batch is not made again, because m11.tif is gone"
        in found.doubts[0]
    )


def test_halves_that_lie_no_longer_beside_their_sums_are_made_again() -> None:
    even = Path("results/films/sums/even/b0001/manifest.tsv")
    assert repairs(even).manifests == [str(even)]


def test_what_was_never_made_is_none_of_this() -> None:
    assert repairs(Path("results/films/sums/full/b0002/manifest.tsv")).manifests == []


def test_what_a_network_has_learned_from_may_be_cleared_away_once_it_is_made() -> None:
    plan = plan_of(shipped_config(run={"methods": ["raw", "coarse"]}))
    products = Products(plan)
    targets = Targets(plan, products)
    learned = products.learned_from("simulated")
    assert set(learned) <= set(targets.repairable(learned))
    (network,) = map(Path, products.networks())
    network.parent.mkdir(parents=True)
    network.touch()
    for path in map(Path, learned):
        path.parent.mkdir(parents=True)
        path.touch()
    assert targets.repairable([*learned, str(SUMS)]) == [
        str(SUMS).replace("full", part) for part in ("full", "even", "odd")
    ]


def test_retry_compares_every_file_on_demand() -> None:
    file = DENOISED.parent / "m10.mrc"
    file.write_text("another image")
    os.utime(file, (WRITTEN, WRITTEN))
    assert repairs().manifests == [], "its date says nothing"
    write_manifest(SUMS, [row for row in read_manifest(SUMS) if row.status == OK])
    write_manifest(DENOISED, [row for row in read_manifest(DENOISED) if row.status == OK])
    assert retry(Path("results"), None, dry_run=True) == {}
    found = retry(Path("results"), None, dry_run=False, compare=True)
    assert {path: [row.reason for row in rows] for path, rows in found.items()} == {
        DENOISED: ["m10.mrc is missing or changed"]
    }
    assert not DENOISED.exists() and SUMS.exists()
