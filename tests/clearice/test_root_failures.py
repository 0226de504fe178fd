"""A failure is told once, at the stage nearest to the data, and counts where the run is judged by it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from clearice.reporting.failures import check_share, failure_table, root_failures
from clearice.reporting.records import (
    COUNTED,
    FAILED,
    FOR_SCORES,
    OK,
    SKIPPED,
    STAGES,
    Record,
    records_by_stage,
)
from clearice.run import batches
from clearice.run.batches import ManifestRow
from clearice.run.places import Place, place_of

PATHS = {
    "sums": "sums/full/b0001",
    "denoised": "denoised/raw/full/b0001",
    "simulated": "simulated/noisy/s0001",
    "noise": "noise/main/b0001",
    "reweighted": "reweighted/main/noisy/s0001",
    "reference_coordinates": "reference_coordinates/s9999",
    "second_exposure": "second_exposure/b0001",
    "regions": "regions/b0001",
    "null": "null/odd/n0001",
    "denoised_for_scores": "denoised/mask_control/full/b0001",
    "picks": "picks/blob/raw/full/b0001",
}


def manifest(path: str) -> Path:
    return Path("results/set", path, "manifest.tsv")


def failure(stage: str, micrograph: str = "m1", reason: str = "cut off", dataset: str = "set") -> Record:
    return Record(stage, Place(dataset, stage), Path("manifest.tsv"), micrograph, FAILED, reason)


def read(path: Path) -> list[ManifestRow]:
    """Read a manifest in which the manifest's own path is the reason."""
    return [ManifestRow("m1", "", FAILED, str(path), "")]


def test_the_statuses_are_those_of_a_manifest() -> None:
    assert (OK, FAILED, SKIPPED) == (batches.OK, batches.FAILED, batches.SKIPPED)


def test_what_later_stages_carry_on_is_dropped_and_what_is_new_is_kept() -> None:
    told = root_failures(
        [
            failure("sums"),
            failure("null"),
            failure("null", micrograph="m2"),
            failure("picks", reason="too small"),
            failure("picks", dataset="other"),
        ]
    )
    assert [(one.stage, one.micrograph, one.place.dataset) for one in told] == [
        ("sums", "m1", "set"),
        ("null", "m2", "set"),
        ("picks", "m1", "set"),
        ("picks", "m1", "other"),
    ]


def test_only_sums_and_denoised_micrographs_count() -> None:
    assert [stage for stage in STAGES if failure(stage).counted] == list(COUNTED)


@pytest.mark.parametrize("stage", STAGES)
def test_a_manifest_belongs_to_the_stage_of_its_folder(stage: str) -> None:
    found = records_by_stage([manifest(PATHS[stage])], ["raw"], read)
    assert list(found) == list(STAGES), "every stage is there, in the order of the data"
    assert [name for name, records in found.items() if records] == [stage]


@pytest.mark.parametrize(
    ("path", "stage"),
    [
        ("denoised/raw/full/b0002", "denoised"),
        ("denoised/raw/full/n0001", FOR_SCORES),
        ("denoised/raw/full/s9999", FOR_SCORES),
        ("denoised/other/full/b0001", FOR_SCORES),
    ],
)
def test_denoised_real_micrographs_of_the_runs_methods_count_and_no_others(path: str, stage: str) -> None:
    assert records_by_stage([manifest(path)], ["raw"], read)[stage]


def test_the_order_is_that_of_the_stages_and_within_one_that_which_is_given() -> None:
    given = [*PATHS.values(), "denoised/raw/full/b0002", "picks/blob/raw/full/b0002"]
    random.Random(5).shuffle(given)
    found = records_by_stage([manifest(path) for path in given], ["raw"], read)
    order = [
        str(manifest(path))
        for stage in STAGES
        for path in sorted(given, key=given.index)
        if path == PATHS[stage] or (path.split("/")[0] == stage and path not in PATHS.values())
    ]
    assert [one.reason for records in found.values() for one in records] == order
    rows = failure_table(found)
    assert [row["manifest"] for row in rows] == order, (
        "no reason is the same, so all are told, the counted first"
    )


@pytest.mark.parametrize(
    "path", ["models/coarse/main.tsv", "particles/blob/raw/b0001", "figures/previews/raw/full/b0001"]
)
def test_a_manifest_of_another_stage_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is of the stage .* leave it out"):
        records_by_stage([manifest(path)], ["raw"], read)


@pytest.mark.parametrize("share", [0.0, 0.49, 0.5, 1.0])
@pytest.mark.parametrize("stage", STAGES)
def test_more_failures_than_are_allowed_end_the_run_where_they_count(stage: str, share: float) -> None:
    place = place_of(manifest(PATHS[stage]))
    half = [Record(stage, place, manifest(PATHS[stage]), "m1", status, "cut off") for status in (FAILED, OK)]
    if stage in COUNTED and share < 0.5:
        with pytest.raises(ValueError, match=f"1 of 2 micrographs failed in {stage}, more than .* cut off"):
            check_share(half, share)
    else:
        check_share(half, share)
