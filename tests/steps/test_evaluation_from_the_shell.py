"""Every step of evaluation and picking runs alone: flags named like its parameters, and the files of a direct call."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clearice.config.base import Settings
from clearice.config.evaluation import NullSettings, RegionSettings, ScoreSettings
from clearice.config.picking import PickSettings
from clearice.config.tables import ExposureSettings
from clearice.files.mrc import write_micrograph
from support.scored_batch import DIAMETER_A, NAMES, PIXEL_SIZE_A, Batch, noise, scene
from support.settings import made

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
Arguments = Callable[[Path], dict[str, Any]]


@pytest.fixture(scope="module")
def arguments(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Arguments]:
    """What each step is given, but for the folder it writes to; an empty field and one without coordinates among them."""
    batch = Batch(tmp_path_factory.mktemp("batch"))
    batch.mark("m2", np.empty((0, 2)))
    known, regions = batch.known(), batch.regions()
    null = batch.null(regions)
    picks, nothing = batch.pick(batch.raw, "raw"), batch.pick(null, "null")
    for name in NAMES[:2]:
        write_micrograph(batch.folder / f"rests/{name}.mrc", scene(name) + noise(30), PIXEL_SIZE_A)
    where = {"method": "raw", "part": "even", "batch": "b0001"}
    batch.match(picks, nothing, "raw")
    return {
        "import_coordinates": lambda out: {
            "micrographs": batch.raw,
            "folder": batch.folder / "marks",
            "reference_coordinates": out,
            "manifest": out / "manifest.tsv",
            "flip_y": True,
        },
        "import_exposures": lambda out: {
            "micrographs": batch.raw,
            "folder": batch.folder / "rests",
            "second_exposure": out,
            "manifest": out / "manifest.tsv",
            "settings": ExposureSettings(),
        },
        "choose_regions": lambda out: {
            "micrographs": batch.raw,
            "reference_coordinates": known,
            "regions": out,
            "manifest": out / "manifest.tsv",
            "settings": made(
                RegionSettings,
                particle_diameter_A=DIAMETER_A,
                region_pairs=4,
                largest_box_A=48.0,
                smallest_box_A=16.0,
            ),
        },
        "make_null_micrographs": lambda out: {
            "micrographs": batch.raw,
            "null": out,
            "manifest": out / "manifest.tsv",
            "regions": regions,
            "part": "even",
            "settings": made(NullSettings, null_fields=2),
            "seed": 7,
        },
        "filter_micrographs": lambda out: {
            "micrographs": batch.raw,
            "denoised": out,
            "manifest": out / "manifest.tsv",
            "settings": {"kind": "mask_control", "sigma_px": 3.0},
        },
        "pick_particles": lambda out: {
            "micrographs": batch.raw,
            "picks": out,
            "manifest": out / "manifest.tsv",
            "candidates": out / "candidates.tsv",
            "summary": out / "summary.tsv",
            "settings": made(
                PickSettings,
                picker="mean_shift",
                own={},
                particle_diameter_A=DIAMETER_A,
                particles_are_dark=False,
                box_A=64.0,
                box_files=True,
                csv_files=True,
            ),
        },
        "match_picks": lambda out: {
            "candidates": picks / "candidates.tsv",
            "summary": picks / "summary.tsv",
            "reference_coordinates": known,
            "scores": out / "scores.tsv",
            "null_candidates": nothing / "candidates.tsv",
            "null_summary": nothing / "summary.tsv",
            "picker": "blob",
            "scores_compare": True,
            "seed": 7,
            **where,
        },
        "score_method": lambda out: {
            "denoised": batch.raw,
            "raw": batch.raw,
            "scores": out / "scores.tsv",
            "regions": regions,
            "clean": batch.clean,
            "second_exposure": batch.odd,
            "null": null,
            "settings": made(ScoreSettings, finest_A=8.0, frc_ring_px=6.0),
            **where,
        },
        "summarise_scores": lambda out: {
            "scores": [batch.folder / "scores/raw.blob.tsv"],
            "joined": out / "all.tsv",
            "summary": out / "summary.tsv",
            "reference": "raw",
        },
    }


def words_of(arguments: dict[str, Any]) -> list[str]:
    """Write arguments as flags: lists as several words, truth as true and false, settings as JSON."""
    words = []
    for name, value in arguments.items():
        if isinstance(value, Settings):
            value = value.model_dump_json()
        values = (
            value if isinstance(value, list) else [json.dumps(value) if isinstance(value, dict) else value]
        )
        words += [f"--{name}", *(str(one).lower() if isinstance(one, bool) else str(one) for one in values)]
    return words


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize(
    "step",
    [
        "import_coordinates",
        "import_exposures",
        "choose_regions",
        "make_null_micrographs",
        "filter_micrographs",
        "pick_particles",
        "match_picks",
        "score_method",
        "summarise_scores",
    ],
)
def test_a_step_from_the_shell_writes_what_a_direct_call_writes(
    step: str, arguments: dict[str, Arguments], tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    getattr(importlib.import_module(step), step)(**arguments[step](here))
    command = [sys.executable, str(SCRIPTS / f"{step}.py"), *words_of(arguments[step](there))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert contents(there) == contents(here)
    assert max(map(len, contents(here).values())) > 100, "there is something to compare"


def test_a_flag_that_is_missing_is_named(arguments: dict[str, Arguments], tmp_path: Path) -> None:
    words = words_of(
        {name: value for name, value in arguments["score_method"](tmp_path).items() if name != "raw"}
    )
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "score_method.py"), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and "--raw" in done.stderr
