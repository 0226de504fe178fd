"""The steps of evaluation and picking on files, one after the other as the rules run them."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from clearice.config.tables import ExposureSettings
from clearice.evaluation.null_test import OF_FREE_BOXES, OF_PATCHES, OF_PHASES, OF_WHOLE_FIELD
from clearice.files.coordinates import Coordinates, read_coordinates, write_box
from clearice.files.mrc import VIEWING_ONLY, read_micrograph, write_micrograph
from clearice.files.regions import read_regions
from clearice.files.stacks import read_stack
from clearice.files.star import read_star
from clearice.files.tables import read_table, write_table
from clearice.picking.records import BY_PICKER
from clearice.run.batches import ManifestRow, files_of, read_manifest, write_manifest
from import_exposures import import_exposures
from pick_particles import CANDIDATE_COLUMNS, SUMMARY_COLUMNS
from summarise_scores import summarise_scores
from support.scored_batch import (
    NAMES,
    PIXEL_SIZE_A,
    SHAPE,
    Batch,
    centres,
    coloured_noise,
    crowded_centres,
    noise,
    scene,
    textured_scene,
    values,
    write_batch,
)


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    return Batch(tmp_path)


def test_known_coordinates_of_any_format_become_star_and_a_missing_file_is_skipped(batch: Batch) -> None:
    (batch.folder / "marks/m2.csv").unlink()
    write_box(batch.folder / "marks/m2.box", Coordinates(centres("m2"), np.full(6, np.nan)), 32)
    manifest = batch.known()
    assert [row.status for row in read_manifest(manifest)] == ["ok", "ok", "skipped"]
    for name, file in files_of(manifest).items():
        assert read_coordinates(file, SHAPE, name).centres == pytest.approx(centres(name), abs=0.5)


def test_two_files_of_one_micrograph_fail_that_micrograph_only(batch: Batch) -> None:
    (batch.folder / "marks/m1.txt").write_text("x,y\n1,2\n")
    assert [row.status for row in read_manifest(batch.known())] == ["failed", "ok", "skipped"]


def test_regions_follow_the_coordinates_and_are_the_same_again(batch: Batch) -> None:
    manifest = batch.regions()
    assert [row.status for row in read_manifest(manifest)] == ["ok", "ok", "skipped"]
    file = files_of(manifest)["m1"]
    found, before = read_regions(file), file.read_bytes()
    assert len(found.pairs) == 4
    for (top, left, side), _ in found.pairs:
        assert np.abs(centres("m1") - [top + side / 2, left + side / 2]).sum(axis=1).min() <= 1
    batch.regions()
    assert file.read_bytes() == before


def test_a_field_without_pairs_still_gives_its_background(batch: Batch) -> None:
    """Six particles for nine pairs, and a field that is known to be empty; m1 has too little room for nothing at all."""
    batch.mark("m3", np.empty((0, 2)))
    rows = {row.micrograph: row for row in read_manifest(batch.regions(region_pairs=9))}
    assert [row.status for row in rows.values()] == ["ok", "ok", "ok"]
    assert "no SNR" in rows["m1"].reason and "only 6 of 9 pairs" in rows["m1"].reason
    assert "empty field" in rows["m3"].reason
    for name in NAMES:
        found = read_regions(batch.folder / f"regions/{name}.json")
        assert found.pairs == [] and len(found.free) >= 9
    scores = batch.score(batch.raw, "raw", regions=batch.folder / "regions/manifest.tsv")
    assert scores == {}, "no pair, no SNR, and no error"


def test_a_field_without_any_free_place_is_a_failure_that_says_so(batch: Batch) -> None:
    grid = [[y, x] for y in range(0, SHAPE[0], 16) for x in range(0, SHAPE[1], 16)]
    batch.mark("m2", np.array(grid, dtype=float))
    rows = read_manifest(batch.regions())
    assert [row.status for row in rows] == ["ok", "failed", "skipped"]
    assert "only 0 of 4 pairs" in rows[1].reason


def test_the_noise_says_of_every_micrograph_where_its_spectrum_comes_from(batch: Batch) -> None:
    """m1 has pairs, m2 only free boxes, m3 no coordinates: two spectra of the background, one of the whole field."""
    batch.mark("m2", centres("m2")[:3])
    regions = batch.regions()
    rows = read_manifest(batch.null(regions))
    assert {row.status for row in rows} == {"ok"}
    assert [row.reason.startswith(OF_FREE_BOXES) for row in rows] == [True, True, False]
    assert rows[2].reason == f"{OF_WHOLE_FIELD}: no coordinates of m3 are known"
    sds = [read_micrograph(batch.folder / f"null/{name}.mrc").pixels.std() for name in NAMES]
    raws = [read_micrograph(batch.folder / f"even/{name}.mrc").pixels.std() for name in NAMES]
    assert sds[1] == pytest.approx(3.5, rel=0.15), "the noise alone, though there is no pair"
    assert sds[2] == pytest.approx(raws[2], rel=0.05), "the whole field"


def test_null_micrographs_are_noise_like_the_background_and_the_same_again(batch: Batch) -> None:
    files = files_of(batch.null())
    assert list(files) == list(NAMES)
    image = read_micrograph(files["m1"])
    assert image.pixel_size_A == PIXEL_SIZE_A
    assert image.pixels.mean() == pytest.approx(
        read_micrograph(files_of(batch.raw)["m1"]).pixels.mean(), rel=1e-4
    )
    assert image.pixels.std() == pytest.approx(3.5, rel=0.1), "the noise without the particles"
    bytes_before = files["m1"].read_bytes()
    assert files_of(batch.null())["m1"].read_bytes() == bytes_before


@pytest.mark.parametrize("kind", ["gaussian", "patches", "phases"])
def test_every_kind_of_pure_noise_has_the_micrographs_size_and_mean_and_is_the_same_again(
    batch: Batch, kind: str
) -> None:
    once = files_of(batch.null(null_kind=kind, null_fields=2))
    first = {name: read_micrograph(file).pixels for name, file in once.items()}
    again = files_of(batch.null(null_kind=kind, null_fields=2))
    for name, pixels in first.items():
        raw = read_micrograph(batch.folder / f"even/{name}.mrc").pixels
        assert pixels.shape == (2 * SHAPE[0], SHAPE[1]), "two fields, one below the other"
        assert abs(float(pixels.mean()) - float(raw.mean())) < 0.2 * float(raw.std())
        assert 0.6 * raw.std() < pixels.std() < 1.1 * raw.std()
        assert np.abs(np.corrcoef(pixels[: SHAPE[0]].ravel(), raw.ravel())[0, 1]) < 0.05
        assert np.abs(np.corrcoef(pixels[: SHAPE[0]].ravel(), pixels[SHAPE[0] :].ravel())[0, 1]) < 0.1
        np.testing.assert_array_equal(read_micrograph(again[name]).pixels, pixels)


def test_noise_says_what_it_was_made_of(batch: Batch) -> None:
    """m3 has no coordinates, so it has no boxes to be quilted."""
    reasons = [row.reason for row in read_manifest(batch.null(null_kind="patches"))]
    assert all(reason.startswith(OF_PATCHES) for reason in reasons[:2])
    assert reasons[2].startswith(OF_WHOLE_FIELD)
    assert {row.reason for row in read_manifest(batch.null(null_kind="phases"))} == {OF_PHASES}


def test_picks_in_noise_are_told_for_one_field(batch: Batch) -> None:
    """Three picks in noise that is three times as high as the micrograph are one for each field."""
    real = write_candidates(batch.folder / "real", {"m1": [5.0]}, {"m1": 4.0})
    noise = write_candidates(batch.folder / "noise", {"m1": [9.0, 8.0, 7.0, 1.0]}, {"m1": 0.5})
    rows = [{**row, "height_px": str(3 * SHAPE[0])} for row in read_table(noise / "summary.tsv")]
    write_table(noise / "summary.tsv", rows, SUMMARY_COLUMNS)
    assert batch.match(real, noise, "raw")["m1"]["blob_null_picks"] == 1


def test_picks_of_the_clean_images_are_perfect_and_random_ones_are_not(batch: Batch) -> None:
    row = batch.match(batch.pick(batch.clean, "clean"), None, "clean")["m1"]
    assert (row["blob_f1"], row["blob_best_f1"], row["blob_average_precision"]) == (1, 1, 1)
    assert row["blob_random_f1"] < 0.6
    assert row["blob_picks"] == 6


def test_matching_skips_what_has_no_known_particles(batch: Batch) -> None:
    assert set(batch.match(batch.pick(batch.clean, "clean"), None, "clean")) == {"m1", "m2"}


def write_candidates(folder: Path, scores: dict[str, list[float]], thresholds: dict[str, float]) -> Path:
    """Write what a picker saw: of each micrograph its scores, at places apart from one another, and its threshold."""
    places = [[20 + 30 * row, 20 + 30 * column] for row in range(6) for column in range(6)]
    rows = [
        (name, *map(str, places[number]), score, int(score >= thresholds[name]), "", "")
        for name, found in scores.items()
        for number, score in enumerate(found)
    ]
    write_table(
        folder / "candidates.tsv",
        [dict(zip(CANDIDATE_COLUMNS, row, strict=True)) for row in rows],
        CANDIDATE_COLUMNS,
    )
    totals = [
        (name, *SHAPE, 24, thresholds[name], len(found), 0, "blob", BY_PICKER, *[""] * 4)
        for name, found in scores.items()
    ]
    write_table(
        folder / "summary.tsv",
        [dict(zip(SUMMARY_COLUMNS, row, strict=True)) for row in totals],
        SUMMARY_COLUMNS,
    )
    return folder


def test_picks_in_noise_are_those_at_the_median_threshold_of_the_real_images(batch: Batch) -> None:
    """Thresholds 1, 4 and 9: the median is 4, whatever the noise's own thresholds are."""
    real = write_candidates(
        batch.folder / "real", {name: [5.0] for name in NAMES}, dict(zip(NAMES, (1.0, 9.0, 4.0), strict=True))
    )
    noise = write_candidates(
        batch.folder / "noise",
        {"m1": [3.0, 3.9], "m2": [8.0, 4.0, 3.9], "m3": [9.0, 8.0, 7.0, 0.0]},
        dict.fromkeys(NAMES, 0.5),
    )
    found = batch.match(real, noise, "raw")
    assert {name: found[name]["blob_null_picks"] for name in NAMES} == {"m1": 0, "m2": 2, "m3": 3}


def test_picks_in_noise_on_images_are_fewer_at_the_threshold_of_particles_than_at_that_of_noise(
    batch: Batch,
) -> None:
    """Among strong particles Otsu's threshold lies far above all noise; on noise alone it parts noise from noise."""
    null = batch.pick(batch.null(), "null")
    strict = batch.match(batch.pick(batch.raw, "raw"), null, "raw")
    loose = batch.match(null, null, "loose")
    accepted = {row["micrograph"]: float(row["threshold"]) for row in read_table(null / "summary.tsv")}
    strengths = [
        float(row["score"])
        for row in read_table(null / "candidates.tsv")
        if row["micrograph"] == "m3"
        and 12 <= float(row["y_px"]) <= SHAPE[0] - 13
        and 12 <= float(row["x_px"]) <= SHAPE[1] - 13
    ]
    reach = np.median(list(accepted.values()))
    assert loose["m3"]["blob_null_picks"] == sum(score >= reach for score in strengths) > 3
    assert strict["m3"]["blob_null_picks"] < loose["m3"]["blob_null_picks"]


def test_an_empty_field_has_no_f1_but_counts_what_is_invented_there(batch: Batch) -> None:
    """m2 and m3 are known to be empty; the threshold 4 of m1 is the one that counts."""
    for name in ("m2", "m3"):
        batch.mark(name, np.empty((0, 2)))
    found = batch.match(
        write_candidates(
            batch.folder / "real",
            {"m1": [5.0], "m2": [3.0, 2.0], "m3": [8.0, 4.0, 1.0]},
            {"m1": 4.0, "m2": 0.1, "m3": 100.0},
        ),
        None,
        "raw",
    )
    undefined = ("precision", "recall", "f1", "best_f1", "average_precision", "random_f1")
    for name in ("m2", "m3"):
        assert np.isnan([found[name][f"blob_{metric}"] for metric in undefined]).all()
    assert (found["m2"]["blob_empty_field_picks"], found["m3"]["blob_empty_field_picks"]) == (0, 2)
    assert "blob_empty_field_picks" not in found["m1"] and np.isfinite(found["m1"]["blob_f1"])


def test_a_perfect_method_reaches_the_whole_f1_though_a_field_is_empty(batch: Batch) -> None:
    """Two fields with six particles each, one with none; a second method finds the same and invents three there."""
    batch.mark("m3", np.empty((0, 2)))
    picks = batch.pick(batch.clean, "clean")
    kept = [row for row in read_table(picks / "candidates.tsv") if row["micrograph"] != "m3"]
    for method, extra in (("raw", 0), ("inventor", 3)):
        invented = [
            dict(
                zip(CANDIDATE_COLUMNS, ("m3", str(40 + 40 * number), "100", "1e6", "1", "", ""), strict=True)
            )
            for number in range(extra)
        ]
        write_table(picks / "candidates.tsv", kept + invented, CANDIDATE_COLUMNS)
        batch.match(picks, None, method)
    folder = batch.folder / "scores"
    summarise_scores(
        scores=[folder / "raw.blob.tsv", folder / "inventor.blob.tsv"],
        joined=folder / "all.tsv",
        summary=folder / "summary.tsv",
        reference="raw",
    )
    rows = {(row["method"], row["metric"]): row for row in read_table(folder / "summary.tsv")}
    for metric in ("f1", "precision", "recall", "average_precision"):
        row = rows["raw", f"blob_{metric}"]
        assert (float(row["mean"]), row["micrographs"]) == (1, "2"), metric
    assert float(rows["raw", "blob_empty_field_picks"]["mean"]) == 0
    assert float(rows["inventor", "blob_empty_field_picks"]["gain"]) == 3


def test_the_mean_shift_has_no_picks_in_empty_fields(batch: Batch) -> None:
    batch.mark("m3", np.empty((0, 2)))
    found = batch.match(
        batch.pick(batch.clean, "shift", picker="mean_shift"), None, "shift", picker="mean_shift"
    )
    assert not [metric for row in found.values() for metric in row if "empty_field" in metric]
    assert np.isnan(found["m3"]["mean_shift_f1"])


def test_star_box_and_csv_tell_the_same_places(batch: Batch) -> None:
    folder = batch.pick(batch.clean, "clean", box_files=True, csv_files=True)
    star, box, csv = (
        read_coordinates(folder / f"m1{suffix}", SHAPE, "m1") for suffix in (".star", ".box", ".csv")
    )
    assert csv.centres == pytest.approx(star.centres, abs=1e-2)
    assert box.centres == pytest.approx(star.centres, abs=0.51)
    assert csv.scores == pytest.approx(star.scores, rel=1e-4)


def test_candidates_and_summary_hold_more_than_the_picks(batch: Batch) -> None:
    folder = batch.pick(batch.raw, "raw")
    summary = {row["micrograph"]: row for row in read_table(folder / "summary.tsv")}
    rows = [row for row in read_table(folder / "candidates.tsv") if row["micrograph"] == "m1"]
    assert len(rows) == int(summary["m1"]["candidates"])
    assert sum(row["picked"] == "1" for row in rows) == int(summary["m1"]["picks"])
    for row in rows:
        assert (float(row["score"]) >= float(summary["m1"]["threshold"])) == (row["picked"] == "1")


def test_mean_shift_is_a_picker_too(batch: Batch) -> None:
    folder = batch.pick(batch.clean, "shift", picker="mean_shift")
    assert {row["picks"] for row in read_table(folder / "summary.tsv")} == {"6"}


def test_every_given_input_adds_its_metrics(batch: Batch) -> None:
    nothing = batch.score(batch.raw, "raw")
    assert nothing == {}
    all_of_them = batch.score(
        batch.raw,
        "raw",
        regions=batch.regions(),
        clean=batch.clean,
        second_exposure=batch.odd,
        null=batch.null(),
    )
    assert {
        "eq5_snr_dB",
        "topaz_snr_dB",
        "truth_psnr_dB",
        "truth_ssim",
        "second_exposure_r",
        "other_r",
        "null_sd",
    } <= set(all_of_them["m1"])
    assert "eq5_snr_dB" not in all_of_them["m3"], "no coordinates are known there"


def test_the_mask_control_wins_equation_5_and_loses_to_the_blur_it_is_made_of(tmp_path: Path) -> None:
    """A crowded field of textured particles in coloured noise: masking is worth decibels, and costs what is there."""
    batch = Batch(tmp_path, scene=textured_scene, noise=coloured_noise, centres=crowded_centres, marked=NAMES)
    inputs = {
        "regions": batch.regions(smallest_box_A=12.0),
        "clean": batch.clean,
        "second_exposure": batch.odd,
    }
    noise, means = batch.null(inputs["regions"]), {}
    for name, method in (("blur", batch.blur), ("mask_control", batch.mask_control)):
        denoised, nothing = method(batch.raw, name), method(noise, f"{name}_null")
        rows = batch.score(denoised, name, **inputs, null=nothing)
        picks = batch.match(batch.pick(denoised, name), batch.pick(nothing, f"{name}_null"), name)
        means[name] = {
            metric: np.mean([(rows[micrograph] | picks[micrograph])[metric] for micrograph in NAMES])
            for metric in rows["m1"] | picks["m1"]
        }
    blur, control = means["blur"], means["mask_control"]
    assert control["eq5_snr_dB"] > blur["eq5_snr_dB"] + 10
    assert control["truth_r"] > blur["truth_r"], "plain r is fooled too"
    assert control["null_sd"] == pytest.approx(blur["null_sd"], rel=0.05), (
        "and the sd of the null does not tell"
    )
    assert control["truth_explained"] < 0.9 * blur["truth_explained"]
    assert control["truth_frc_0.143_A"] > 1.05 * blur["truth_frc_0.143_A"]
    assert control["second_exposure_explained"] < blur["second_exposure_explained"]
    assert control["blob_null_picks"] > 1.5 * blur["blob_null_picks"]


def test_the_truth_is_beyond_every_method_and_another_field_explains_nothing(batch: Batch) -> None:
    row = batch.score(batch.clean, "clean", clean=batch.clean, second_exposure=batch.odd)["m1"]
    assert row["truth_mse"] == pytest.approx(0, abs=1e-9)
    assert row["truth_frc_0.5_A"] == pytest.approx(2 * PIXEL_SIZE_A, rel=0.1)
    assert row["second_exposure_explained"] > 3 * row["other_explained"]


def test_a_batch_of_one_has_no_control_and_shows_the_gap(batch: Batch) -> None:
    alone = read_manifest(batch.odd)[:1]
    write_manifest(batch.odd, alone)
    row = batch.score(batch.clean, "clean", second_exposure=batch.odd)["m1"]
    assert row["second_exposure_r"] > 0.5
    assert np.isnan([row["other_r"], row["other_explained"]]).all()


def test_the_control_is_the_next_field_of_the_same_size(batch: Batch) -> None:
    """m2 is of another size, so m1 is held against m3; the same number comes without m2."""
    rows = read_manifest(batch.odd)
    write_manifest(batch.odd, [rows[0], rows[2]])
    without = batch.score(batch.clean, "clean", second_exposure=batch.odd)["m1"]["other_r"]
    write_micrograph(batch.folder / "odd/m2.mrc", scene("m2")[:100], PIXEL_SIZE_A)
    write_micrograph(batch.folder / "clean/m2.mrc", scene("m2")[:100], PIXEL_SIZE_A)
    write_micrograph(batch.folder / "even/m2.mrc", scene("m2")[:100], PIXEL_SIZE_A)
    write_manifest(batch.odd, rows)
    found = batch.score(batch.clean, "clean", second_exposure=batch.odd)
    assert found["m1"]["other_r"] == without
    assert np.isnan(found["m2"]["other_r"]) and np.isfinite(found["m3"]["other_r"])


def exposures(batch: Batch, **settings: bool) -> list[ManifestRow]:
    """Import what lies in the folder `rests`."""
    folder = batch.folder / "second_exposure"
    import_exposures(
        micrographs=batch.raw,
        folder=batch.folder / "rests",
        second_exposure=folder,
        manifest=folder / "manifest.tsv",
        settings=ExposureSettings(**settings),
    )
    return read_manifest(folder / "manifest.tsv")


def as_counts(name: str) -> NDArray[np.uint16]:
    """Write an independent exposure of a field in the whole numbers of a PNG."""
    return np.rint(1000 + 100 * (scene(name) + noise(20 + int(name[1])))).astype(np.uint16)


def test_an_exposure_of_any_format_becomes_the_independent_one_and_a_missing_one_is_skipped(
    batch: Batch,
) -> None:
    (batch.folder / "rests").mkdir()
    (batch.folder / "rests/m1.png").write_bytes(imagecodecs.png_encode(as_counts("m1")))
    tifffile.imwrite(batch.folder / "rests/m2.tif", as_counts("m2"))
    assert [row.status for row in exposures(batch)] == ["ok", "ok", "skipped"]
    for name in NAMES[:2]:
        image = read_micrograph(batch.folder / f"second_exposure/{name}.mrc")
        assert (image.pixels == as_counts(name)).all() and image.pixel_size_A == PIXEL_SIZE_A
    found = batch.score(batch.clean, "clean", second_exposure=batch.folder / "second_exposure/manifest.tsv")
    assert (
        set(found) == {"m1", "m2"}
        and found["m1"]["second_exposure_explained"] > found["m1"]["other_explained"]
    )


def test_an_exposure_that_cannot_be_one_is_that_micrograph_s_failure(batch: Batch) -> None:
    """Of another size; denoised; and the micrograph itself."""
    write_micrograph(batch.folder / "rests/m1.mrc", scene("m1")[:, :200], PIXEL_SIZE_A)
    write_micrograph(batch.folder / "rests/m2.mrc", scene("m2"), PIXEL_SIZE_A, VIEWING_ONLY)
    write_micrograph(
        batch.folder / "rests/m3.mrc", read_micrograph(batch.folder / "even/m3.mrc").pixels, PIXEL_SIZE_A
    )
    rows = exposures(batch)
    assert [row.status for row in rows] == ["failed", "failed", "failed"]
    for row, words in zip(
        rows, ("of (200, 200) pixels, the micrograph m1 of (200, 220)", "denoised", "are equal"), strict=True
    ):
        assert words in row.reason


def test_two_exposures_of_one_micrograph_or_another_pixel_size_are_refused(batch: Batch) -> None:
    for suffix in (".mrc", ".map"):
        write_micrograph(batch.folder / f"rests/m1{suffix}", scene("m1"), PIXEL_SIZE_A)
    (batch.folder / "rests/m1.png").write_bytes(imagecodecs.png_encode(as_counts("m1")))
    write_micrograph(batch.folder / "rests/m2.mrc", scene("m2"), 1.5 * PIXEL_SIZE_A)
    rows = exposures(batch)
    assert "2 exposures of m1" in rows[0].reason
    assert "3 A/px in its header" in rows[1].reason


EXPOSURES = {
    "a scaled copy": (lambda raw: 0.5 * raw + 3, "is a scaled copy of the micrograph m1"),
    "a copy turned negative": (lambda raw: -raw, "is a scaled copy of the micrograph m1"),
    "a blank one": (lambda raw: 0 * raw + 5, "is blank: all its pixels are 5"),
}


@pytest.mark.parametrize("kind", EXPOSURES)
def test_an_exposure_without_noise_of_its_own_is_refused(batch: Batch, kind: str) -> None:
    make, words = EXPOSURES[kind]
    (batch.folder / "rests").mkdir(exist_ok=True)
    raw = read_micrograph(files_of(batch.raw)["m1"]).pixels
    write_micrograph(batch.folder / "rests/m1.mrc", make(raw).astype(np.float32), PIXEL_SIZE_A)
    row = exposures(batch)[0]
    assert row.status == "failed" and words in row.reason


def test_a_trusted_table_overrules_the_header_of_an_exposure(batch: Batch) -> None:
    (batch.folder / "rests").mkdir(exist_ok=True)
    write_micrograph(batch.folder / "rests/m1.mrc", as_counts("m1").astype(np.float32), 1.5 * PIXEL_SIZE_A)
    assert "set trust_table to true" in exposures(batch)[0].reason
    row = exposures(batch, trust_table=True)[0]
    assert (
        row.status == "ok" and "the header says 3 A/px, the datasets table, which is trusted, 2" in row.reason
    )


def test_bad_pixels_of_an_exposure_are_filled_and_counted(batch: Batch) -> None:
    (batch.folder / "rests").mkdir(exist_ok=True)
    image = as_counts("m1").astype(np.float32)
    image[:, 50] = 0
    write_micrograph(batch.folder / "rests/m1.mrc", image, PIXEL_SIZE_A)
    assert exposures(batch)[0].reason == f"{SHAPE[0]} bad pixels were found and filled (1 column)"
    assert read_micrograph(batch.folder / "second_exposure/m1.mrc").pixels.min() > 0
    assert exposures(batch, find_bad_pixels=False)[0].reason == ""


def test_an_empty_simulated_field_has_no_fidelity(batch: Batch) -> None:
    empty = write_batch(batch.folder / "empty", lambda name: np.zeros(SHAPE, np.float32))
    assert batch.score(batch.raw, "raw", clean=empty) == {}


def test_a_micrograph_that_cannot_be_scored_has_no_line_and_the_others_have_theirs(batch: Batch) -> None:
    expected = batch.score(batch.clean, "clean", second_exposure=batch.odd)
    denoised = write_batch(
        batch.folder / "denoised", lambda name: read_micrograph(files_of(batch.clean)[name]).pixels
    )
    files_of(denoised)["m2"].write_bytes(b"no image")
    found = batch.score(denoised, "clean", second_exposure=batch.odd)
    assert found == {name: expected[name] for name in ("m1", "m3")}


def test_where_none_can_be_scored_the_error_says_why(batch: Batch) -> None:
    denoised = write_batch(batch.folder / "denoised", scene)
    write_manifest(batch.raw, read_manifest(batch.raw)[1:])
    assert "m1" not in batch.score(denoised, "clean", second_exposure=batch.odd)
    write_manifest(batch.raw, [])
    with pytest.raises(
        ValueError, match=r"no micrograph of .* could be scored \(3 left out: m1 was denoised"
    ):
        batch.score(denoised, "clean", second_exposure=batch.odd)


def test_coordinates_that_cannot_be_read_leave_out_their_micrograph_alone(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = batch.pick(batch.clean, "clean")
    assert set(batch.match(folder, None, "clean")) == {"m1", "m2"}
    known = batch.known()
    files_of(known)["m1"].write_text("no table")
    monkeypatch.setattr(batch, "known", lambda: known)
    assert set(batch.match(folder, None, "clean")) == {"m2"}


def test_scores_of_methods_join_and_are_paired_with_the_raw_ones(batch: Batch) -> None:
    batch.score(batch.raw, "raw", second_exposure=batch.odd)
    batch.score(batch.clean, "perfect", second_exposure=batch.odd)
    folder = batch.folder / "scores"
    summarise_scores(
        scores=[folder / "raw.tsv", folder / "perfect.tsv"],
        joined=folder / "all.tsv",
        summary=folder / "summary.tsv",
        reference="raw",
    )
    rows = {(row["method"], row["metric"]): row for row in read_table(folder / "summary.tsv")}
    row = rows["perfect", "second_exposure_explained"]
    single = [values(folder / f"{method}.tsv") for method in ("perfect", "raw")]
    gains = [
        single[0][name]["second_exposure_explained"] - single[1][name]["second_exposure_explained"]
        for name in NAMES
    ]
    assert float(row["gain"]) == pytest.approx(np.mean(gains), rel=1e-3)
    assert float(row["gain"]) > 0
    assert int(row["micrographs"]) == 3
    assert len(read_table(folder / "all.tsv")) == sum(len(row) for table in single for row in table.values())


def test_particles_come_from_the_raw_sums_normalised(batch: Batch) -> None:
    folder = batch.extract(batch.raw, batch.pick(batch.clean, "clean"))
    stack = read_stack(folder / "m1.mrcs")
    assert stack.pixel_size_A == PIXEL_SIZE_A
    assert stack.images.shape[1:] == (32, 32)
    rows, columns = np.ogrid[:32, :32]
    outside = (rows - 16) ** 2 + (columns - 16) ** 2 > 12**2
    assert stack.images[:, outside].mean(axis=1) == pytest.approx(0, abs=1e-4)
    assert stack.images[:, outside].std(axis=1) == pytest.approx(1, abs=1e-4)
    assert stack.images[:, 10:22, 10:22].mean() > 0.5, "inverted: particles are white"
    blocks = read_star(folder / "particles.star")
    table, optics = blocks["particles"], blocks["optics"]
    first = table[table["rlnMicrographName"] == (batch.folder / "even/m1.mrc").as_posix()]
    assert len(first) == len(stack.images)
    assert first["rlnImageName"].iloc[0] == f"000001@{(folder / 'm1.mrcs').as_posix()}"
    assert (optics["rlnImageSize"].iloc[0], optics["rlnImagePixelSize"].iloc[0]) == (32, PIXEL_SIZE_A)
    y, x = (round(float(first[f"rlnCoordinate{axis}"].iloc[0])) for axis in "YX")
    raw = read_micrograph(batch.folder / "even/m1.mrc").pixels[y - 16 : y + 16, x - 16 : x + 16]
    assert np.corrcoef(stack.images[0].ravel(), raw.ravel())[0, 1] == pytest.approx(-1, abs=1e-5)


def test_white_particles_stay_white_where_they_are_cut_out(batch: Batch) -> None:
    picks = batch.pick(batch.clean, "clean")
    dark = read_stack(batch.extract(batch.raw, picks) / "m1.mrcs").images
    negative = write_batch(
        batch.folder / "negative", lambda name: -read_micrograph(files_of(batch.raw)[name]).pixels
    )
    white = read_stack(batch.extract(negative, picks, particles_are_dark=False) / "m1.mrcs").images
    np.testing.assert_allclose(white, dark, atol=1e-4)


def test_contrast_stays_where_it_is_not_inverted(batch: Batch) -> None:
    folder = batch.extract(batch.raw, batch.pick(batch.clean, "clean"), invert_contrast=False)
    assert read_stack(folder / "m1.mrcs").images[:, 10:22, 10:22].mean() < -0.5


def test_extraction_refuses_a_denoised_image(batch: Batch) -> None:
    picks = batch.pick(batch.clean, "clean")
    denoised = write_batch(batch.folder / "denoised", scene, VIEWING_ONLY)
    with pytest.raises(ValueError, match="no particle was extracted"):
        batch.extract(denoised, picks)
    rows = read_manifest(batch.folder / "particles/manifest.tsv")
    assert {row.status for row in rows} == {"failed"}
    assert "extract particles from the raw sums" in rows[0].reason
    assert not list((batch.folder / "particles").glob("*.mrcs"))


def test_a_micrograph_without_pixel_size_fails_with_a_sentence(batch: Batch) -> None:
    write_micrograph(batch.folder / "clean/m2.mrc", scene("m2"), 0.0)
    rows = read_manifest(batch.pick(batch.clean, "clean") / "manifest.tsv")
    assert [row.status for row in rows] == ["ok", "failed", "ok"]
    assert "no pixel size" in rows[1].reason
