"""The last lines of a run: counts, first reasons told once, failed jobs, and where to look."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clearice.reporting.outcome import MOST_REASONS, describe_outcome
from clearice.reporting.records import FAILED, OK, SKIPPED, Record
from clearice.run.ended import KILLED, seen_from, why_jobs_failed
from clearice.run.places import Place


def record(micrograph: str, status: str = FAILED, reason: str = "", stage: str = "sums") -> Record:
    return Record(stage, Place("films", stage), Path("manifest.tsv"), micrograph, status, reason)


def described(*records: Record, **more: object) -> str:
    by_stage = {stage: [one for one in records if one.stage == stage] for stage in ("sums", "denoised")}
    values = {"unmade": 0, "failed_jobs": {}, "places": {}} | more
    return "\n".join(describe_outcome(by_stage, **values))  # type: ignore[arg-type]


def test_what_is_ok_failed_and_skipped_is_counted_by_stage() -> None:
    said = described(record("a", OK), record("b"), record("c", SKIPPED), record("a", OK, stage="denoised"))
    assert "sums 1 ok, 1 failed, 1 skipped; denoised 1 ok." in said


def test_a_failure_that_is_carried_on_is_told_once() -> None:
    said = described(record("a", reason="a.mrc is cut"), record("a", reason="a.mrc is cut", stage="denoised"))
    assert said.count("a.mrc is cut") == 1 and "films/a, in sums: a.mrc is cut" in said


def test_reasons_that_differ_in_the_name_alone_are_one_line() -> None:
    said = described(*(record(f"m{number}", reason=f"m{number}.mrc is missing") for number in range(300)))
    assert "films/m0 and 299 more, in sums: m0.mrc is missing" in said
    assert len(said.splitlines()) == 2


def test_many_reasons_stay_a_few_lines() -> None:
    said = described(*(record("m", reason=f"reason {number}") for number in range(40)))
    assert len(said.splitlines()) == 2 + MOST_REASONS
    assert f"and {40 - MOST_REASONS} more, for other reasons" in said


def test_many_failed_jobs_stay_a_few_lines() -> None:
    jobs = {f"logs/{number}.log": "it broke" for number in range(40)}
    said = described(failed_jobs=jobs, unmade=3)
    assert "it broke (log: logs/0.log)" in said and f"{40 - MOST_REASONS} jobs more" in said
    assert "Not made yet: 3 batches" in said


def test_the_places_to_look_come_last() -> None:
    assert described(record("a"), places={"Report": "page.html"}).endswith("\nReport: page.html")


def test_a_failed_job_is_told_by_the_last_error_of_its_log(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    log.write_text(
        "2026-01-01 10:00:00,1 ERROR first\n2026-01-01 10:00:00,1 ERROR last\nTraceback\n", "utf-8"
    )
    assert why_jobs_failed([str(log)], 0) == {str(log): "last"}


def test_a_job_that_left_no_error_was_killed(tmp_path: Path) -> None:
    log = tmp_path / "train_coarse" / "main.log"
    log.parent.mkdir()
    log.write_text("2026-01-01 10:00:00,1 INFO step 3 of 9\n", "utf-8")
    assert why_jobs_failed([str(log)], 0)[str(log)] == f"train_coarse main {KILLED}"


def test_a_job_that_was_not_started_did_not_fail(tmp_path: Path) -> None:
    log = tmp_path / "old.log"
    log.write_text("2026-01-01 10:00:00,1 ERROR of yesterday\n", "utf-8")
    os.utime(log, (1000, 1000))
    assert why_jobs_failed([str(log), str(tmp_path / "none.log")], 2000) == {}


def test_a_path_is_whole_where_snakemake_was_started_in_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path / "run")
    assert seen_from(str(tmp_path / "run"), "results/a.html") == "results/a.html"
    assert seen_from(str(tmp_path), "results/a.html") == str(tmp_path / "run" / "results" / "a.html")
