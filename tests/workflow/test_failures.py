"""Bad movies stop nothing: they become failed rows, are counted, and can be retried."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from clearice.batches import read_manifest
from support.project import Project, fill_tables, make_checkout, write_movie

pytestmark = pytest.mark.xdist_group("workflow_failures")


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project run once with one movie missing and one truncated; two methods keep it quick."""
    project = make_checkout(tmp_path_factory.mktemp("broken"))
    fill_tables(project)
    config = project.folder / "config" / "config.yaml"
    text = config.read_text()
    config.write_text(text.replace("[raw, lowpass_20A, binning_2x, gaussian, bandpass]", "[raw, gaussian]"))
    (project.folder / "data" / "film1.mrc").unlink()
    film = project.folder / "data" / "film2.mrc"
    film.write_bytes(film.read_bytes()[:-5000])
    return project


def rows(project: Project, place: str) -> dict[str, tuple[str, str]]:
    manifest = project.folder / "results" / place / "manifest.tsv"
    return {row.micrograph: (row.status, row.reason) for row in read_manifest(manifest)}


def test_bad_movies_are_failed_rows_carried_to_the_end_and_the_gate_speaks_last(broken: Project) -> None:
    done = broken.snakemake()
    said = done.stdout + done.stderr
    assert done.returncode != 0
    log = (broken.folder / "logs" / "check_failures.log").read_text()
    assert "2 of 8 micrographs failed in sums, more than max_failed_fraction 0.1 allows" in log
    assert "retry_failures.py" in log
    sums = rows(broken, "films/sums/full/b0001")
    assert sums["film0"] == ("ok", "")
    assert sums["film1"][0] == "failed" and "film1.mrc" in sums["film1"][1]
    assert rows(broken, "films/denoised/gaussian/full/b0001") == sums
    assert rows(broken, "films/sums/full/b0002")["film2"][0] == "failed"
    assert rows(broken, "films/sums/full/b0002")["film3"][0] == "ok"
    assert (broken.folder / "results" / "report" / "index.html").exists(), said


def test_the_report_and_the_provenance_name_what_failed(broken: Project) -> None:
    page = (broken.folder / "results" / "report" / "index.html").read_text()
    assert "film1" in page and "film2" in page
    record = json.loads((broken.folder / "results" / "provenance.json").read_text())
    assert any("film2" in place for place in record["failed"])
    assert not any("film2" in place for place in record["sha256"])


def test_a_higher_limit_lets_the_run_end_well(broken: Project) -> None:
    broken.run("--config", "max_failed_fraction=0.5")
    table = (broken.folder / "results" / "failures.tsv").read_text()
    assert table.count("film1") == 3 and table.count("film2") == 3


def test_a_single_frame_or_micrograph_has_no_halves_and_says_so(broken: Project) -> None:
    status, reason = rows(broken, "singles/sums/odd/b0001")["single0"]
    assert status == "skipped" and "no even and odd sums" in reason


def test_a_movie_that_appears_later_is_made_without_asking(broken: Project) -> None:
    write_movie(broken.folder / "data" / "film1.mrc", 1)
    planned = broken.planned("sums")
    planned.pop("sums", None)
    assert planned == {"sum_frames": 1}


def test_retry_makes_just_the_batches_with_failures_again(broken: Project) -> None:
    said = broken.script("retry_failures", "--dry_run", "true")
    assert "film2" in said and "1 to retry (dry run)" in said
    write_movie(broken.folder / "data" / "film2.mrc", 2)
    broken.script("retry_failures")
    broken.run()
    assert all(status == "ok" for place in ("b0001", "b0002") for status, _ in rows(broken, f"films/sums/full/{place}").values())
    assert (broken.folder / "results" / "failures.tsv").read_text().count("\n") == 1


def test_no_half_written_file_is_left(broken: Project) -> None:
    assert not list((broken.folder / "results").rglob("*.partial*"))


def test_a_dataset_that_knows_only_its_pixel_size_runs(broken: Project, tmp_path: Path) -> None:
    table = broken.folder / "config" / "datasets.tsv"
    lines = table.read_text().splitlines()
    table.write_text("\n".join([lines[0], *("\t".join([*line.split("\t")[:2], *[""] * (lines[0].count("\t") - 1)]) for line in lines[1:])]) + "\n")
    broken.run("export")
    star = (broken.folder / "results" / "films" / "export" / "micrographs.star").read_text()
    assert "_rlnMicrographPixelSize" in star and "_rlnVoltage" not in star
