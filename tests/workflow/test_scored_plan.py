"""What a run plans for its scores, on dry runs: controls on scored batches alone, and no training for a list of failures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.project import Project, make_checkout, write_movie

COLUMNS = {
    "dataset": "films", "pixel_size_A": "3.0", "voltage_kV": "300", "spherical_aberration_mm": "2.7", "amplitude_contrast": "0.07",
    "dose_e_per_A2": "8", "detector": "K2", "super_resolution": "1", "structures": "resources/empiar10146/6z6u.pdb.gz:1",
    "particle_diameter_A": "124", "particles_per_um2": "500-900", "ice_thickness_nm": "30", "defocus_um": "1.0-1.5",
}  # fmt: skip
LEARNED = ("--configfile", "config/presets/tiny.yaml", "mine.yaml")


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of four movies in two batches, of which the first is scored; nothing is made."""
    project = make_checkout(tmp_path_factory.mktemp("plan"))
    table = project.folder / "config" / "datasets.tsv"
    names = table.read_text().splitlines()[0].split("\t")
    table.write_text("\t".join(names) + "\n" + "\t".join(COLUMNS.get(name, "") for name in names) + "\n")
    for number in range(4):
        write_movie(project.folder / "data" / f"film{number}.mrc", number)
    project.list_movies("films", "data/*.mrc", validation_fraction="0.25", test_fraction="0")
    return project


@pytest.fixture
def project(listed: Project, tmp_path: Path) -> Project:
    shutil.copytree(listed.folder, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")


def planned(project: Project, mine: str) -> dict[str, int]:
    (project.folder / "mine.yaml").write_text(mine)
    return project.planned("--configfile", "mine.yaml")


def filtered(project: Project) -> dict[str, int]:
    return project.planned_by("filter_micrographs", "method", "--configfile", "mine.yaml")


def complaint(project: Project, mine: str) -> str:
    (project.folder / "mine.yaml").write_text(mine)
    done = project.snakemake("-n", "--configfile", "mine.yaml")
    assert done.returncode != 0
    return done.stdout + done.stderr


def test_a_run_without_the_mask_control_plans_it_for_the_scored_batch_and_its_noise(project: Project) -> None:
    jobs = planned(project, "run: {methods: [raw, gaussian]}")
    assert jobs["link_micrographs"] == 3, "two batches, and the noise of the first"
    assert filtered(project) == {"gaussian": 3, "mask_control": 2}
    assert jobs["score_method"] == 3


def test_a_run_without_the_reference_plans_it_too(project: Project) -> None:
    jobs = planned(project, "run: {methods: [gaussian, mask_control]}")
    assert jobs["link_micrographs"] == 2
    assert filtered(project) == {"gaussian": 3, "mask_control": 3}
    assert jobs["score_method"] == 3


def test_a_run_without_scores_plans_no_control(project: Project) -> None:
    jobs = planned(project, "{run: {methods: [gaussian]}, evaluation: {batches: 0}}")
    assert filtered(project) == {"gaussian": 2}
    assert not {"link_micrographs", "score_method", "import_exposures"} & set(jobs)


def test_a_dataset_without_a_diameter_is_not_scored_and_needs_no_control(project: Project) -> None:
    table = project.folder / "config" / "datasets.tsv"
    table.write_text(table.read_text().replace("\t124\t", "\t\t"))
    jobs = planned(project, "run: {methods: [gaussian]}")
    assert jobs["filter_micrographs"] == 2
    assert filtered(project) == {"gaussian": 2}


def test_a_reference_that_does_not_exist_is_named(project: Project) -> None:
    said = complaint(project, "evaluation: {reference: nothing}")
    assert "evaluation.reference is 'nothing'" in said


def test_a_reference_is_checked_like_a_method_of_the_run(project: Project) -> None:
    """Its network would learn from halves, and the dataset has none."""
    sheet = project.folder / "config" / "micrographs.tsv"
    header, *rows = [line.split("\t") for line in sheet.read_text().splitlines()]
    single, movie = header.index("single"), header.index("movie")
    for row in rows:
        row[single], row[movie] = row[movie], ""
    sheet.write_text("".join("\t".join(row) + "\n" for row in (header, *rows)))
    said = complaint(project, "{run: {methods: [raw]}, evaluation: {reference: n2n}}")
    assert "method n2n learns from even and odd sums, but dataset films has single micrographs only" in said


def test_scores_without_any_mask_control_are_refused(project: Project) -> None:
    said = complaint(project, "methods: {mask_control: {kind: gaussian, window_px: 5}}")
    assert "methods has none of kind mask_control" in said


def test_learned_methods_plan_every_stage_once(project: Project) -> None:
    (project.folder / "mine.yaml").write_text("run: {methods: [raw, nt2c]}")
    jobs = project.planned(*LEARNED)
    assert jobs["simulate_micrographs"] == 3, "two batches to learn from, and the test batch"
    assert jobs["train_noise_gan"] == 1
    assert project.planned_by("train_denoiser", "stage", *LEARNED) == {"coarse": 1, "fine": 1}
    filtered = project.planned_by("filter_micrographs", "method", *LEARNED)
    assert filtered == {"mask_control": 3}, "the batch, its noise, and the simulated test batch"
    assert jobs["check_failures"] == 1


def test_what_a_network_has_learned_from_may_be_cleared_away(project: Project) -> None:
    """Both networks lie there, what they learned from does not: no list of failures has it made again."""
    (project.folder / "mine.yaml").write_text("run: {methods: [raw, coarse]}")
    model = project.folder / "results/films/models/coarse/main.pt"
    model.parent.mkdir(parents=True)
    model.touch()
    model.with_suffix(".tsv").touch()
    jobs = project.planned(*LEARNED)
    assert jobs["simulate_micrographs"] == 1, "the test batch alone"
    assert "train_denoiser" not in jobs and jobs["check_failures"] == 1


@pytest.mark.parametrize(
    ("mine", "picked"),
    [
        ("", {"b0001": 4, "b0002": 4, "n0001": 2}),
        ("picking: {fdr: 0.05}", {"b0001": 4, "b0002": 4, "n0001": 2}),
        ("evaluation: {batches: 0}", {"b0001": 4, "b0002": 4}),
    ],
    ids=["by default", "with a rate", "without scores"],
)
def test_every_batch_is_picked_beside_the_noise_of_the_scored_one(
    project: Project, mine: str, picked: dict[str, int]
) -> None:
    """Two methods and two pickers, of which one needs no noise: its scores do not compare."""
    (project.folder / "mine.yaml").write_text(f"run: {{methods: [raw, gaussian]}}\n{mine}\n")
    assert project.planned_by("pick_particles", "batch", "picks", "--configfile", "mine.yaml") == picked
