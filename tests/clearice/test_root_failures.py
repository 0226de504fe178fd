"""A failure is told once, at the stage nearest to the data, with the dataset it belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearice.reporting.failures import Failure, place_of, root_failures


def failure(stage: str, micrograph: str = "m1", reason: str = "cut off", dataset: str = "set") -> Failure:
    return Failure(dataset, "", stage, Path("manifest.tsv"), micrograph, reason)


@pytest.mark.parametrize(
    ("stage", "path", "name"),
    [
        ("sums", "sums/even/b0001", "even"),
        ("denoised", "denoised/nt2c/full/b0001", "nt2c/full"),
        ("denoised_for_scores", "denoised/mask_control/full/n0001", "mask_control/full"),
        ("simulated", "simulated/noisy/s0001", "noisy"),
        ("noise", "noise/main/b0001", "main"),
        ("reweighted", "reweighted/main/noisy/s0001", "main/noisy"),
        ("reference_coordinates", "reference_coordinates/s9999", ""),
        ("second_exposure", "second_exposure/b0001", ""),
        ("regions", "regions/b0001", ""),
        ("null", "null/odd/n0001", "odd"),
        ("picks", "picks/blob/raw/full/b0001", "blob/raw/full"),
    ],
)
@pytest.mark.parametrize("dataset", ["set", "noise", "picks"])
def test_a_manifest_is_placed_by_its_folders(stage: str, path: str, name: str, dataset: str) -> None:
    assert place_of(stage, Path("results", dataset, path, "manifest.tsv")) == (dataset, name)


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
    assert [(one.stage, one.micrograph, one.dataset) for one in told] == [
        ("sums", "m1", "set"),
        ("null", "m2", "set"),
        ("picks", "m1", "set"),
        ("picks", "m1", "other"),
    ]


def test_only_sums_and_denoised_micrographs_count() -> None:
    assert [failure(stage).counted for stage in ("sums", "denoised", "denoised_for_scores", "picks")] == [
        True,
        True,
        False,
        False,
    ]
