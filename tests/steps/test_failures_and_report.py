"""The list of failures and the page on manifests of every stage: what counts, what is told once, what must be known."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from check_failures import check_failures
from clearice.config.reporting import ReportSettings
from clearice.evaluation.null_test import OF_FREE_BOXES, OF_WHOLE_FIELD
from clearice.files.documents import read_json, write_json
from clearice.files.tables import read_table, write_table
from clearice.picking.records import BY_PICKER, BY_RATE, SUMMARY_COLUMNS
from clearice.reporting.summary import Summary
from clearice.run.batches import FAILED, OK, SKIPPED, ManifestRow, write_manifest
from clearice.training.pairs import BIAS
from list_failures import list_failures
from write_provenance import write_provenance
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


def flat(manifests: dict[str, list[Path]]) -> list[Path]:
    """List the manifests of all stages, the last stage first."""
    return [path for paths in reversed(manifests.values()) for path in paths]


def listed(manifests: dict[str, list[Path]], tmp_path: Path) -> list[dict[str, str]]:
    """List the failures; what is listed must not depend on whether the gate lets them pass."""
    list_failures(manifests=flat(manifests), table=tmp_path / "failures.tsv", run_methods=["raw"])
    return read_table(tmp_path / "failures.tsv")


def counted(manifests: dict[str, list[Path]], tmp_path: Path, **changes: Any) -> dict[str, list[str]]:
    """Pass the gate, and give the numbers of rows that are ok, failed and skipped, by stage."""
    values = {"sum_settings": [], "expected": {}, "max_failed_fraction": 0.6} | changes
    check_failures(manifests=flat(manifests), counts=tmp_path / "counts.tsv", run_methods=["raw"], **values)
    return {
        row["stage"]: [row["ok"], row["failed"], row["skipped"]]
        for row in read_table(tmp_path / "counts.tsv")
    }


@pytest.mark.parametrize("stage", UNCOUNTED)
def test_what_fails_in_any_stage_is_listed_and_does_not_end_the_run(
    stage: str, manifests: dict[str, list[Path]], tmp_path: Path
) -> None:
    write_manifest(manifests[stage][0], [bad("too small")])
    assert counted(manifests, tmp_path)[stage] == ["0", "1", "0"]
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
    write_manifest(manifests[stage][0], [GOOD, bad("cut off"), bad("cut off", "m3")])
    with pytest.raises(
        ValueError, match=f"2 of 3 micrographs failed in {stage}, more than .* all are listed in it"
    ):
        counted(manifests, tmp_path, failures=Path("it"))
    assert not (tmp_path / "counts.tsv").exists(), "or the target would count as made"
    assert [row["micrograph"] for row in listed(manifests, tmp_path)] == ["m2", "m3"]


@pytest.mark.parametrize("stage", ["sums", "denoised", "picks"])
def test_a_dataset_of_which_nothing_is_left_ends_the_run_whatever_share_may_fail(
    stage: str, manifests: dict[str, list[Path]], tmp_path: Path
) -> None:
    other = tmp_path / "results/other" / PLACES[stage] / "manifest.tsv"
    write_manifest(other, [GOOD, *(bad("cut off", f"m{number}") for number in range(9))])
    manifests[stage].append(other)
    write_manifest(manifests[stage][0], [bad("cut off"), ManifestRow("m3", "", SKIPPED, "no halves", "")])
    with pytest.raises(ValueError, match=f"all 1 micrographs of dataset set failed in {stage}.* cut off"):
        counted(manifests, tmp_path, max_failed_fraction=1.0, own_stage="picks")


def test_what_is_skipped_is_no_failure(manifests: dict[str, list[Path]], tmp_path: Path) -> None:
    write_manifest(manifests["sums"][0], [ManifestRow("m1", "", SKIPPED, "no halves", "")])
    assert counted(manifests, tmp_path, max_failed_fraction=0.0)["sums"] == ["0", "0", "1"]


def test_a_failure_of_the_sums_is_not_told_again_by_what_only_carries_it_on(
    manifests: dict[str, list[Path]], tmp_path: Path
) -> None:
    for stage in PLACES:
        write_manifest(manifests[stage][0], [GOOD, bad("cut off")])
    write_manifest(manifests["picks"][0], [bad("cut off"), bad("too small", "m1")])
    found = [(row["stage"], row["micrograph"], row["counted"]) for row in listed(manifests, tmp_path)]
    assert found == [("sums", "m2", "yes"), ("denoised", "m2", "yes"), ("picks", "m1", "no")]


@pytest.mark.parametrize(("made", "wanted"), [("gain.mrc", "./gain.mrc"), (None, None)])
def test_sums_made_with_the_settings_of_the_table_pass(
    made: str | None, wanted: str | None, manifests: dict[str, list[Path]], tmp_path: Path
) -> None:
    settings = manifests["sums"][0].with_name("settings.json")
    write_json(settings, {"gain": made})
    assert counted(manifests, tmp_path, sum_settings=[settings], expected={"set": {"gain": wanted}})


def test_sums_made_with_other_settings_than_their_datasets_are_refused(
    manifests: dict[str, list[Path]], tmp_path: Path
) -> None:
    settings = manifests["sums"][0].with_name("settings.json")
    write_json(settings, {"first_frame": 1})
    expected = {"set": {"first_frame": 3}, "other": {"first_frame": 1}}
    with pytest.raises(ValueError, match="made with first_frame 1, but the datasets table says 3"):
        counted(manifests, tmp_path, sum_settings=[settings], expected=expected)


def page_of(
    manifests: dict[str, list[Path]],
    tmp_path: Path,
    summary: list[Summary],
    pairings: dict[str, str] | None = None,
    previews: Sequence[Path] = (),
    left_out: dict[str, list[str]] | None = None,
    picks: Sequence[Path] = (),
) -> str:
    """Write the report of one dataset."""
    settings: dict[str, Any] = {
        "seed": 1,
        "quality": "quick",
        "run": {"methods": ["raw"]},
        "methods": {"raw": {"kind": "raw"}, "mask_control": {"kind": "mask_control", "sigma_px": 5}},
        "previews": {"reference_resolution_A": 20},
        "picking": {"fdr": 0.05},
    }
    provenance = {"versions": {"clearice": "1"}, "settings": settings, "taken": {}, "sha256": {}}
    write_json(tmp_path / "provenance.json", {**provenance, "left_out": left_out or {}})
    scores = tmp_path / "results/set/scores/summary.tsv"
    write_table(scores, [vars(row) for row in summary], list(Summary.__dataclass_fields__))
    write_report(
        manifests=flat(manifests),
        previews=list(previews),
        scores=[scores],
        picks=list(picks),
        provenance=tmp_path / "provenance.json",
        page=tmp_path / "page.html",
        settings=ReportSettings(
            in_report=1,
            run_methods=["raw"],
            shown_methods=["raw", "mask_control"],
            reference="raw",
            pairings=pairings or {},
        ),
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


def test_the_page_shows_gain_and_n_and_names_the_mask_control_though_the_run_does_not(
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


def test_notes_that_differ_in_numbers_stand_in_one_line(
    manifests: dict[str, list[Path]], tmp_path: Path
) -> None:
    reasons = [
        "12 bad pixels were found and filled (1 column)",
        "",
        "700 bad pixels were found and filled (2 rows)",
        "3 frames were summed",
    ]
    rows = [
        ManifestRow(f"m{number}", "m.mrc", OK, reason, "0", "40") for number, reason in enumerate(reasons)
    ]
    write_manifest(manifests["sums"][0], rows)
    page = page_of(manifests, tmp_path, [])
    assert (
        "<li>set, full, m0 and 1 more, each with its numbers: 12 bad pixels were found and filled (1 column)</li>"
        in page
    )
    assert "<li>set, full, m3: 3 frames were summed</li>" in page and "700 bad" not in page


def test_the_page_says_how_many_picks_are_false_and_where_nobody_knows(
    manifests: dict[str, list[Path]], tmp_path: Path
) -> None:
    tables = []
    for picker, rule, known in (
        ("blob", BY_RATE, ("1.5", "3", "7", "2")),
        ("mean_shift", BY_PICKER, ("", "", "", "")),
    ):
        path = tmp_path / f"results/set/picks/{picker}/raw/full/b0001/summary.tsv"
        rows = [(name, 10, 10, 4, 1.0, 50, 40, picker, rule, *known) for name in ("m1", "m2")]
        write_table(path, [dict(zip(SUMMARY_COLUMNS, row, strict=True)) for row in rows], SUMMARY_COLUMNS)
        tables.append(path)
    page = html.unescape(page_of(manifests, tmp_path, [], picks=tables))
    row = "<td>set</td><td>full</td><td>{}</td><td>raw</td><td>2</td><td>80</td><td>{}</td><td>{}</td><td>{}</td>"
    assert row.format("blob", "3.0 (at most 6.0)", "7 in 2 noise fields", BY_RATE) in page
    assert row.format("mean_shift", "unknown", "", BY_PICKER) in page
    assert "about 5 % of them are noise" in page and "The rate covers\nnoise only" in page


def test_a_page_without_picks_says_nothing_of_them(manifests: dict[str, list[Path]], tmp_path: Path) -> None:
    assert "Picks, and how many are false" not in page_of(manifests, tmp_path, [])


@pytest.mark.parametrize("pairing", BIAS)
def test_the_page_tells_the_bias_of_every_shown_method_that_chooses_its_pairs(
    pairing: str, manifests: dict[str, list[Path]], tmp_path: Path
) -> None:
    page = html.unescape(page_of(manifests, tmp_path, [], pairings={"raw": pairing, "not_shown": pairing}))
    assert f"<li>method raw learns from pairs of the kind {pairing}: {BIAS[pairing]}</li>" in page
    assert page.count("learns from pairs") == 1


def test_pictures_stand_under_the_names_their_folders_give(
    manifests: dict[str, list[Path]], tmp_path: Path
) -> None:
    folder = tmp_path / "results/set/figures/previews/lowpass/odd/b0001"
    write_manifest(folder / "manifest.tsv", [ManifestRow("m1", "m1.png", OK, "", "0")])
    (folder / "m1.png").write_bytes(b"field")
    (folder / "m1_detail.png").write_bytes(b"detail")
    page = page_of(manifests, tmp_path, [], previews=[folder / "manifest.tsv"])
    assert "<h3>set: m1 (odd frames)</h3>" in page
    for name, picture in (("whole field", b"field"), ("detail", b"detail")):
        data = base64.b64encode(picture).decode()
        assert f'<img src="data:image/png;base64,{data}" alt="lowpass, {name}">' in page


def test_the_page_says_what_a_network_was_trained_without(
    manifests: dict[str, list[Path]], tmp_path: Path
) -> None:
    lines = [f"m{number}: blank" for number in range(7)]
    page = html.unescape(page_of(manifests, tmp_path, [], left_out={"results/set/models/n.pt": lines}))
    assert "network results/set/models/n.pt was trained without 7 of its images: m0: blank; m1: blank" in page
    assert "m4: blank; and 2 more, in the table beside it" in page
    assert "m5: blank" not in page
    assert "trained without" not in page_of(manifests, tmp_path, [])


def test_the_record_of_a_run_holds_what_its_networks_were_trained_without(tmp_path: Path) -> None:
    models = [tmp_path / "main.pt", tmp_path / "own.pt"]
    for model, note in zip(models, ["m1: blank | m2: tiny", ""], strict=True):
        model.write_bytes(b"network")
        write_table(model.with_suffix(".tsv"), [{"step": 0, "note": note}], ["step", "note"])
    write_provenance(
        manifests=[],
        models=models,
        provenance=tmp_path / "provenance.json",
        settings={},
        datasets={},
        taken={},
        steps={},
    )
    assert read_json(tmp_path / "provenance.json")["left_out"] == {
        models[0].as_posix(): ["m1: blank", "m2: tiny"]
    }
