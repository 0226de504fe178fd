"""What reruns after a change, on real dry runs: exactly what is behind it, and nothing else."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from clearice.run.batches import read_manifest
from support.project import Project, write_movie
from support.rules import read_rules

METHODS = 5
BATCHES = 5
SHOWN = 4  # the report shows two batches of each dataset at most
FILTERS = METHODS - 1
PARAMS = {
    "code", "settings", "rows", "splits", "stage", "variant", "batch", "dataset", "method", "part", "picker", "reference",
    "scores_compare", "side_folder", "folder", "flip_y", "expected", "run_methods", "datasets", "steps", "taken", "own_stage", "alike",
}  # fmt: skip
PAGE = {"write_report": 1, "write_provenance": 1, "list_failures": 1, "check_failures": 1}


def edit(project: Project, path: str, old: str, new: str) -> None:
    file = project.folder / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_a_second_run_has_nothing_to_do(project: Project) -> None:
    assert "Nothing to be done" in project.run()


def test_a_changed_line_in_a_library_module_reruns_the_rules_behind_it(project: Project) -> None:
    edit(
        project,
        "workflow/scripts/clearice/image/filters.py",
        "np.sin(np.pi * position)",
        "np.sin(np.pi * position) * 1.0",
    )
    planned = project.planned()
    assert planned["filter_micrographs"] == FILTERS * BATCHES
    assert planned["draw_previews"] == METHODS * SHOWN
    assert (
        "sum_frames" not in planned
        and "link_micrographs" not in planned
        and "export_micrographs" not in planned
    )


def test_a_changed_line_deep_in_the_movies_reruns_from_the_sums_on(project: Project) -> None:
    module = project.folder / "workflow/scripts/clearice/movies/sums.py"
    module.write_text(module.read_text() + "\n\n_NOTHING = 0\n")
    assert project.planned()["sum_frames"] == BATCHES


def test_a_changed_comment_reruns_nothing(project: Project) -> None:
    for path in (
        "workflow/scripts/sum_frames.py",
        "workflow/scripts/clearice/movies/sums.py",
        "workflow/scripts/clearice/run/batches.py",
    ):
        file = project.folder / path
        file.write_text(file.read_text() + "\n# a thought\n")
    assert project.planned() == {}


def test_a_changed_docstring_of_a_rules_script_reruns_nothing(project: Project) -> None:
    edit(
        project,
        "workflow/scripts/filter_micrographs.py",
        '"""Denoise the micrographs',
        '"""Smooth the micrographs',
    )
    assert project.planned() == {}


def test_a_changed_setting_reruns_its_rule_and_what_follows(project: Project) -> None:
    edit(project, "config/advanced.yaml", "resolution_A: 20 ", "resolution_A: 24 ")
    planned = project.planned()
    assert planned == {"filter_micrographs": BATCHES, "draw_previews": SHOWN, **PAGE}


def test_a_value_cannot_hide_behind_an_equal_one(project: Project) -> None:
    """Snakemake compares params as a set of values: frames 1 to 2 in turns of 1 and binning 2 would look like the change below."""
    table = project.folder / "config" / "datasets.tsv"
    header = table.read_text().splitlines()[0].split("\t")
    cells = {
        "gain_operation": "multiply",
        "gain_flip": "none",
        "gain_rotation": "1",
        "first_frame": "1",
        "last_frame": "2",
    }
    row = {"dataset": "halves", "pixel_size_A": "2.0", "sum_binning": "2", **cells}
    rest = [line for line in table.read_text().splitlines()[1:] if not line.startswith("halves")]
    for last_frame in ("2", "1"):
        line = "\t".join({**row, "last_frame": last_frame}.get(name, "") for name in header)
        table.write_text("\n".join(["\t".join(header), *rest, line]) + "\n")
        if last_frame == "2":
            project.run("sums")
    assert project.planned("sums")["sum_frames"] == 1


def test_two_settings_that_swap_their_values_rerun_their_rule(project: Project) -> None:
    """Settings travel as one mapping, whose text holds names and values; apart they would be a set of equal values."""
    edit(project, "config/advanced.yaml", "width_px: 900 ", "width_px: 400 ")
    edit(project, "config/advanced.yaml", "detail_px: 400 ", "detail_px: 900 ")
    assert project.planned()["draw_previews"] == METHODS * SHOWN


def test_no_rule_hands_over_two_numbers_apart(project: Project) -> None:
    """Snakemake compares params as a set of values: what swaps between two of them goes unnoticed."""
    numbers = {"seed", "max_failed_fraction"}
    for name, rule in read_rules().items():
        found = {"settings" if key in numbers else key for key in rule.names("params")}
        assert found <= PARAMS, f"{name} hands over {found - PARAMS}"
        assert len(numbers & rule.names("params")) <= 1


def test_a_line_of_one_filter_reruns_that_filter_alone(project: Project) -> None:
    module = project.folder / "workflow/scripts/clearice/denoisers/gaussian.py"
    module.write_text(module.read_text() + "\n\n_NOTHING = 0\n")
    assert project.planned_by("filter_micrographs", "method") == {"gaussian": BATCHES}


def test_the_words_of_a_setting_and_of_a_log_line_rerun_nothing(project: Project) -> None:
    edit(
        project,
        "workflow/scripts/clearice/config/kinds/gaussian.py",
        "Standard deviation in px",
        "Width in px",
    )
    edit(project, "workflow/scripts/clearice/run/batches.py", "%s failed: %s", "%s is no good: %s")
    assert project.planned() == {}


def test_a_changed_column_of_one_dataset_reruns_that_dataset(project: Project) -> None:
    edit(project, "config/datasets.tsv", "halves\t2.0", "halves\t2.005")
    planned = project.planned()
    assert planned["sum_frames"] == 1
    assert planned["filter_micrographs"] == FILTERS


def test_a_method_that_is_added_makes_only_its_own_jobs(project: Project) -> None:
    edit(project, "config/config.yaml", "gaussian, bandpass]", "gaussian, bandpass, lowpass_30A]")
    edit(
        project,
        "config/advanced.yaml",
        "methods:\n  raw:",
        "methods:\n  lowpass_30A: {kind: lowpass, resolution_A: 30, edge_fraction: 0.2}\n  raw:",
    )
    assert project.planned() == {"filter_micrographs": BATCHES, "draw_previews": SHOWN, **PAGE}


def test_an_appended_batch_makes_only_new_jobs(project: Project) -> None:
    write_movie(project.folder / "data" / "film9.mrc", 9)
    project.list_movies("films", "data/film*.mrc")
    planned = project.planned()
    assert planned.pop("export_micrographs") == 1
    assert planned == {
        "sum_frames": 1,
        "link_micrographs": 1,
        "filter_micrographs": FILTERS,
        **PAGE,
    }


def test_movies_removed_after_success_rerun_nothing(project: Project) -> None:
    for movie in (project.folder / "data").glob("*.mrc"):
        movie.unlink()
    assert project.planned() == {}


def test_a_movie_that_is_newer_than_its_sums_reruns_its_batch(project: Project) -> None:
    write_movie(project.folder / "data" / "film0.mrc", 77)
    planned = project.planned()
    assert planned["sum_frames"] == 1 and planned["filter_micrographs"] == FILTERS


def test_a_setting_that_cannot_reach_the_sums_of_removed_movies_is_an_error_of_the_gate(
    project: Project,
) -> None:
    for movie in (project.folder / "data").glob("film*.mrc"):
        movie.unlink()
    edit(project, "config/datasets.tsv", "films\t2.0", "films\t2.2")
    done = project.snakemake()
    assert done.returncode != 0
    said = (project.folder / "logs" / "check_failures" / "all.log").read_text()
    assert (
        "were made with pixel_size_A 2.0, but the datasets table says 2.2, and their movies are gone" in said
    )
    assert read_manifest(project.folder / "results/films/sums/full/b0001/manifest.tsv")[0].status == "ok"


def test_asking_for_a_gpu_elsewhere_reruns_nothing(project: Project) -> None:
    edit(project, "config/config.yaml", "gpus_per_job: auto", "gpus_per_job: 1")
    assert project.planned() == {}


def test_a_higher_limit_on_what_files_may_claim_reruns_no_work(project: Project) -> None:
    edit(project, "config/advanced.yaml", "most_frames: 10000", "most_frames: 20000")
    assert set(project.planned()) <= set(PAGE)


def test_a_named_target_goes_only_so_far(project: Project) -> None:
    edit(project, "config/advanced.yaml", "resolution_A: 20 ", "resolution_A: 24 ")
    gate = {"check_failures": 1}
    assert project.planned("sums") == {"sums": 1, **gate}
    assert project.planned("denoised") == {"denoised": 1, "filter_micrographs": BATCHES, **gate}


def test_equal_runs_give_equal_bytes(project: Project, finished: Project) -> None:
    shutil.rmtree(project.folder / "results")
    project.run()
    files = sorted(
        path.relative_to(finished.folder)
        for path in (finished.folder / "results").rglob("*")
        if path.is_file()
    )
    assert len(files) > 50
    different = [
        str(path)
        for path in files
        if (finished.folder / path).read_bytes() != (project.folder / path).read_bytes()
    ]
    assert different == []


@pytest.mark.parametrize("wrong", ["methods.gaussian.sigma_px=-1", "colour=red"])
def test_a_wrong_setting_ends_in_one_sentence_before_any_job(project: Project, wrong: str) -> None:
    section, _, value = wrong.partition("=")
    if "." in section:
        edit(project, "config/advanced.yaml", "sigma_px: 9", "sigma_px: -9")
    else:
        edit(project, "config/advanced.yaml", "seed: 20221", f"seed: 20221\n{section}: {value}")
    done = project.snakemake("-n")
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert re.search(
        r"config: (methods.gaussian: )?(sigma_px is -9, but must be more than 0|key 'colour' is unknown)",
        said,
    )
    assert "Traceback" not in said


def test_the_tables_may_lie_anywhere(project: Project, tmp_path: Path) -> None:
    (project.folder / "config" / "micrographs.tsv").rename(project.folder / "mine.tsv")
    done = project.snakemake("-n")
    assert (
        "config: micrographs is config/micrographs.tsv, but there is no such file"
        in done.stdout + done.stderr
    )
    assert project.planned("--config", "micrographs=mine.tsv") in (
        {},
        PAGE,
        {"write_provenance": 1, "write_report": 1},
    )
