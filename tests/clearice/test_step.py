"""A step is called alike from a Snakemake job and from a shell."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clearice.config.reading import USUAL, Reading
from clearice.run.step import run

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"


class Named(dict):
    """Stands for Snakemake's named lists: items by name."""


def job(tmp_path: Path, **params: Any) -> SimpleNamespace:
    return SimpleNamespace(
        input=Named(sources=["a", "b"]),
        output=Named(picture=str(tmp_path / "out.txt")),
        params=Named(code="123", **params),
        resources=Named(gpu=0, mem_mb=100),
        threads=3,
        log=[],
    )


def call(function: Any, job: Any) -> None:
    run(function, {"__name__": "__main__", "snakemake": job})


def test_a_job_gives_named_inputs_outputs_params_and_the_device(tmp_path: Path) -> None:
    seen: dict[str, Any] = {}

    def step(
        *, picture: Path, width: float, names: list[str], gain: Path | None, threads: int, device: str
    ) -> None:
        seen.update(locals())

    call(step, job(tmp_path, width=3, names=["x"], gain=None))
    expected = {
        "picture": tmp_path / "out.txt",
        "width": 3.0,
        "names": ["x"],
        "gain": None,
        "threads": 3,
        "device": "cpu",
    }
    assert {key: seen[key] for key in expected} == expected
    assert isinstance(seen["width"], float)


def test_an_input_function_that_gives_no_file_is_none(tmp_path: Path) -> None:
    seen = []

    def step(*, picture: Path, start: Path | None) -> None:
        seen.append(start)

    without = job(tmp_path)
    without.input["start"] = []
    call(step, without)
    assert seen == [None]


def test_a_gpu_of_the_job_becomes_the_device(tmp_path: Path) -> None:
    seen = []

    def step(*, picture: Path, device: str) -> None:
        seen.append(device)

    with_gpu = job(tmp_path)
    with_gpu.resources["gpu"] = 1
    call(step, with_gpu)
    assert seen == ["cuda"]


def test_limits_come_from_the_jobs_resources_so_that_changing_one_reruns_nothing(tmp_path: Path) -> None:
    seen = []

    def step(*, picture: Path, reading: Reading = USUAL) -> None:
        seen.append(reading)

    limited = job(tmp_path)
    limited.resources |= {"largest_image_px": 5, "most_frames": 6, "most_expansion": 7}
    call(step, limited)
    assert seen == [Reading(largest_image_px=5, most_frames=6, most_expansion=7)]


def test_a_rule_that_disagrees_with_its_step_is_refused(tmp_path: Path) -> None:
    def step(*, picture: Path, height: int) -> None: ...

    with pytest.raises(
        SystemExit, match=r"the rule alone has \['width'\], the step alone needs \['height'\]"
    ):
        call(step, job(tmp_path, width=3))


def test_a_value_that_a_table_leaves_empty_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def step(*, picture: Path, voltage_kV: float) -> None: ...

    with pytest.raises(SystemExit):
        call(step, job(tmp_path, voltage_kV=None))
    assert (
        "voltage_kV: needs a value (float), but the config or the datasets table gives none"
        in capsys.readouterr().err
    )


def test_bad_input_ends_in_one_sentence_and_status_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def step(*, picture: Path) -> None:
        raise ValueError("the image has 3 axes; give one with 2")

    with pytest.raises(SystemExit) as stopped:
        call(step, job(tmp_path))
    assert stopped.value.code == 1
    error = capsys.readouterr().err
    assert "the image has 3 axes; give one with 2" in error
    assert "Traceback" not in error


def test_a_step_that_is_imported_does_not_run() -> None:
    run(lambda: pytest.fail("it ran"), {"__name__": "clearice_step"})


SCRIPT = '''
import json, sys
from pathlib import Path
from clearice.config.reading import USUAL, Reading
from clearice.run.step import run

def show(*, image: Path, factors: list[float], note: str | None = None, wide: bool = False,
         rows: list[dict[str, str]] | None = None, device: str = "cpu") -> None:
    """Show what came."""
    sys.stdout.write(json.dumps([str(image), factors, note, wide, rows, device]))

run(show, globals())
'''


def shell(tmp_path: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    script = tmp_path / "show.py"
    script.write_text(SCRIPT)
    return subprocess.run(
        [sys.executable, str(script), *flags],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(SCRIPTS), "PATH": ""},
        check=False,
    )


def test_flags_have_the_names_and_types_of_the_parameters(tmp_path: Path) -> None:
    done = shell(
        tmp_path, "--image", "a.mrc", "--factors", "1", "2.5", "--wide", "true", "--rows", '[{"a": "b"}]'
    )
    assert done.stdout == '["a.mrc", [1.0, 2.5], null, true, [{"a": "b"}], "cpu"]', done.stderr


def test_json_flags_may_name_a_file(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text('[{"c": "d"}]')
    done = shell(tmp_path, "--image", "a", "--factors", "1", "--rows", f"@{tmp_path / 'rows.json'}")
    assert '{"c": "d"}' in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--factors", "1"], "the following arguments are required: --image"),
        (["--image", "a", "--factors", "x"], "factors: it is 'x', but must be a number"),
        (["--image", "a", "--factors", "nan"], "factors: it is 'nan', but must be a number"),
        (["--image", "a", "--factors", "1", "--wide", "maybe"], "'maybe' is neither true nor false"),
        (["--image", "a", "--factors", "1", "--rows", "{"], "is not JSON"),
        (["--image", "a", "--factors", "1", "--colour", "red"], "unrecognized arguments: --colour red"),
    ],
)
def test_a_wrong_flag_is_named(tmp_path: Path, flags: list[str], words: str) -> None:
    done = shell(tmp_path, *flags)
    assert done.returncode == 2
    assert words in done.stderr
