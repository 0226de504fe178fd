"""A real SLURM cluster on this machine for the tests of this folder, and a user's copy of the project to run on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import pytest
import tifffile
import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PROJECT = ("Snakefile", "slurm", "profiles", "workflow", "config", "envs")
STAND_INS = HERE / "stand_ins.smk"
PIXEL_SIZE_A = 1.5
METHODS = ["raw", "lowpass_20A"]

# What this machine needs besides the profile as it is shipped: there is no sacct and no account, and jobs are short.
OF_THIS_MACHINE = {
    "slurm-status-command": "squeue",
    "slurm-no-account": True,
    "slurm-init-seconds-before-status-checks": 8,
    "latency-wait": 10,
}


@dataclass(frozen=True)
class Job:
    """One job as squeue tells it; `rule` is Snakemake's name for it, `memory_mb` what it asked for."""

    number: int
    rule: str
    partition: str
    state: str
    memory_mb: int
    folder: Path


@dataclass(frozen=True)
class Cluster:
    """The running cluster, its configuration and logs under `state`."""

    state: Path

    def jobs(self, folder: Path) -> list[Job]:
        """List all jobs, also those that ended, which were submitted from a folder, in the order of submission."""
        listed = subprocess.run(
            ["squeue", "--states=all", "--noheader", "--format=%A|%k|%P|%T|%m|%Z"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        jobs = []
        for line in listed.splitlines():
            number, comment, partition, state, memory, where = line.split("|")
            rule = comment.removeprefix("rule_").split("_wildcards_")[0]
            jobs.append(Job(int(number), rule, partition, state, int(memory.removesuffix("M")), Path(where)))
        return sorted((job for job in jobs if job.folder == folder), key=lambda job: job.number)


@dataclass(frozen=True)
class Project:
    """A user's copy of the project, with tables and profile filled in."""

    folder: Path

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start `snakemake` with these words in the copy, as a user's shell would with the environment active."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        return subprocess.Popen(
            ["snakemake", *words],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Start a cluster, and end its daemons and remove its links when the tests are done, or failed."""
    for program in ("slurmctld", "slurmd", "munged", "sbatch"):
        if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None:
            _give_up(f"SLURM: {program} is not installed")
    if os.geteuid() != 0:
        _give_up("SLURM: starting a cluster needs root")
    configured = Path("/etc/slurm/slurm.conf")
    if configured.exists():
        _give_up(f"SLURM: {configured} is there, from a cluster of this machine or another test run")
    state = Path(
        tempfile.mkdtemp(prefix="clearice-slurm-")
    )  # short: the paths of sockets may not exceed 107 bytes
    try:
        started = subprocess.run(
            [HERE / "start_cluster.sh", state, str(os.getpid())],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if started.returncode != 0:
            pytest.fail(f"SLURM did not start: {started.stderr}", pytrace=False)
        yield Cluster(state)
    finally:
        subprocess.run([HERE / "stop_cluster.sh", state], stdin=subprocess.DEVNULL, check=True)
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="session")
def project(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Copy the project and fill it in with one movie and one micrograph."""
    folder = _copy_of_project(tmp_path_factory.mktemp("project"))
    _write_data(folder / "data")
    rows = [("movie", "first", "data/first.tiff"), ("single", "second", "data/second.mrc")]
    columns = ("dataset", "micrograph", "movie", "even", "odd", "single", "batch", "split")
    lines = [
        "\t".join(
            {"dataset": "tiny", "micrograph": name, kind: path, "batch": "b0001", "split": "apply"}.get(c, "")
            for c in columns
        )
        for kind, name, path in rows
    ]
    (folder / "config" / "micrographs.tsv").write_text("\n".join(["\t".join(columns), *lines, ""]))
    (folder / "config" / "datasets.tsv").write_text(
        "dataset\tpixel_size_A\tvoltage_kV\tspherical_aberration_mm\tamplitude_contrast\n"
        f"tiny\t{PIXEL_SIZE_A}\t300\t2.7\t0.1\n"
    )
    _merge(folder / "config" / "config.yaml", {"run": {"methods": METHODS, "parts": ["full"]}})
    _merge(folder / "profiles" / "slurm" / "config.yaml", OF_THIS_MACHINE)
    return Project(folder)


@pytest.fixture(scope="session")
def stand_ins(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Copy the filled-in project once more, with rules of the tests' own laid over it (see stand_ins.smk)."""
    folder = tmp_path_factory.mktemp("stand_ins") / "project"
    shutil.copytree(project.folder, folder, symlinks=True)
    shutil.copy(STAND_INS, folder)
    _merge(
        folder / "profiles" / "slurm" / "config.yaml",
        {"set-resources": {"use_gpu": {"slurm_partition": "gpu"}}},
    )
    return Project(folder)


def _give_up(why: str) -> None:
    """Skip by name, but fail where the tests were told that SLURM is there (.ci/run does)."""
    if os.environ.get("CLEARICE_NEEDS_SLURM"):
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


def _copy_of_project(parent: Path) -> Path:
    """Copy what a user gets, links as links, without results."""
    folder = parent / "project"
    folder.mkdir()
    for name in PROJECT:
        source = ROOT / name
        if source.is_symlink() or source.is_file():
            shutil.copy(source, folder / name, follow_symlinks=False)
        else:
            shutil.copytree(
                source, folder / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__")
            )
    return folder


def _write_data(folder: Path) -> None:
    """Make a counting movie of four frames, and a micrograph with its pixel size in the header."""
    folder.mkdir()
    generator = np.random.default_rng(20221)
    tifffile.imwrite(
        folder / "first.tiff",
        generator.poisson(2.0, (4, 192, 256)).astype(np.uint8),
        photometric="minisblack",
    )
    with mrcfile.new(folder / "second.mrc") as file:
        file.set_data(generator.normal(100.0, 10.0, (192, 256)).astype(np.float32))
        file.voxel_size = PIXEL_SIZE_A


def _merge(path: Path, changes: dict[str, Any]) -> None:
    """Change keys of a YAML file, as a user would in an editor; mappings are merged one level deep."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    for key, value in changes.items():
        document[key] = {**document[key], **value} if isinstance(value, dict) and document.get(key) else value
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
