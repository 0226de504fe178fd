"""The steps of evaluation and picking on files, one after the other as the rules run them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from choose_regions import choose_regions
from clearice.batches import files_of, read_manifest, treat_rows, write_manifest
from clearice.files.coordinates import Coordinates, read_coordinates, write_box, write_csv
from clearice.files.mrc import DATA, VIEWING_ONLY, read_micrograph, write_micrograph
from clearice.files.regions import read_regions
from clearice.files.stacks import read_stack
from clearice.files.star import read_star
from clearice.files.tables import read_table
from extract_particles import extract_particles
from import_coordinates import import_coordinates
from make_null_micrographs import make_null_micrographs
from mask_micrographs import mask_micrographs
from match_picks import match_picks
from pick_particles import pick_particles
from score_method import score_method
from summarise_scores import summarise_scores

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
SHAPE = (200, 220)
PIXEL_SIZE_A = 2.0
DIAMETER_A = 48.0
NAMES = ("m1", "m2", "m3")


def centres(name: str) -> NDArray[np.float64]:
    grid = np.array([[y, x] for y in (40, 100, 160) for x in (40, 110, 180)], dtype=float)
    generator = np.random.default_rng(int(name[1]))
    return generator.permutation(grid)[:6] + generator.integers(-4, 5, (6, 2))


def scene(name: str) -> NDArray[np.float32]:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    image = np.zeros(SHAPE, np.float32)
    for y, x in centres(name):
        image -= ((rows - y) ** 2 + (columns - x) ** 2 <= (DIAMETER_A / PIXEL_SIZE_A / 2) ** 2).astype(
            np.float32
        )
    return image


def noise(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(SHAPE).astype(np.float32)


def write_batch(folder: Path, image_of: Callable[[str], NDArray[np.float32]], label: str = DATA) -> Path:
    """Write a batch of three micrographs and its manifest."""

    def treat(name: str) -> Path:
        write_micrograph(folder / f"{name}.mrc", image_of(name), PIXEL_SIZE_A, label)
        return folder / f"{name}.mrc"

    write_manifest(folder / "manifest.tsv", treat_rows(NAMES, folder, treat))
    return folder / "manifest.tsv"


class Batch:
    """A batch whose steps can be run with one call each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.raw = write_batch(
            folder / "even", lambda name: 100 + 5 * (scene(name) + 0.7 * noise(int(name[1])))
        )
        self.odd = write_batch(
            folder / "odd", lambda name: 100 + 5 * (scene(name) + 0.7 * noise(10 + int(name[1])))
        )
        self.clean = write_batch(folder / "clean", scene)
        for name in NAMES[:2]:
            write_csv(folder / f"marks/{name}.csv", Coordinates(centres(name), np.full(6, np.nan)))

    def known(self) -> Path:
        manifest = self.folder / "known/manifest.tsv"
        import_coordinates(
            micrographs=self.raw,
            folder=self.folder / "marks",
            known=manifest.parent,
            manifest=manifest,
            flip_y=False,
        )
        return manifest

    def regions(self) -> Path:
        manifest = self.folder / "regions/manifest.tsv"
        choose_regions(
            micrographs=self.raw,
            known=self.known(),
            regions=manifest.parent,
            manifest=manifest,
            particle_diameter_A=DIAMETER_A,
            pairs=4,
            largest_box_A=48,
            smallest_box_A=16,
        )
        return manifest

    def null(self) -> Path:
        manifest = self.folder / "null/manifest.tsv"
        make_null_micrographs(
            micrographs=self.raw,
            null=manifest.parent,
            manifest=manifest,
            regions=self.regions(),
            part="even",
            seed=1,
        )
        return manifest

    def cheat(self, source: Path, name: str) -> Path:
        manifest = self.folder / name / "manifest.tsv"
        mask_micrographs(micrographs=source, denoised=manifest.parent, manifest=manifest, sigma_px=3.0)
        return manifest

    def pick(self, source: Path, name: str, **changes: Any) -> Path:
        folder = self.folder / "picks" / name
        settings = {
            "picker": "blob",
            "particle_diameter_A": DIAMETER_A,
            "particles_are_dark": True,
            "box_A": 64.0,
            "box_files": False,
            "csv_files": False,
        }
        pick_particles(
            micrographs=source,
            picks=folder,
            manifest=folder / "manifest.tsv",
            candidates=folder / "candidates.tsv",
            summary=folder / "summary.tsv",
            **(settings | changes),
        )
        return folder

    def match(self, picks: Path, null: Path | None, method: str) -> dict[str, dict[str, float]]:
        scores = self.folder / f"scores/{method}.blob.tsv"
        nothing = (
            {"null_candidates": null / "candidates.tsv", "null_summary": null / "summary.tsv"} if null else {}
        )
        match_picks(
            candidates=picks / "candidates.tsv",
            summary=picks / "summary.tsv",
            known=self.known(),
            scores=scores,
            method=method,
            part="even",
            batch="b0001",
            picker="blob",
            seed=1,
            **nothing,
        )
        return values(scores)

    def score(self, denoised: Path, method: str, **inputs: Path) -> dict[str, dict[str, float]]:
        scores = self.folder / f"scores/{method}.tsv"
        score_method(
            denoised=denoised,
            raw=self.raw,
            scores=scores,
            method=method,
            part="even",
            batch="b0001",
            coarsest_A=200.0,
            finest_A=8.0,
            ring_px=1.0,
            frc_ring_px=6.0,
            **inputs,
        )
        return values(scores)

    def extract(self, source: Path, picks: Path, **changes: Any) -> Path:
        folder = self.folder / "particles"
        settings = {
            "dataset": "toy",
            "particle_diameter_A": DIAMETER_A,
            "box_A": 64.0,
            "invert_contrast": True,
            "voltage_kV": 300.0,
            "spherical_aberration_mm": 0.0,
            "amplitude_contrast": 0.1,
        }
        extract_particles(
            micrographs=source,
            picks=picks / "manifest.tsv",
            particles=folder,
            manifest=folder / "manifest.tsv",
            star=folder / "particles.star",
            **(settings | changes),
        )
        return folder


def values(path: Path) -> dict[str, dict[str, float]]:
    """Read a table of scores as values by metric by micrograph."""
    table: dict[str, dict[str, float]] = {}
    for row in read_table(path):
        table.setdefault(row["micrograph"], {})[row["metric"]] = float(row["value"])
    return table


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


def test_picks_of_the_clean_images_are_perfect_and_random_ones_are_not(batch: Batch) -> None:
    row = batch.match(batch.pick(batch.clean, "clean"), None, "clean")["m1"]
    assert (row["blob_f1"], row["blob_best_f1"], row["blob_average_precision"]) == (1, 1, 1)
    assert row["blob_random_f1"] < 0.6
    assert row["blob_picks"] == 6


def test_matching_skips_what_has_no_known_particles(batch: Batch) -> None:
    assert set(batch.match(batch.pick(batch.clean, "clean"), None, "clean")) == {"m1", "m2"}


def test_picks_in_noise_are_counted_at_the_threshold_of_the_real_images(batch: Batch) -> None:
    picks, null = batch.pick(batch.raw, "raw"), batch.pick(batch.null(), "null")
    strict = batch.match(picks, null, "raw")
    loose = batch.match(batch.pick(batch.null(), "as_real"), null, "loose")
    assert strict["m3"]["blob_null_picks"] <= loose["m3"]["blob_null_picks"]
    assert loose["m1"]["blob_null_picks"] > 0


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
        batch.raw, "raw", regions=batch.regions(), clean=batch.clean, independent=batch.odd, null=batch.null()
    )
    assert {
        "eq5_snr_dB",
        "topaz_snr_dB",
        "truth_psnr_dB",
        "truth_ssim",
        "independent_r",
        "other_r",
        "null_sd",
    } <= set(all_of_them["m1"])
    assert "eq5_snr_dB" not in all_of_them["m3"], "no coordinates are known there"


def test_the_cheat_wins_equation_5_and_the_null_test_tells(batch: Batch) -> None:
    inputs = {"regions": batch.regions(), "clean": batch.clean, "independent": batch.odd}
    raw = batch.score(batch.raw, "raw", **inputs, null=batch.null())["m1"]
    masked_null = batch.cheat(batch.null(), "cheat_null")
    cheat = batch.score(batch.cheat(batch.raw, "cheat"), "cheat", **inputs, null=masked_null)["m1"]
    assert cheat["eq5_snr_dB"] > raw["eq5_snr_dB"] + 10
    assert cheat["null_sd"] > 0.2, "it leaves structure in pure noise"
    assert cheat["truth_r"] > raw["truth_r"], "and plain r does not expose it"


def test_the_truth_is_beyond_every_method_and_another_field_explains_nothing(batch: Batch) -> None:
    row = batch.score(batch.clean, "clean", clean=batch.clean, independent=batch.odd)["m1"]
    assert row["truth_mse"] == pytest.approx(0, abs=1e-9)
    assert row["truth_frc_0.5_A"] == pytest.approx(2 * PIXEL_SIZE_A, rel=0.1)
    assert row["independent_explained"] > 3 * row["other_explained"]


def test_an_empty_simulated_field_has_no_fidelity(batch: Batch) -> None:
    empty = write_batch(batch.folder / "empty", lambda name: np.zeros(SHAPE, np.float32))
    assert batch.score(batch.raw, "raw", clean=empty) == {}


def test_a_denoised_micrograph_without_its_raw_one_is_an_error(batch: Batch) -> None:
    write_manifest(batch.raw, read_manifest(batch.raw)[1:])
    denoised = write_batch(batch.folder / "denoised", scene)
    with pytest.raises(ValueError, match="m1 was denoised"):
        batch.score(denoised, "clean", independent=batch.odd)


def test_scores_of_methods_join_and_are_paired_with_the_raw_ones(batch: Batch) -> None:
    batch.score(batch.raw, "raw", independent=batch.odd)
    batch.score(batch.clean, "perfect", independent=batch.odd)
    folder = batch.folder / "scores"
    summarise_scores(
        scores=[folder / "raw.tsv", folder / "perfect.tsv"],
        joined=folder / "all.tsv",
        summary=folder / "summary.tsv",
        reference="raw",
    )
    rows = {(row["method"], row["metric"]): row for row in read_table(folder / "summary.tsv")}
    row = rows["perfect", "independent_explained"]
    single = [values(folder / f"{method}.tsv") for method in ("perfect", "raw")]
    gains = [
        single[0][name]["independent_explained"] - single[1][name]["independent_explained"] for name in NAMES
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


def test_a_step_runs_from_the_shell(batch: Batch) -> None:
    out = batch.folder / "shell"
    words = ["--micrographs", str(batch.raw), "--denoised", str(out), "--manifest", str(out / "manifest.tsv")]
    command = [sys.executable, str(SCRIPTS / "mask_micrographs.py"), *words, "--sigma_px", "3"]
    subprocess.run(command, check=True, capture_output=True)
    assert read_micrograph(out / "m1.mrc").label == VIEWING_ONLY
    again = files_of(batch.cheat(batch.raw, "cheat"))["m1"]
    assert again.read_bytes() == (out / "m1.mrc").read_bytes()
