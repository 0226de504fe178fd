"""The commands of the manuals do what they say: those of snakemake are dry-run, those of steps go through their parsers."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from clearice.files.mrc import write_micrograph
from clearice.run.step import _arguments_of_shell
from support.project import ROOT, Project, make_checkout

MANUALS = ("README.md", "config/README.md", "profiles/README.md")
COMMAND = re.compile(r"^(?:snakemake\b|python workflow/scripts/)")
COLUMNS = {
    "dataset": "films", "pixel_size_A": "1.5", "voltage_kV": "300", "spherical_aberration_mm": "2.7", "amplitude_contrast": "0.07",
    "dose_e_per_A2": "40", "detector": "K2", "super_resolution": "1", "structures": "resources/empiar10146/6z6u.pdb.gz:1",
    "particle_diameter_A": "124", "particles_per_um2": "500-900", "ice_thickness_nm": "30", "defocus_um": "1.0-1.5",
}  # fmt: skip


def commands_of(text: str) -> list[str]:
    """List the commands of a manual, those in blocks and those in a line, without their comments."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    lines += re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    return [shlex.join(shlex.split(line, comments=True)) for line in lines if COMMAND.match(line)]


COMMANDS = sorted({line for name in MANUALS for line in commands_of((ROOT / name).read_text("utf-8"))})
OF_SNAKEMAKE = [line for line in COMMANDS if line.startswith("snakemake ")]
OF_STEPS = [line for line in COMMANDS if line.startswith("python ") and "--help" not in line]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of two movies that learns, with the files of settings that the manuals name."""
    project = make_checkout(tmp_path_factory.mktemp("manual"))
    table = project.folder / "config" / "datasets.tsv"
    names = table.read_text().splitlines()[0].split("\t")
    table.write_text("\t".join(names) + "\n" + "\t".join(COLUMNS.get(name, "") for name in names) + "\n")
    (project.folder / "data").mkdir()
    for number in range(3):
        write_micrograph(project.folder / f"data/film{number}.mrc", np.zeros((900, 900), np.float32), 1.5)
    project.list_movies("films", "data/*.mrc", validation_fraction="0.4", test_fraction="0")
    for line in OF_SNAKEMAKE:
        for word in shlex.split(line):
            if word.endswith(".yaml") and not (project.folder / word).exists():
                (project.folder / word).write_text("{seed: 3, simulation: {movies: 2}}\n")
    return project


def test_the_manuals_have_commands() -> None:
    assert len(OF_SNAKEMAKE) >= 6 and len(OF_STEPS) >= 4


@pytest.mark.parametrize("line", OF_SNAKEMAKE)
def test_a_command_of_snakemake_can_be_planned(line: str, project: Project) -> None:
    words = shlex.split(line)[1:]
    if "--profile" not in words:
        words += ["--profile", "profiles/local"]
    done = project.snakemake_as_is("-n", *words)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("line", OF_STEPS)
def test_a_command_of_a_step_has_the_flags_of_its_step(line: str) -> None:
    _, script, *words = shlex.split(line)
    name = Path(script).stem
    assert (ROOT / script).is_file()
    assert _arguments_of_shell(getattr(importlib.import_module(name), name), words)
