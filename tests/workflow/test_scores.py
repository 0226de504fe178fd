"""Scores through Snakemake: halves of the dose, both pickers, coordinates, independent exposures, and the controls."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import mrcfile
import numpy as np
import pytest
from numpy.typing import NDArray

from clearice.files.tables import read_table
from clearice.run.batches import read_manifest
from support.project import Project, make_checkout

pytestmark = pytest.mark.slow
CONFIG = ("--configfile", "mine.yaml")
MINE = """
run: {methods: [gaussian], parts: [full, even, odd]}
methods: {gaussian: {kind: gaussian, sigma_px: 1, window_px: 5}, mask_control: {kind: mask_control, sigma_px: 2}}
evaluation: {region_pairs: 2, largest_box_A: 48, smallest_box_A: 16, finest_A: 8, frc_ring_px: 4, coordinates: marks, second_exposure: rests}
previews: {per_batch: 0, in_report: 0}
picking: {fdr: 0.05}
"""
SHAPE = (120, 132)
PARTS = ("full", "even", "odd")
Summary = dict[tuple[str, str, str], dict[str, str]]


def centres(number: int) -> NDArray[np.float64]:
    """Place four particles of 24 px anywhere, apart from one another."""
    generator = np.random.default_rng(number)
    placed: list[NDArray[np.float64]] = []
    while len(placed) < 4:
        place = generator.uniform(16, np.array(SHAPE) - 16)
        if all(np.linalg.norm(place - other) > 30 for other in placed):
            placed.append(place)
    return np.array(placed)


def counts(number: int, exposure: int, frames: int) -> NDArray[np.uint16]:
    """Draw the electrons of an exposure of field `number`: dark discs of 48 A at 2 A/px."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    mean = np.full(SHAPE, 20.0)
    for y, x in centres(number):
        mean[(rows - y) ** 2 + (columns - x) ** 2 <= 12**2] = 16.0
    return np.random.default_rng([number, exposure]).poisson(mean, (frames, *SHAPE)).astype(np.uint16)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Three movies in a scored batch and one in a second; of the three two have coordinates, two an exposure that fits."""
    project = make_checkout(tmp_path_factory.mktemp("scores"))
    table = project.folder / "config" / "datasets.tsv"
    columns = table.read_text().splitlines()[0].split("\t")
    row = {"dataset": "films", "pixel_size_A": "2.0", "particle_diameter_A": "48"}
    table.write_text("\t".join(columns) + "\n" + "\t".join(row.get(name, "") for name in columns) + "\n")
    for folder in ("data", "marks/films", "rests/films"):
        (project.folder / folder).mkdir(parents=True)
    for number in range(4):
        with mrcfile.new(project.folder / f"data/film{number}.mrc") as mrc:
            mrc.set_data(counts(number, 0, 4))
            mrc.voxel_size = 2.0
    for number in (0, 1):
        lines = [f"{x},{y}" for y, x in centres(number)]
        (project.folder / f"marks/films/film{number}.csv").write_text("\n".join(["x,y", *lines]) + "\n")
    for number, height in ((0, SHAPE[0]), (1, SHAPE[0] - 10), (2, SHAPE[0])):
        rest = counts(number, 1, 4).sum(axis=0, dtype=np.uint16)[:height]
        (project.folder / f"rests/films/film{number}.png").write_bytes(imagecodecs.png_encode(rest))
    project.list_movies("films", "data/*.mrc", batch_size="3")
    (project.folder / "mine.yaml").write_text(MINE)
    project.run(*CONFIG)
    return project


@pytest.fixture(scope="module")
def summary(finished: Project) -> Summary:
    rows = read_table(finished.folder / "results/films/scores/summary.tsv")
    return {(row["part"], row["method"], row["metric"]): row for row in rows}


@pytest.fixture(scope="module")
def page(finished: Project) -> str:
    return (finished.folder / "results/report/index.html").read_text()


def test_a_run_that_lists_one_filter_is_scored_beside_the_cheat_and_the_reference(
    summary: Summary, page: str
) -> None:
    assert {method for _, method, _ in summary} == {"raw", "gaussian", "mask_control"}
    for part in PARTS:
        for metric in ("eq5_snr_dB", "null_sd", "blob_f1", "second_exposure_explained"):
            assert np.isfinite(float(summary[part, "mask_control", metric]["mean"]))
    assert "<th>metric</th><th>raw</th><th>gaussian</th><th>mask_control</th>" in page
    assert "<td>mask_control</td>" in page


def test_the_controls_are_made_for_the_scored_batch_alone(finished: Project) -> None:
    denoised = finished.folder / "results/films/denoised"
    assert sorted(path.name for path in (denoised / "gaussian/full").iterdir()) == ["b0001", "b0002", "n0001"]
    for control in ("mask_control", "raw"):
        assert sorted(path.name for path in (denoised / control / "full").iterdir()) == ["b0001", "n0001"]


def test_every_part_has_its_scores_and_halves_are_held_against_each_other(summary: Summary) -> None:
    for part in PARTS:
        for metric in (
            "eq5_snr_dB",
            "null_sd",
            "second_exposure_r",
            "blob_f1",
            "blob_null_picks",
            "mean_shift_f1",
        ):
            assert (part, "gaussian", metric) in summary
    compared = {part: summary[part, "gaussian", "second_exposure_r"]["micrographs"] for part in PARTS}
    assert compared == {"full": "2", "even": "3", "odd": "3"}, (
        "exposures that fit, and the other half of each"
    )
    assert "mean_shift_null_picks" not in {metric for _, _, metric in summary}


def test_what_is_there_is_found_and_another_field_explains_less(summary: Summary) -> None:
    for part in PARTS:
        row = {
            metric: float(line["mean"])
            for (of, method, metric), line in summary.items()
            if (of, method) == (part, "gaussian")
        }
        assert row["second_exposure_r"] > row["other_r"] + 0.2
        assert row["second_exposure_explained"] > 1.5 * row["other_explained"]
        assert row["blob_best_f1"] > 0.9


def test_the_cheat_wins_equation_5_in_every_part(summary: Summary) -> None:
    for part in PARTS:
        means = {
            method: float(summary[part, method, "eq5_snr_dB"]["mean"])
            for method in ("raw", "gaussian", "mask_control")
        }
        assert means["mask_control"] > means["gaussian"] + 3 > means["raw"] + 3


def test_numbers_stand_beside_their_gain_and_their_n(summary: Summary, page: str) -> None:
    row = summary["full", "gaussian", "second_exposure_explained"]
    cell = f"{row['mean']} ± {row['standard_error']}<br><small>"
    gain = row["gain"] if row["gain"].startswith("-") else "+" + row["gain"]
    assert f"<td>{cell}{gain} ± {row['gain_standard_error']}; n 2 of 3</small></td>" in page
    assert summary["full", "gaussian", "eq5_snr_dB"]["micrographs"] == "2", "two have coordinates"


def test_picks_are_those_of_a_rate_and_the_page_says_how_many_are_false(finished: Project, page: str) -> None:
    picks = finished.folder / "results/films/picks"
    for part in PARTS:
        rows = read_table(picks / f"blob/gaussian/{part}/b0001/summary.tsv")
        assert {(row["rule"], row["decoy_fields"]) for row in rows} == {("false discovery rate", "3")}
        places = read_table(picks / f"blob/gaussian/{part}/b0001/candidates.tsv")
        assert all((float(row["q_value"]) <= 0.05) == (row["picked"] == "1") for row in places)
        own = [
            *read_table(picks / f"blob/gaussian/{part}/n0001/summary.tsv"),
            *read_table(picks / f"mean_shift/gaussian/{part}/b0001/summary.tsv"),
        ]
        assert {row["rule"] for row in own} == {"picker's own threshold"}
    assert "Picks, and how many are false" in page and "noise fields</td><td>false discovery rate" in page


def test_a_null_of_the_whole_spectrum_is_never_mixed_in_silently(finished: Project, page: str) -> None:
    rows = read_manifest(finished.folder / "results/films/null/full/n0001/manifest.tsv")
    assert [row.reason.split(" (")[0].split(":")[0] for row in rows] == [
        "spectrum of the particle-free boxes",
        "spectrum of the particle-free boxes",
        "spectrum of the whole micrograph, signal included",
    ]
    assert page.count("Null test: 1 of 3 noise fields have the spectrum of the whole micrograph") == len(
        PARTS
    )


def test_an_exposure_that_does_not_fit_is_listed_and_does_not_count(finished: Project, page: str) -> None:
    (row,) = read_table(finished.folder / "results/failures.tsv")
    assert (row["stage"], row["micrograph"], row["counted"]) == ("second_exposure", "film1", "no")
    assert "of (110, 132) pixels, the micrograph film1 of (120, 132)" in row["reason"]
    assert "<td>film1</td><td>second_exposure</td><td>no</td>" in page


def test_a_second_run_has_nothing_to_do(finished: Project) -> None:
    assert finished.planned(*CONFIG) == {}


def test_a_coordinate_file_that_appears_makes_the_scores_of_its_batch_anew(finished: Project) -> None:
    path = finished.folder / "marks/films/film2.csv"
    path.write_text("x,y\n60,60\n")
    try:
        planned = finished.planned(*CONFIG)
    finally:
        path.unlink()
    assert planned["import_coordinates"] == 1 and planned["match_picks"] == 18
    assert "sum_frames" not in planned and "import_exposures" not in planned


def test_an_exposure_that_appears_makes_the_scores_of_the_full_dose_anew(finished: Project) -> None:
    path: Path = finished.folder / "rests/films/film1.png"
    kept = path.read_bytes()
    path.unlink()
    planned = finished.planned(*CONFIG)
    path.write_bytes(kept)
    assert planned["import_exposures"] == 1 and planned["score_method"] == 3
    assert not {"score_half", "import_coordinates", "match_picks", "sum_frames"} & set(planned)
