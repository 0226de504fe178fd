"""A checkout of the project that a test can run and change."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import mrcfile
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("Snakefile", "workflow", "config", "profiles", "slurm", "envs", "resources")
SIDE_PX = 72


@dataclass(frozen=True)
class Project:
    """A checkout of the project in which snakemake can be run."""

    folder: Path

    def snakemake(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run snakemake as a user does, with the project's local profile."""
        return self.snakemake_as_is("--profile", "profiles/local", *words)

    def snakemake_as_is(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run snakemake with these words alone."""
        command = [sys.executable, "-m", "snakemake", *words]
        folder = str(Path(sys.executable).parent)
        environment = {**os.environ, "PATH": folder + os.pathsep + os.environ["PATH"], "OMP_NUM_THREADS": "1"}
        environment["PWD"] = str(self.folder)
        return subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, env=environment, check=False
        )

    def run(self, *words: str) -> str:
        """Run snakemake, which must succeed, and give what it said."""
        done = self.snakemake(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def planned(self, *words: str) -> dict[str, int]:
        """Count the jobs of each rule that a dry run would start; an empty dict means nothing to be done."""
        said = self.run("-n", *words)
        if "Nothing to be done" in said:
            return {}
        stats = re.search(r"^job\s+count\n[- ]+\n(.*?)^total", said, re.MULTILINE | re.DOTALL)
        assert stats, said
        counts = {
            name: int(count) for name, count in re.findall(r"^(\w+)\s+(\d+)$", stats.group(1), re.MULTILINE)
        }
        return {name: count for name, count in counts.items() if name != "all"}

    def planned_by(self, rule: str, wildcard: str, *words: str) -> Counter[str]:
        """Count the jobs of a rule that a dry run would start, by the value of one of its wildcards."""
        said = self.run("-n", *words)
        blocks = re.findall(rf"^(?:local)?rule {rule}:\n((?: +.*\n)+)", said, re.MULTILINE)
        return Counter(
            value for lines in blocks for value in re.findall(rf"wildcards: .*\b{wildcard}=(\w+)", lines)
        )

    def script(self, name: str, *flags: str) -> str:
        """Run a step's script from the shell."""
        done = subprocess.run(
            [sys.executable, f"workflow/scripts/{name}.py", *flags],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    def list_movies(self, dataset: str, pattern: str, kind: str = "movies", **flags: str) -> None:
        """Append what a glob finds to the sheet, in batches of two."""
        more = [word for name, value in {"batch_size": "2", **flags}.items() for word in (f"--{name}", value)]
        self.script("list_micrographs", "--dataset", dataset, f"--{kind}", pattern, *more)


def write_movie(path: Path, seed: int, frames: int = 4, side_px: int = SIDE_PX) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    counts = np.random.default_rng(seed).poisson(5, (frames, side_px, side_px)).astype(np.int16)
    with mrcfile.new(path, overwrite=True) as mrc:
        mrc.set_data(counts if frames > 1 else counts[0])
        mrc.voxel_size = 2.0


def make_checkout(folder: Path) -> Project:
    """Copy the project, without data and results, into a folder."""
    for name in PARTS:
        source = ROOT / name
        if source.is_symlink():
            (folder / name).symlink_to(source.readlink())
        elif source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, folder / name)
    return Project(folder)


def fill_tables(project: Project) -> None:
    """Give the project five movies, a pair of halves and a single micrograph, in three datasets."""
    table = project.folder / "config" / "datasets.tsv"
    columns = table.read_text().splitlines()[0].split("\t")
    optics = {"voltage_kV": "300", "spherical_aberration_mm": "2.7", "amplitude_contrast": "0.07"}
    rows = [{"dataset": name, "pixel_size_A": "2.0", **optics} for name in ("films", "halves", "singles")]
    lines = ["\t".join(columns), *("\t".join(row.get(column, "") for column in columns) for row in rows)]
    table.write_text("\n".join(lines) + "\n")
    for number in range(5):
        write_movie(project.folder / "data" / f"film{number}.mrc", number)
    for half, seed in (("EVN", 10), ("ODD", 11)):
        write_movie(project.folder / "data" / f"half_{half}.mrc", seed, frames=1)
    write_movie(project.folder / "data" / "single0.mrc", 12, frames=1)
    project.list_movies("films", "data/film*.mrc")
    project.list_movies("singles", "data/single*.mrc", kind="singles")
    project.script(
        "list_micrographs", "--dataset", "halves", "--even", "data/*_EVN.mrc", "--odd", "data/*_ODD.mrc"
    )
