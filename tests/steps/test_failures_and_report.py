"""The list of failures and the page on manifests of every stage: what counts, what is told once, what must be known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from check_failures import check_failures
from clearice.evaluation.null_test import OF_FREE_BOXES, OF_WHOLE_FIELD
from clearice.files.documents import write_json
from clearice.files.tables import read_table, write_table
from clearice.reporting.summary import Summary
from clearice.run.batches import FAILED, OK, ManifestRow, write_manifest
from write_report import write_report

PLACES = {
    "sums": "sums/full/b0001",
    "denoised": "denoised/raw/full/b0001",
    "simulated": "simulated/noisy/s0001",
    "noise": "noise/main/b0001",
    "reweighted": "reweighted/main/noisy/s0001",
    "reference_coordinates": "reference_coordinates/b0001",
    "second_exposure": "second_exposure/b0001",
    "regions": "regions/b0001",
    "null": "null/full/n0001",
    "denoised_for_scores": "denoised/mask_control/full/b0001",
    "picks": "picks/blob/raw/full/b0001",
}
UNCOUNTED = [stage for stage in PLACES if stage not in {"sums", "denoised"}]
GOOD = ManifestRow("m1", "m1.mrc", OK, "", "0")


def bad(reason: str, micrograph: str = "m2") -> ManifestRow:
    return ManifestRow(micrograph, "", FAILED, reason, "")


@pytest.fixture
def manifests(tmp_path: Path) -> dict[str, list[Path]]:
    """One manifest of every stage, of one micrograph that is well."""
    found = {stage: [tmp_path / "results/set" / place / "manifest.tsv"] for stage, place in PLACES.items()}
    for paths in found.values():
        write_manifest(paths[0], [GOOD])
    return found


def listed(manifests: dict[str, list[Path]], tmp_path: Path) -> list[dict[str, str]]:
    check_failures(
        **manifests, settings=[], table=tmp_path / "failures.tsv", expected={}, max_failed_fraction=0.6
    )
    return read_table(tmp_path / "failures.tsv")


@pytest.mark.parametrize("stage", UNCOUNTED)
def test_what_fails_in_any_stage_is_listed_and_does_not_end_the_run(
    stage: str, manifests: dict[str, list[Path]], tmp_path: Path
) -> None:
    write_manifest(manifests[stage][0], [bad("too small")])
    (row,) = listed(manifests, tmp_path)
    assert (row["stage"], row["micrograph"], row["reason"], row["counted"]) == (
        stage,
        "m2",
        "too small",
        "no",
    )
    assert row["manifest"] == str(manifests[stage][0])


@pytest.mark.parametrize("stage", ["sums", "denoised"])
def test_too_many_failed_sums_or_denoised_micrographs_end_the_run(
    stage: str, manifests: dict[str, list[Path]], tmp_path: Path
) -> None:
    write_manifest(manifests[stage][0], [bad("cut off")])
    with pytest.raises(ValueError, match=f"1 of 1 micrographs failed in {stage}, more than .* cut off"):
        listed(manifests, tmp_path)


def test_a_failure_of_the_sums_is_not_told_again_by_what_only_carries_it_on(
    manifests: dict[str, list[Path]], tmp_path: Path
) -> None:
    for stage in PLACES:
        write_manifest(manifests[stage][0], [GOOD, bad("cut off")])
    write_manifest(manifests["picks"][0], [bad("cut off"), bad("too small", "m1")])
    found = [(row["stage"], row["micrograph"], row["counted"]) for row in listed(manifests, tmp_path)]
    assert found == [("sums", "m2", "yes"), ("denoised", "m2", "yes"), ("picks", "m1", "no")]


def page_of(manifests: dict[str, list[Path]], tmp_path: Path, summary: list[Summary]) -> str:
    """Write the report of one dataset."""
    settings: dict[str, Any] = {
        "seed": 1,
        "run": {"methods": ["raw"]},
        "methods": {"raw": {"kind": "raw"}, "mask_control": {"kind": "mask_control", "sigma_px": 5}},
        "noise2noise": {"pairing": "noise2noise"},
        "previews": {"reference_resolution_A": 20},
    }
    write_json(
        tmp_path / "provenance.json", {"versions": {"clearice": "1"}, "settings": settings, "sha256": {}}
    )
    scores = tmp_path / "results/set/scores/summary.tsv"
    write_table(scores, [vars(row) for row in summary], list(Summary.__dataclass_fields__))
    write_report(
        **manifests,
        previews=[],
        scores=[scores],
        provenance=tmp_path / "provenance.json",
        page=tmp_path / "page.html",
        micrographs_shown=0,
        methods=["raw", "mask_control"],
        reference="raw",
    )
    return (tmp_path / "page.html").read_text()


def line(method: str, metric: str, count: int, part: str = "full") -> Summary:
    return Summary(method, part, metric, count, 1.5, 0.1, 0.25, 0.05, count)


def test_the_page_tells_every_failure_once_and_whether_it_counts(
    manifests: dict[str, list[Path]], tmp_path: Path
) -> None:
    write_manifest(manifests["sums"][0], [GOOD, bad("cut off")])
    write_manifest(manifests["denoised"][0], [GOOD, bad("cut off")])
    write_manifest(manifests["regions"][0], [bad("too crowded")])
    page = page_of(manifests, tmp_path, [])
    assert page.count("cut off") == page.count("too crowded") == 1
    assert "<td>m2</td><td>sums: full</td><td>yes</td><td>cut off</td>" in page
    assert "<td>m2</td><td>regions</td><td>no</td><td>too crowded</td>" in page


@pytest.mark.parametrize(("whole", "free"), [(1, 2), (3, 0), (0, 3)])
def test_the_page_says_how_many_nulls_come_from_the_whole_field(
    whole: int, free: int, manifests: dict[str, list[Path]], tmp_path: Path
) -> None:
    reasons = [f"{OF_WHOLE_FIELD}: no coordinates"] * whole + [f"{OF_FREE_BOXES} (9)"] * free
    rows = [ManifestRow(f"m{number}", "m.mrc", OK, reason, "0") for number, reason in enumerate(reasons)]
    write_manifest(manifests["null"][0], rows)
    page = page_of(manifests, tmp_path, [line("raw", "null_sd", 3), line("raw", "truth_r", 3, "simulated")])
    assert page.count(f"Null test: {whole} of 3 noise fields have the {OF_WHOLE_FIELD}") == (whole > 0)
    assert ("that of the others that of their particle-free boxes" in page) == (whole > 0 and free > 0)


def test_the_page_shows_gain_and_n_and_names_the_cheat_though_the_run_does_not(
    manifests: dict[str, list[Path]], tmp_path: Path
) -> None:
    lines = [
        line("raw", "null_sd", 4),
        line("mask_control", "null_sd", 4),
        line("mask_control", "eq5_snr_dB", 3),
    ]
    page = page_of(manifests, tmp_path, lines)
    assert "1.5 ± 0.1<br><small>+0.25 ± 0.05; n 4</small>" in page
    assert "1.5 ± 0.1<br><small>+0.25 ± 0.05; n 3 of 4</small>" in page
    assert "<td>mask_control</td><td>mask_control</td>" in page


def test_a_field_without_pairs_of_regions_is_named_unless_it_is_simulated(
    manifests: dict[str, list[Path]], tmp_path: Path
) -> None:
    simulated = manifests["regions"][0].parents[1] / "s9999/manifest.tsv"
    manifests["regions"].append(simulated)
    write_manifest(manifests["regions"][0], [ManifestRow("m1", "m1.json", OK, "no SNR: crowded", "0")])
    write_manifest(simulated, [ManifestRow("s1", "s1.json", OK, "no SNR: empty", "0")])
    page = page_of(manifests, tmp_path, [])
    assert "<li>set, regions, m1: no SNR: crowded</li>" in page and "no SNR: empty" not in page
