"""The workflow on a real SLURM cluster, with the command of the README."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slurm, pytest.mark.slow]

HERE = Path(__file__).resolve().parent
COMMAND = ("--profile", "slurm")
OF_STAND_INS = (*COMMAND, "--snakefile", "stand_ins.smk", "stand_ins")


@dataclass(frozen=True)
class Run:
    """How a run of snakemake ended, and what it said."""

    status: int
    text: str


@pytest.fixture(scope="module")
def runs(project, stand_ins) -> dict[str, Run]:
    """Run the project and the stand-ins side by side, each in its own copy."""
    started = {"project": project.start(*COMMAND), "stand_ins": stand_ins.start(*OF_STAND_INS)}
    try:
        texts = {name: process.communicate()[0] for name, process in started.items()}
    finally:
        for process in started.values():
            if process.poll() is None:
                process.terminate()
                process.wait()
    return {name: Run(process.returncode, texts[name]) for name, process in started.items()}


def test_the_documented_command_runs_the_whole_workflow(runs, project):
    assert runs["project"].status == 0, runs["project"].text
    assert (project.folder / "results" / "report" / "index.html").stat().st_size > 0
    for method in ("raw", "lowpass_20A"):
        folder = project.folder / "results" / "tiny" / "denoised" / method / "full" / "b0001"
        assert {file.name for file in folder.glob("*.mrc")} == {"first.mrc", "second.mrc"}


def test_work_is_done_by_slurm_jobs_on_the_partition_of_the_profile(runs, project, cluster):
    jobs = cluster.jobs(project.folder)
    assert {job.partition for job in jobs} == {"cpu"}
    assert {job.state for job in jobs} == {"COMPLETED"}
    ran = Counter(job.rule for job in jobs)
    expected = {"sum_frames": 1, "link_micrographs": 1, "filter_micrographs": 1, "draw_previews": 2}
    assert {rule: ran[rule] for rule in expected} == expected
    submitted = re.findall(r"has been submitted with SLURM jobid (\d+)", runs["project"].text)
    assert sorted(map(int, submitted)) == [job.number for job in jobs]


def test_a_gpu_job_runs_on_the_gpu_partition_and_sees_one_gpu(runs, stand_ins, cluster):
    assert runs["stand_ins"].status == 0, runs["stand_ins"].text
    (job,) = [job for job in cluster.jobs(stand_ins.folder) if job.rule == "use_gpu"]
    assert (job.partition, job.state) == ("gpu", "COMPLETED")
    assert re.fullmatch(r"[01]\n", (stand_ins.folder / "stand_ins" / "gpu.txt").read_text())


def test_a_job_killed_for_its_memory_is_submitted_again_with_more(runs, stand_ins, cluster):
    assert runs["stand_ins"].status == 0, runs["stand_ins"].text
    first, second = [job for job in cluster.jobs(stand_ins.folder) if job.rule == "use_memory"]
    assert first.state in {"FAILED", "OUT_OF_MEMORY"}
    assert second.state == "COMPLETED"
    assert (first.memory_mb, second.memory_mb) == (700, 1400)
    assert (stand_ins.folder / "stand_ins" / "memory.txt").read_text() == "2\n"
    assert "exceeded memory limit" in "".join(
        log.read_text(errors="replace") for log in (cluster.state / "log").glob("slurmd-*.log")
    )


def test_a_second_run_has_nothing_to_do(runs, project, cluster):
    before = cluster.jobs(project.folder)
    again = project.start(*COMMAND)
    text, _ = again.communicate()
    assert again.returncode == 0, text
    assert "Nothing to be done" in text
    assert cluster.jobs(project.folder) == before


def test_nothing_is_left_in_the_queue(runs):
    queued = subprocess.run(["squeue", "--noheader"], check=True, capture_output=True, text=True).stdout
    assert queued == ""


def test_a_cluster_that_is_configured_is_never_replaced(cluster, tmp_path):
    before = Path("/etc/slurm/slurm.conf").readlink()
    refused = subprocess.run(
        [HERE / "start_cluster.sh", tmp_path, "1"], capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert "is there already" in refused.stderr
    assert Path("/etc/slurm/slurm.conf").readlink() == before
