"""All learned branches run from movies to scores, at the smallest settings; what a change reruns, and what a kill leaves."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from clearice.config.layers import shipped_config
from clearice.config.stages.extract_noise import ExtractNoise
from clearice.files.documents import read_yaml
from clearice.files.mrc import VIEWING_ONLY, read_micrograph
from clearice.files.stacks import read_stack
from clearice.files.tables import read_table
from clearice.noise.background import find_background
from clearice.run.batches import read_manifest
from clearice.run.simulated import simulated_batches, simulated_splits
from support.project import Project, make_checkout
from support.shell import contents

pytestmark = pytest.mark.slow
CONFIG = ("--configfile", "config/presets/tiny.yaml", "mine.yaml")
MINE = """
run: {methods: [raw, mask_control, wiener_patches, n2n, coarse, nt2c, nt2c_gaussian], parts: [full]}
methods:
  wiener_patches: {kind: wiener, noise: patches, ring_px: 2}
  nt2c_gaussian: {kind: nt2c, extract_noise: {criterion: flattest}, sample_noise: {source: gaussian}}
extract_noise: {criterion: ssim, ssim_threshold: -0.9}
picking: {pickers: [blob, template]}
pickers: {template: {views: 6, turn_deg: 60, pixels_per_diameter: 12}}
previews: {per_batch: 1, in_report: 1}
evaluation: {batches: 1}
physics: {empty_fraction: 0.25}
"""
LEARNED = ("n2n", "coarse", "nt2c", "nt2c_gaussian")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of four counting movies, run through every learned branch."""
    project = make_checkout(tmp_path_factory.mktemp("learned"))
    header = (project.folder / "config" / "datasets.tsv").read_text().splitlines()[0].split("\t")
    row = {
        "dataset": "films", "pixel_size_A": "3.0", "voltage_kV": "300", "spherical_aberration_mm": "2.7", "amplitude_contrast": "0.07",
        "dose_e_per_A2": "8", "detector": "K2", "super_resolution": "1", "structures": "resources/empiar10146/6z6u.pdb.gz:1",
        "particle_diameter_A": "124", "particles_per_um2": "500-900", "ice_thickness_nm": "30", "defocus_um": "1.0-1.5",
    }  # fmt: skip
    (project.folder / "config" / "datasets.tsv").write_text(
        "\t".join(header) + "\n" + "\t".join(row.get(name, "") for name in header) + "\n"
    )
    (project.folder / "data").mkdir()
    for number in range(4):
        counts = np.random.default_rng(number).poisson(18, (4, 96, 104)).astype(np.uint8)
        tifffile.imwrite(
            project.folder / "data" / f"film{number}.tif", counts, photometric="minisblack", compression="lzw"
        )
    project.list_movies("films", "data/*.tif", batch_size="4", validation_fraction="0.25", test_fraction="0")
    (project.folder / "mine.yaml").write_text(MINE)
    project.run(*CONFIG)
    return project


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    shutil.copytree(finished.folder, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")


def test_every_learned_method_gives_finite_images_that_are_marked_as_no_data(finished: Project) -> None:
    for method in LEARNED:
        for number in range(4):
            folder = finished.folder / "results/films/denoised" / method / "full" / "b0001"
            image = read_micrograph(folder / f"film{number}.mrc")
            assert image.pixels.shape == (96, 104) and np.isfinite(image.pixels).all()
            assert image.label == VIEWING_ONLY and image.pixel_size_A == pytest.approx(3.0)


def test_a_wiener_filter_measures_its_noise_where_the_patches_of_nt2c_lie(finished: Project) -> None:
    results = finished.folder / "results/films"
    raw, filtered = (
        [
            read_micrograph(results / "denoised" / name / "full/b0001" / f"film{number}.mrc")
            for number in range(4)
        ]
        for name in ("raw", "wiener_patches")
    )
    for before, after in zip(raw, filtered, strict=True):
        assert after.label == VIEWING_ONLY and np.isfinite(after.pixels).all()
        assert after.pixels.std() < 0.5 * before.pixels.std(), "the films are noise"
        assert after.pixels.mean() == pytest.approx(before.pixels.mean(), rel=1e-4)
    assert not (results / "noise/wiener_patches").exists(), "it shares the patches it does not change"
    simulated = read_manifest(results / "denoised/wiener_patches/full/s9999/manifest.tsv")
    assert [row.status for row in simulated] == ["ok"], "its boxes are known from the truth"


def test_the_template_picker_compares_with_projections_of_the_datasets_structure(finished: Project) -> None:
    results = finished.folder / "results/films"
    assert read_stack(results / "templates/template.mrcs").images.shape == (6, 14, 14)
    rows = read_table(results / "picks/template/nt2c/full/b0001/candidates.tsv")
    assert rows and all(-1 <= float(row["score"]) <= 1 for row in rows)
    metrics = {row["metric"] for row in read_table(results / "scores/summary.tsv")}
    assert {"template_null_picks", "template_average_precision"} <= metrics


def test_methods_share_what_they_do_not_change(finished: Project) -> None:
    models = finished.folder / "results/films/models"
    assert sorted(path.name for path in (models / "coarse").glob("*.pt")) == ["main.pt"]
    assert sorted(path.name for path in (models / "noise_gan").glob("*.pt")) == ["main.pt"]
    assert sorted(path.name for path in (models / "fine").glob("*.pt")) == ["main.pt", "nt2c_gaussian.pt"]
    assert sorted(path.name for path in (models / "noise2noise").glob("*.pt")) == ["main.pt"]


@pytest.mark.parametrize(("variant", "criterion"), [("main", "ssim"), ("nt2c_gaussian", "flattest")])
def test_noise_is_found_by_the_criterion_of_the_variant(
    finished: Project, variant: str, criterion: str
) -> None:
    results = finished.folder / "results/films"
    general = shipped_config()["extract_noise"]
    tiny = read_yaml(finished.folder / "config/presets/tiny.yaml")["extract_noise"]
    settings = {**general, **tiny, "ssim_threshold": -0.9, "criterion": criterion}
    rule = ExtractNoise.model_validate(settings)
    rows = read_table(results / "noise" / variant / "b0001/positions.tsv")
    for number in range(4):
        name = f"film{number}.mrc"
        guide = read_micrograph(results / "denoised/coarse/full/b0001" / name).pixels
        found = find_background(guide, read_micrograph(results / "sums/full/b0001" / name).pixels, rule)
        written = [
            (int(row["y_px"]), int(row["x_px"])) for row in rows if row["micrograph"] == f"film{number}"
        ]
        assert written == [tuple(corner) for corner in found.corners.tolist()]
        assert len(written) == rule.maximum_patches, "more were alike than are kept, so the order matters"


def test_training_and_validation_pairs_share_no_noise(finished: Project) -> None:
    # One of the four micrographs is for validation, so two of the six fields are: the last ones.
    usable = {"train": {"0", "1", "2", "3"}, "validation": {"4", "5"}}
    batches = simulated_batches(4, 3)
    splits = simulated_splits(batches, 0.25)
    for variant in ("main", "nt2c_gaussian"):
        weights = finished.folder / "results/films/reweighted" / variant / "weights"
        rows = [row for batch in batches for row in read_table(weights / f"{batch}.tsv")]
        assert {row["micrograph"] for row in rows} == set(splits)
        assert not [row for row in rows if row["field"] not in usable[splits[row["micrograph"]]]]


def test_scores_tell_real_from_simulated_and_always_hold_the_cheat(finished: Project) -> None:
    rows = read_table(finished.folder / "results/films/scores/summary.tsv")
    assert {row["part"] for row in rows} == {"full", "simulated"}
    assert {row["method"] for row in rows if row["metric"] == "null_sd"} >= {"mask_control", "nt2c", "raw"}
    assert any(row["metric"] == "truth_r" and row["part"] == "simulated" for row in rows)
    page = (finished.folder / "results/report/index.html").read_text()
    assert "against the truth" in page and "<th>mask_control</th>" in page
    assert "method n2n learns from pairs of the kind noise2noise: none known" in page


def test_a_second_run_has_nothing_to_do(finished: Project) -> None:
    assert finished.planned(*CONFIG) == {}


BEFORE_THE_GAN = {
    "sum_frames",
    "simulate_micrographs",
    "extract_noise",
    "make_null_micrographs",
    "choose_regions",
}


def test_a_changed_gan_setting_reruns_the_gan_and_what_follows_and_nothing_before(project: Project) -> None:
    mine = project.folder / "mine.yaml"
    mine.write_text(mine.read_text() + "noise_gan: {steps: 5}\n")
    planned = project.planned(*CONFIG)
    assert planned["train_noise_gan"] == 1 and planned["sample_noise"] == 1
    assert project.planned_by("train_denoiser", "stage", *CONFIG) == {"fine": 1}
    assert planned["reweight_pairs"] == 2
    denoised = project.planned_by("denoise_micrographs", "method", *CONFIG)
    assert denoised == {"nt2c": 3}, "the batch, its noise, and the simulated test batch, of nt2c alone"
    assert not BEFORE_THE_GAN & set(planned)
    assert planned["score_method"] == planned["score_simulated"] == 1, "the real batch and the simulated one"
    assert planned["summarise_scores"] == planned["write_report"] == 1


def test_a_method_with_its_own_gan_setting_makes_its_own_gan_and_reruns_nothing_of_main(
    project: Project,
) -> None:
    mine = project.folder / "mine.yaml"
    own = "methods:\n  nt2c_longer: {kind: nt2c, noise_gan: {steps: 5}}"
    mine.write_text(
        mine.read_text()
        .replace("nt2c_gaussian]", "nt2c_gaussian, nt2c_longer]")
        .replace("methods:\n", own + "\n")
    )
    jobs = jobs_of_methods(project)
    made = [
        "denoise_micrographs", "reweight_pairs", "sample_noise", "score_method", "score_simulated", "train_denoiser",
        "train_noise_gan",
    ]  # fmt: skip
    assert {rule for rule, _ in jobs} >= {*made}
    assert {name for rule, name in jobs if rule in made} == {"nt2c_longer"}
    planned = project.planned(*CONFIG)
    assert not BEFORE_THE_GAN & set(planned)
    assert (
        planned["train_noise_gan"] == planned["train_denoiser"] == 1 and planned["denoise_micrographs"] == 3
    )
    assert planned["summarise_scores"] == planned["write_report"] == 1


def jobs_of_methods(project: Project) -> set[tuple[str, str]]:
    """List the rules that a dry run would start, each with the variant or the method of the job."""
    said = project.run("-n", *CONFIG)
    blocks = re.findall(r"^(?:local)?rule (\w+):\n((?: +.*\n)+)", said, re.MULTILINE)
    return {
        (rule, name)
        for rule, lines in blocks
        for name in re.findall(r"wildcards: .*\b(?:variant|method)=(\w+)", lines)
    }


def test_an_appended_batch_trains_nothing(project: Project) -> None:
    shutil.copy(project.folder / "data/film0.tif", project.folder / "data/film9.tif")
    project.list_movies("films", "data/*.tif")
    planned = project.planned(*CONFIG)
    assert planned["sum_frames"] == 1
    denoised = project.planned_by("denoise_micrographs", "method", *CONFIG)
    assert denoised == dict.fromkeys(LEARNED, 1)
    assert planned["extract_noise"] == 1, "for the filter that measures the noise of what it filters"
    assert not [name for name in planned if name.startswith(("train", "simulate", "sample", "reweight"))]


@pytest.mark.parametrize(
    ("stage", "rule", "longer"),
    [
        ("fine", "train_fine", "fine: {steps: 60}\n"),
        ("noise_gan", "train_noise_gan", "noise_gan: {steps: 60}\n"),
    ],
)
def test_a_run_killed_in_a_training_goes_on_to_the_same_network(
    project: Project, stage: str, rule: str, longer: str
) -> None:
    target = f"results/films/models/{stage}/main.pt"
    mine = project.folder / "mine.yaml"
    mine.write_text(mine.read_text() + longer)
    project.run(target, *CONFIG)
    expected = (project.folder / target).read_bytes()
    (project.folder / target).unlink()
    unfinished = project.folder / f"results/films/models/{stage}/unfinished"
    run_and_kill(
        project, target, lambda: any(not state.name.startswith(".") for state in unfinished.rglob("*.pt"))
    )
    assert not (project.folder / target).exists(), "the training was killed on its way"
    project.run("--unlock", *CONFIG)
    project.run(target, *CONFIG)
    assert "going on" in (project.folder / f"logs/films/{rule}/main.log").read_text()
    assert (project.folder / target).read_bytes() == expected


def test_a_run_killed_while_it_simulates_leaves_no_trace_in_the_results(project: Project) -> None:
    simulated = project.folder / "results/films/simulated"
    expected = contents(simulated)
    for kind in ("noisy", "clean", "truth"):
        shutil.rmtree(simulated / kind / "s0001")
    target = "results/films/simulated/noisy/s0001/manifest.tsv"
    run_and_kill(project, target, lambda: any((simulated / "noisy/s0001").glob("*")))
    assert not (project.folder / target).exists(), "the simulation was killed on its way"
    assert any((simulated / "noisy/s0001").glob("*")), "it had begun"
    project.run("--unlock", *CONFIG)
    project.run(target, *CONFIG)
    assert contents(simulated) == expected


def run_and_kill(project: Project, target: str, begun: Callable[[], bool]) -> None:
    """Start a run, and kill all of it with SIGKILL as soon as something has begun."""
    command = [sys.executable, "-m", "snakemake", target, "--profile", "profiles/local", *CONFIG]
    path = str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]
    run = subprocess.Popen(
        command, cwd=project.folder, env={**os.environ, "PATH": path}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    while run.poll() is None and not begun():
        time.sleep(0.002)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()


def test_a_gpu_that_is_missing_is_said_in_one_sentence(project: Project) -> None:
    (project.folder / "results/films/models/coarse/main.pt").unlink()
    done = project.snakemake("results/films/models/coarse/main.pt", *CONFIG, "--config", "gpus_per_job=1")
    log = (project.folder / "logs/films/train_coarse/main.log").read_text()
    assert done.returncode != 0
    assert "device cuda was asked for, but torch sees 0 CUDA GPUs here" in log
