"""Measure what planning costs: `snakemake -n` for a sheet of many movies, through all rules.

    python benchmarks/plan_scale.py --movies 10000 --batch-sizes 50 100

The movies are empty files in a temporary folder, each batch size is planned several times in a process of its own, and
the medians are printed as a Markdown table. CPU seconds are the figure to compare: wall time grows with the load.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHEET = "dataset\tmicrograph\tmovie\teven\todd\tsingle\tbatch\tsplit\n"
DATASETS = (
    "dataset\tpixel_size_A\tvoltage_kV\tspherical_aberration_mm\tamplitude_contrast\nmany\t1\t300\t2.7\t0.1\n"
)
MAX_CPU_S, MAX_MEMORY_MB = 5.0, 300.0
KIB_PER_MB = 1e6 / 1024


@dataclass(frozen=True)
class Plan:
    """What a dry run planned, and what that took.

    Attributes
    ----------
    jobs
        Jobs it would start.
    cpu_s
        Seconds of all cores.
    wall_s
        Seconds on the clock.
    memory_mb
        Largest memory of the process.
    """

    jobs: int
    cpu_s: float
    wall_s: float
    memory_mb: float


def main() -> None:
    """Write sheets, plan them, print the table; status 1 where the goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--movies", type=int, default=10_000, help="rows of the sheet (default: %(default)s)")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[50, 100], help="(default: 50 100)")
    parser.add_argument(
        "--repeats", type=int, default=3, help="dry runs behind each median (default: %(default)s)"
    )
    parser.add_argument(
        "--methods", nargs="*", default=[], help="names of the config (default: those it runs)"
    )
    parser.add_argument("--options", default="", help="further words for snakemake, in one quoted string")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_movies(folder, arguments.movies)
        words = [*method_words(arguments.methods), *arguments.options.split()]
        plans = {}
        for batch_size in arguments.batch_sizes:
            write_sheet(folder, arguments.movies, batch_size)
            dry_runs = [plan(folder, words) for _ in range(arguments.repeats)]
            plans[batch_size] = Plan(
                *(statistics.median(one) for one in zip(*map(values, dry_runs), strict=True))
            )
    print(describe(arguments.movies, arguments.repeats, words))
    print(table(plans))
    if any(one.cpu_s > MAX_CPU_S or one.memory_mb > MAX_MEMORY_MB for one in plans.values()):
        print(f"\nThe goal is missed: {MAX_CPU_S:g} CPU seconds and {MAX_MEMORY_MB:g} MB.")
        sys.exit(1)


def write_movies(folder: Path, count: int) -> None:
    """Make the empty movies and the table of their dataset."""
    (folder / "movies").mkdir()
    for number in range(count):
        (folder / "movies" / f"m{number:05d}.tiff").touch()
    (folder / "datasets.tsv").write_text(DATASETS, encoding="utf-8")


def write_sheet(folder: Path, count: int, batch_size: int) -> None:
    """Write the sheet of all movies in batches."""
    rows = [
        f"many\tm{number:05d}\tmovies/m{number:05d}.tiff\t\t\t\tb{number // batch_size + 1:04d}\tapply\n"
        for number in range(count)
    ]
    (folder / "micrographs.tsv").write_text(SHEET + "".join(rows), encoding="utf-8")


def method_words(methods: Sequence[str]) -> list[str]:
    """Return the words that set which methods are run, none to leave the config as it is."""
    return [f"run={{methods: [{', '.join(methods)}], parts: [full]}}"] if methods else []


def plan(folder: Path, words: Sequence[str]) -> Plan:
    """Plan once.

    Raises
    ------
    SystemExit
        Snakemake ended with an error.
    """
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--dry-run",
        "--quiet",
        "rules",
        "--snakefile",
        str(ROOT / "Snakefile"),
    ]
    command += ["--config", "datasets=datasets.tsv", "micrographs=micrographs.tsv", *words]
    output = folder / "output.txt"
    start = time.monotonic()
    with output.open("w") as stream:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
    wall_s = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    text = output.read_text()
    total = re.search(r"^total\s+(\d+)", text, re.MULTILINE)
    if process.returncode != 0 or total is None:
        sys.exit(f"snakemake ended with status {process.returncode}:\n{text[-3000:]}")
    return Plan(int(total[1]), used.ru_utime + used.ru_stime, wall_s, used.ru_maxrss / KIB_PER_MB)


def values(one: Plan) -> tuple[float, float, float, float]:
    """Return the numbers of a plan in the order of its fields."""
    return one.jobs, one.cpu_s, one.wall_s, one.memory_mb


def describe(movies: int, repeats: int, words: Sequence[str]) -> str:
    """Describe what was measured, where and when."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"`snakemake -n` for {movies} movies{' with ' + ' '.join(words) if words else ''}, median of {repeats}; "
        f"{datetime.date.today()}, {os.cpu_count()} cores (load {load}), Python {platform.python_version()}.\n"
    )


def table(plans: dict[int, Plan]) -> str:
    """Format the medians by batch size."""
    lines = ["| batch size | jobs | CPU s | wall s | peak MB |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {size} | {one.jobs:.0f} | {one.cpu_s:.1f} | {one.wall_s:.1f} | {one.memory_mb:.0f} |"
        for size, one in plans.items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
