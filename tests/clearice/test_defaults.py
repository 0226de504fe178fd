"""From a shell a step's settings are laid over the shipped configuration."""

from __future__ import annotations

import importlib
import json
import typing
from pathlib import Path
from typing import Any

import pytest

from clearice.config.automatic import with_quality
from clearice.config.base import Settings, filled_in, gather, part_of
from clearice.config.complaints import checked, complaints
from clearice.config.defaults import default_settings
from clearice.config.evaluation import ScoreSettings
from clearice.config.layers import shipped_config
from clearice.config.pickers.template import TemplateStep
from clearice.config.simulation import SimulateStep
from clearice.config.stages.extract_noise import ExtractNoiseStep
from clearice.config.stages.noise_gan import NoiseGanStep
from clearice.config.tables import OpticsColumns
from clearice.config.training import DenoiserTraining
from clearice.run.step import run

ROOT = Path(__file__).resolve().parents[2]
CONFIG = with_quality(shipped_config())
STEPS = sorted(path.stem for path in (ROOT / "workflow" / "scripts").glob("*.py"))


def models_of_steps() -> list[type[Settings]]:
    """List the models that steps take, each once."""
    found = {}
    for name in STEPS:
        hint = typing.get_type_hints(getattr(importlib.import_module(name), name)).get("settings")
        if isinstance(hint, type) and issubclass(hint, Settings):
            found[hint.__name__] = hint
    return list(found.values())


@pytest.mark.parametrize("model", models_of_steps(), ids=lambda model: model.__name__)
def test_what_a_step_takes_of_the_shipped_configuration_fits_its_model(model: type[Settings]) -> None:
    """What is missing is not in the configuration: columns of the datasets table, and what only the rule knows."""
    found = complaints(model, default_settings(model), "settings")
    assert all(" is missing; give it" in one for one in found), found


def test_settings_of_stages_and_sections_are_those_of_the_configuration() -> None:
    assert default_settings(DenoiserTraining)["steps"] == CONFIG["training"]["steps"]
    noise = default_settings(ExtractNoiseStep)
    assert (
        noise["ssim_threshold"] == CONFIG["extract_noise"]["ssim_threshold"] and noise["rescale_to_A"] is None
    )
    assert default_settings(NoiseGanStep)["steps"] == CONFIG["noise_gan"]["steps"]
    assert default_settings(ScoreSettings)["finest_A"] == CONFIG["evaluation"]["finest_A"]
    assert default_settings(SimulateStep)["physics"] == CONFIG["physics"]
    atoms = default_settings(TemplateStep)
    assert atoms["views"] == CONFIG["pickers"]["template"]["views"]
    assert atoms["b_factor_floor_A2"] == CONFIG["physics"]["b_factor_floor_A2"]


def test_the_stage_says_whose_settings_a_training_takes() -> None:
    coarse, noise2noise = (default_settings(DenoiserTraining, stage) for stage in ("coarse", "noise2noise"))
    assert "pairing" not in coarse and coarse["curriculum_fraction"] > 0
    assert noise2noise["pairing"] == "noise2noise" and noise2noise["curriculum_fraction"] == 0
    assert default_settings(DenoiserTraining, "fine")["warm_start"] is True


def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str) -> ScoreSettings:
    seen: list[ScoreSettings] = []

    def step(*, settings: ScoreSettings) -> None:
        seen.append(settings)

    monkeypatch.setattr("sys.argv", ["step.py", "--settings", words])
    monkeypatch.setattr("clearice.run.step.start_log", lambda *_: None)
    run(step, {"__name__": "__main__"})
    return seen[0]


def test_json_and_yaml_files_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.yaml").write_text("finest_A: 8\nring_px: 2\n")
    (tmp_path / "mine.json").write_text(json.dumps({"finest_A": 8, "ring_px": 2}))
    said = [
        call(tmp_path, monkeypatch, words)
        for words in (
            '{"finest_A": 8, "ring_px": 2}',
            str(tmp_path / "mine.yaml"),
            f"@{tmp_path / 'mine.json'}",
        )
    ]
    assert said[0] == said[1] == said[2]
    assert said[0].finest_A == 8 and said[0].coarsest_A == CONFIG["evaluation"]["coarsest_A"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ('{"finest": 8}', "settings: key 'finest' is unknown; did you mean 'finest_A'?"),
        ('{"finest_A": "fine"}', "settings: finest_A is 'fine', but must be a number"),
        ('{"finest_A": 500}', "settings: coarsest_A is 200 and finest_A 500"),
        ("{finest_A: 8", "is not JSON"),
        ("[1, 2]", "neither a mapping in JSON nor a file"),
        ("nothing.yaml", "neither a mapping in JSON nor a file"),
    ],
)
def test_what_is_wrong_with_a_flag_is_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: str,
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        call(tmp_path, monkeypatch, words)
    assert ended.value.code != 0
    assert sentence in capsys.readouterr().err


def test_nested_settings_keep_what_is_not_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[NoiseGanStep] = []

    def step(*, settings: NoiseGanStep) -> None:
        seen.append(settings)

    monkeypatch.setattr("sys.argv", ["step.py", "--settings", '{"generator": {"width": 16}}'])
    monkeypatch.setattr("clearice.run.step.start_log", lambda *_: None)
    run(step, {"__name__": "__main__"})
    assert seen[0].generator.width == 16
    assert seen[0].generator.latent_channels == CONFIG["noise_gan"]["generator"]["latent_channels"]


def test_a_part_of_a_model_may_lack_anything_but_has_the_models_bounds() -> None:
    part = part_of(DenoiserTraining)
    assert complaints(part, {}, "x") == []
    assert complaints(part, {"steps": 5}, "x") == []
    assert complaints(part, {"steps": 0}, "x") == [
        "x: steps is 0, but must be at least 1 (Steps of the optimiser.)"
    ]
    assert "did you mean 'steps'?" in complaints(part, {"stepz": 5}, "x")[0]


def test_what_a_step_needs_must_not_be_unknown() -> None:
    known = filled_in(OpticsColumns)
    found = complaints(
        known, {"voltage_kV": None, "spherical_aberration_mm": 2.7, "amplitude_contrast": 0.1}, "settings"
    )
    assert found == [
        "settings: voltage_kV is unknown; fill it in the config or the datasets table (acceleration voltage in kV)"
    ]


def test_settings_are_gathered_by_name_from_the_first_that_has_them() -> None:
    sources: tuple[dict[str, Any], ...] = ({"ring_px": 2}, {"ring_px": 3, "finest_A": 8, "else": 1})
    assert gather(ScoreSettings, *sources) == {"finest_A": 8, "ring_px": 2}
    assert list(gather(ScoreSettings, *sources)) == ["finest_A", "ring_px"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "5"])
def test_a_number_is_a_finite_number_and_nothing_else(value: object) -> None:
    with pytest.raises(ValueError, match="ring_px is"):
        checked(
            ScoreSettings, {"coarsest_A": 200, "finest_A": 8, "ring_px": value, "frc_ring_px": 1}, "settings"
        )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"warmup_steps": 10, "steps": 5}, "warmup_steps (10) exceed steps (5); lower warmup_steps"),
        ({"pairing": "noise2noise", "curriculum_fraction": 0.5}, "a noise curriculum needs clean targets"),
        (
            {"pairing": "added_noise", "curriculum_fraction": 0},
            "give a number above 0 for the pairing added_noise",
        ),
        ({"added_noise_sd": 1.0}, "added_noise_sd is 1.0 for the pairing supervised"),
        ({"width": 25}, "width is 25, but must be a multiple of 3"),
        ({"loss": "L3"}, "loss is 'L3', but must be one of L2, L1, L0"),
        ({"precision": "float16"}, "must be one of auto, float32, bfloat16"),
    ],
)
def test_trainings_that_cannot_be_meant_are_refused(change: dict[str, Any], words: str) -> None:
    found = complaints(DenoiserTraining, {**default_settings(DenoiserTraining), **change}, "settings")
    assert len(found) == 1 and words in found[0]
