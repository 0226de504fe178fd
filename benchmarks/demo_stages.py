"""Time the demo: CPU seconds of each stage, of all jobs together, and on the clock.

    python benchmarks/demo_stages.py --older

Runs what `make demo` runs, in a copy of the project without results, and reads the benchmark files of its jobs. CPU
seconds are those of the processes, starts of Python included; "everything else" is what jobs without a benchmark file,
the starts of the others, and Snakemake itself take. With --older the processor's AVX-512 is hidden and float32 stated.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("Snakefile", "workflow", "config", "profiles", "envs", "resources")
OLDER = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
FLOAT32 = "training: {precision: float32}\ninference: {precision: float32}\n"


def main() -> None:
    """Run the demo and print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--older", action="store_true", help="as on a processor with AVX2 alone, in float32")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, folder / part)
        (folder / "arithmetic.yaml").write_text(FLOAT32 if arguments.older else "{}\n")
        wall_s, cpu_s = run_demo(folder, OLDER if arguments.older else {})
        stages = stages_of(folder / "logs")
    print(f"{platform.machine()}, {os.cpu_count()} cores, {datetime.date.today()}\n")
    print("| stage | jobs | CPU s |\n| --- | --- | --- |")
    for stage, (jobs, seconds) in sorted(stages.items(), key=lambda item: -item[1][1]):
        print(f"| {stage} | {jobs} | {seconds:.0f} |")
    print(f"| everything else | | {cpu_s - sum(seconds for _, seconds in stages.values()):.0f} |")
    print(f"| **all** (on the clock {wall_s / 60:.1f} min) | | {cpu_s:.0f} |")


def run_demo(folder: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Run the demo in a folder; return seconds on the clock and of all its processes."""
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/local", "--quiet", "--configfile"]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    path = str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]
    subprocess.run(
        [*command, "config/demo/config.yaml", "arithmetic.yaml"],
        cwd=folder,
        check=True,
        env={**os.environ, "PATH": path, **environment},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def stages_of(logs: Path) -> dict[str, tuple[int, float]]:
    """Add up jobs and CPU seconds by the folder that Snakemake's benchmark files lie in."""
    found: dict[str, tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    for path in logs.rglob("*.benchmark.tsv"):
        stage = path.relative_to(logs).parts[1]
        with path.open() as stream:
            for row in csv.DictReader(stream, delimiter="\t"):
                jobs, seconds = found[stage]
                known = row["cpu_time"] not in {"NA", "-"}  # a job shorter than Snakemake's look at it
                found[stage] = (jobs + 1, seconds + (float(row["cpu_time"]) if known else 0.0))
    return dict(found)


if __name__ == "__main__":
    main()
