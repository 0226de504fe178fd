"""The commands that new_project.py prints run, from where they are printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.project import make_checkout, write_movie

pytestmark = pytest.mark.slow

MDOC = "Voltage = 300\n[FrameSet = 0]\nPixelSpacing = 2.0\nExposureDose = 40\nNumSubFrames = 4\n"


def in_a_shell(command: str, folder: Path) -> str:
    """Run a command, which must succeed, with the programs of this environment, and give what it said."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("where", ["checkout", "elsewhere"])
def test_what_is_printed_runs_with_five_values(tmp_path: Path, where: str) -> None:
    """Files, pixel size, voltage, dose (the last three from the microscope's own files), and the diameter."""
    (tmp_path / "checkout").mkdir()
    project = make_checkout(tmp_path / "checkout")
    for number in range(4):
        write_movie(tmp_path / "data" / f"m{number}.mrc", number, side_px=800)
    (tmp_path / "data" / "m0.mrc.mdoc").write_text(MDOC)
    (tmp_path / where).mkdir(exist_ok=True)
    script = project.folder / "workflow" / "scripts" / "new_project.py"
    said = in_a_shell(
        f"python {script} --movies '{tmp_path}/data/*.mrc' --particle_diameter_A 150", tmp_path / where
    )
    show, do = re.findall(r"^  (snakemake .*?) +#", said, re.MULTILINE)
    assert ("--snakefile" in show) == (where == "elsewhere")
    planned = in_a_shell(show, tmp_path / where)
    jobs = dict(re.findall(r"^(\w+)\s+(\d+)$", planned, re.MULTILINE))
    assert {"sum_frames", "train_denoiser", "train_noise_gan", "write_report"} <= set(jobs)
    in_a_shell(do.replace("snakemake", "snakemake sums", 1), tmp_path / where)
    run_folder = tmp_path / where / "runs" / "data"
    assert len(list(run_folder.glob("results/data/sums/full/b0001/*.mrc"))) == 4
    assert not (tmp_path / where / "results").exists(), "results lie in the project's folder"
