"""A product that is deleted or changed is made again, and a dry run says so and changes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

from support.project import Project

BATCHES, SHOWN = 5, 4
DENOISED = "results/films/denoised/gaussian/full/b0001"


def state(project: Project) -> dict[str, int]:
    results = project.folder / "results"
    return {str(path): path.lstat().st_mtime_ns for path in results.rglob("*")}


def test_a_missing_file_is_made_again_with_what_follows_and_then_nothing_is_to_be_done(
    project: Project,
) -> None:
    (project.folder / DENOISED / "film0.mrc").unlink()
    before = state(project)
    planned = project.planned()
    assert planned["filter_micrographs"] == 1 and "sum_frames" not in planned
    assert project.planned("export") == {"check_failures": 1, "export": 1}, (
        "a target that does not rest on it"
    )
    assert state(project) == before
    said = project.run("denoised")
    assert f"{DENOISED}: film0.mrc is missing or changed since the batch was made; it is made again" in said
    assert (project.folder / DENOISED / "film0.mrc").is_file()
    assert project.planned() == {}, "the same bytes came back, so nothing that rests on them is old"


def test_deleted_products_are_made_again_by_the_default_target(project: Project) -> None:
    for folder in (project.folder / "results").glob("*/denoised/gaussian"):
        shutil.rmtree(folder)
    planned = project.planned()
    assert planned["filter_micrographs"] == BATCHES and planned["draw_previews"] == SHOWN
    for folder in (project.folder / "results").glob("*/sums"):
        shutil.rmtree(folder)
    assert project.planned()["sum_frames"] == BATCHES


def test_sums_of_movies_that_are_gone_are_told_and_left(project: Project) -> None:
    (project.folder / "data" / "film0.mrc").unlink()
    sums = Path("results/films/sums/full/b0001")
    (project.folder / sums / "film0.mrc").unlink()
    said = project.run("-n", "sums")
    assert f"{sums}: film0.mrc is missing or changed, but the batch is not made again" in said
    assert "data/film0.mrc is gone" in said and "sum_frames" not in said
