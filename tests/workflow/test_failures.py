"""Bad movies stop nothing: they become failed rows, are counted, and can be retried."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from clearice.files.tables import read_table
from clearice.run.batches import read_manifest
from support.project import Project, fill_tables, make_checkout, write_movie

PLACES = (
    "films/sums/full/b0001",
    "films/sums/full/b0002",
    "films/denoised/gaussian/full/b0001",
    "singles/sums/odd/b0001",
)


@dataclass(frozen=True)
class State:
    """What a project looked like after a run."""

    project: Project
    returncode: int
    rows: dict[str, dict[str, tuple[str, str]]]
    failures: list[dict[str, str]]
    gate_log: str
    said: str
    page: str
    provenance: dict[str, dict[str, str]]


def look(project: Project, done: subprocess.CompletedProcess[str]) -> State:
    results = project.folder / "results"
    return State(
        project,
        done.returncode,
        {
            place: {
                row.micrograph: (row.status, row.reason)
                for row in read_manifest(results / place / "manifest.tsv")
            }
            for place in PLACES
        },
        read_table(results / "failures.tsv"),
        (project.folder / "logs" / "check_failures" / "all.log").read_text(),
        done.stdout + done.stderr,
        (results / "report" / "index.html").read_text(),
        json.loads((results / "provenance.json").read_text()),
    )


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> State:
    """A project run with one movie missing and one truncated; two methods keep it quick."""
    project = make_checkout(tmp_path_factory.mktemp("broken"))
    fill_tables(project)
    config = project.folder / "config" / "config.yaml"
    config.write_text(
        config.read_text().replace("[raw, lowpass_20A, binning_2x, gaussian, bandpass]", "[raw, gaussian]")
    )
    (project.folder / "data" / "film1.mrc").unlink()
    film = project.folder / "data" / "film2.mrc"
    film.write_bytes(film.read_bytes()[:-5000])
    return look(project, project.snakemake())


@pytest.fixture(scope="module")
def tolerant(broken: State) -> State:
    """The same project, run again with a higher limit."""
    return look(broken.project, broken.project.snakemake("--config", "max_failed_fraction=0.5"))


@pytest.fixture(scope="module")
def mended(tolerant: State) -> tuple[State, dict[str, int], str]:
    """The same project after the missing movie came, the truncated one was mended, and failures were retried."""
    project = tolerant.project
    write_movie(project.folder / "data" / "film1.mrc", 1)
    planned = project.planned("sums")
    said = project.script("retry_failures", "--dry_run", "true")
    write_movie(project.folder / "data" / "film2.mrc", 2)
    project.script("retry_failures")
    return look(project, project.snakemake()), planned, said


def test_bad_movies_are_failed_rows_and_their_neighbours_are_made(broken: State) -> None:
    sums = broken.rows["films/sums/full/b0001"]
    assert sums["film0"] == ("ok", "")
    assert sums["film1"][0] == "failed" and "film1.mrc" in sums["film1"][1]
    assert broken.rows["films/sums/full/b0002"]["film2"][0] == "failed"
    assert broken.rows["films/sums/full/b0002"]["film3"] == ("ok", "")


def test_a_failure_is_carried_downstream_with_its_reason(broken: State) -> None:
    assert broken.rows["films/denoised/gaussian/full/b0001"] == broken.rows["films/sums/full/b0001"]


def test_the_gate_speaks_after_everything_else_is_made(broken: State) -> None:
    assert broken.returncode != 0
    assert "2 of 7 micrographs failed in sums, more than max_failed_fraction 0.1 allows" in broken.gate_log
    assert "retry_failures.py" in broken.gate_log
    assert "film1" in broken.page and "film2" in broken.page


def test_failures_are_listed_also_where_they_are_too_many(broken: State) -> None:
    assert {row["micrograph"] for row in broken.failures} == {"film1", "film2"}


def test_a_run_ends_with_its_counts_its_first_reasons_and_where_to_look(
    broken: State, tolerant: State
) -> None:
    for state in (broken, tolerant):
        _, _, summary = state.said.rpartition("Micrographs: sums 5 ok, 2 failed; denoised 10 ok, 4 failed")
        assert summary.count("films/film1, in sums: data/film1.mrc is missing") == 1
        assert "Report: results/report/index.html" in state.said
        assert ("logs/check_failures/all.log" in summary) == (state.returncode != 0)


def test_nothing_left_is_an_error_for_a_target_that_goes_only_so_far(tmp_path: Path) -> None:
    project = make_checkout(tmp_path)
    fill_tables(project)
    for film in (project.folder / "data").glob("film*.mrc"):
        film.write_bytes(film.read_bytes()[:-5000])
    done = project.snakemake("sums", "--config", "max_failed_fraction=1.0")
    assert done.returncode != 0
    _, found, summary = (done.stdout + done.stderr).rpartition("Micrographs: sums 2 ok, 5 failed.")
    assert found and "all 5 micrographs of dataset films failed in sums" in summary
    assert "films/film0 and 4 more, in sums" in summary


def test_the_provenance_names_what_failed(broken: State) -> None:
    assert any("film2" in place for place in broken.provenance["failed"])
    assert not any("film2" in place for place in broken.provenance["sha256"])


def test_a_micrograph_without_halves_says_so_and_is_no_failure(broken: State) -> None:
    status, reason = broken.rows["singles/sums/odd/b0001"]["single0"]
    assert status == "skipped" and "no even and odd sums" in reason


def test_a_higher_limit_lets_the_run_end_well_and_lists_the_failures(tolerant: State) -> None:
    assert tolerant.returncode == 0
    failed = [(row["stage"], row["micrograph"]) for row in tolerant.failures]
    assert sorted(failed) == sorted(
        [("sums", "film1"), ("sums", "film2"), *[("denoised", "film1"), ("denoised", "film2")] * 2]
    )


def test_a_movie_that_appears_later_is_made_without_asking(mended: tuple[State, dict[str, int], str]) -> None:
    planned = {name: count for name, count in mended[1].items() if name != "sums"}
    assert planned == {"sum_frames": 1, "check_failures": 1}


def test_retry_names_the_failures_and_makes_just_their_batches_again(
    mended: tuple[State, dict[str, int], str],
) -> None:
    state, _, said = mended
    assert "film2" in said and "1 to retry (dry run)" in said
    assert state.returncode == 0 and state.failures == []
    assert all(status == "ok" for place in PLACES[:3] for status, _ in state.rows[place].values())


def test_no_half_written_file_is_left(mended: tuple[State, dict[str, int], str]) -> None:
    assert not list((mended[0].project.folder / "results").rglob("*.partial*"))


def test_a_dataset_that_knows_only_its_pixel_size_runs(mended: tuple[State, dict[str, int], str]) -> None:
    project = mended[0].project
    table = project.folder / "config" / "datasets.tsv"
    header, *lines = table.read_text().splitlines()
    bare = ["\t".join([*line.split("\t")[:2], *[""] * (header.count("\t") - 1)]) for line in lines]
    table.write_text("\n".join([header, *bare]) + "\n")
    project.run("export")
    star = (project.folder / "results" / "films" / "export" / "micrographs.star").read_text()
    assert "_rlnMicrographPixelSize" in star and "_rlnVoltage" not in star


def test_a_path_of_a_table_is_where_the_message_says(tmp_path: Path) -> None:
    project = make_checkout(tmp_path)
    done = project.snakemake("-n")
    assert "config/datasets.tsv has no row; add one row per dataset" in done.stdout + done.stderr
