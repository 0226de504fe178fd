"""What cannot work together is said before any job starts."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from clearice.config.checks import SIMULATED, check_halves, check_together
from support.plan import shipped_config

OPTICS = dict.fromkeys(SIMULATED, 1.0)
DATASETS = {
    "a": {"pixel_size_A": 1.0, "sum_binning": 1, **OPTICS},
    "b": {"pixel_size_A": 0.75, "sum_binning": 2, **OPTICS},
}


@pytest.fixture
def config() -> dict[str, Any]:
    config = shipped_config(quality="paper")
    config["run"]["methods"] = ["raw", "coarse", "nt2c"]
    return config


def test_the_published_sizes_fit(config: dict[str, Any]) -> None:
    check_together(config, DATASETS)


def test_methods_that_are_not_run_are_not_checked(config: dict[str, Any]) -> None:
    config["run"]["methods"] = ["raw"]
    config["fine"]["crop_px"] = 10_000
    check_together(config, DATASETS)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda c: c["fine"].update(crop_px=400),
            "fine.crop_px is 400 px, but it is cut from reweight.patch_px of 320 px",
        ),
        (
            lambda c: c["sample_noise"].update(field_px=300),
            "reweight.patch_px is 320 px, but it is cut from sample_noise.field_px of 300 px",
        ),
        (
            lambda c: c["coarse"].update(crop_px=5000),
            "coarse.crop_px is 5000 px, but it is cut from simulation.height_px",
        ),
        (
            lambda c: c["extract_noise"].update(patch_px=64),
            "noise_gan.patch_px is 128 px, but it is cut from extract_noise.patch_px of 64 px",
        ),
        (lambda c: c["coarse"].update(rescale_to_A=3.0), "coarse and fine work at different pixel sizes"),
        (
            lambda c: c["nt2c"].update(guide="nothing"),
            "nt2c.guide is 'nothing', which methods does not define",
        ),
        (
            lambda c: c["nt2c"].update(guide="nt2c"),
            "nt2c.guide is 'nt2c' of kind nt2c, which needs a guide itself",
        ),
        (lambda c: c["groups"].update(all=["a", "z"]), "groups.all names dataset 'z', which is in no row"),
        (lambda c: c["groups"].update(a=["a"]), "group 'a' has the name of a dataset"),
        (
            lambda c: c["evaluation"].update(reference="bandpass"),
            "evaluation.reference is 'bandpass', which is not in run.methods",
        ),
        (lambda c: c["picking"].update(extract_from=["none"]), "picking.extract_from names 'none'"),
        (
            lambda c: c["inference"].update(return_at="model"),
            "inference.return_at is model, but scores and particles",
        ),
    ],
)
def test_what_does_not_fit_is_named(config: dict[str, Any], change: Any, words: str) -> None:
    change(config)
    with pytest.raises(ValueError) as error:
        check_together(config, DATASETS)
    assert words in str(error.value)


def test_a_general_model_of_several_pixel_sizes_needs_one_to_work_at(config: dict[str, Any]) -> None:
    config["groups"] = {"all": ["a", "b"]}
    config["methods"]["general"] = {"kind": "noise2noise", "group": "all"}
    config["run"]["methods"] = ["raw", "general"]
    with pytest.raises(ValueError, match=r"have pixel sizes 1.0, 1.5 A; set rescale_to_A"):
        check_together(config, DATASETS)
    config["noise2noise"]["rescale_to_A"] = 3.0
    check_together(config, DATASETS)


def test_a_group_that_is_not_defined_is_named(config: dict[str, Any]) -> None:
    config["methods"]["general"] = {"kind": "noise2noise", "group": "nobody"}
    config["run"]["methods"] = ["raw", "general"]
    with pytest.raises(ValueError, match=r"methods.general.group is 'nobody', which groups does not define"):
        check_together(config, DATASETS)


def test_a_dataset_without_what_the_simulation_needs_is_named(config: dict[str, Any]) -> None:
    lacking = {**DATASETS, "c": {**DATASETS["a"], "voltage_kV": None, "dose_e_per_A2": None}}
    with pytest.raises(
        ValueError, match=r"datasets table: c has no voltage_kV, dose_e_per_A2, which method coarse needs"
    ):
        check_together(config, lacking)


def test_a_dataset_without_a_diameter_is_asked_for_that_alone(config: dict[str, Any]) -> None:
    unknown = dict.fromkeys(("particle_diameter_A", "structures", "ice_thickness_nm", "particles_per_um2"))
    with pytest.raises(ValueError, match=r"b has no particle_diameter_A, which method coarse needs"):
        check_together(config, {"a": DATASETS["a"], "b": {**DATASETS["b"], **unknown}})


def test_a_particle_larger_than_any_bundled_model_needs_a_structure(config: dict[str, Any]) -> None:
    giant = {**DATASETS["a"], "structures": None, "particle_diameter_A": 900.0}
    with pytest.raises(ValueError, match=r"a has no structures, .*; the bundled models, of 93 to 259 A, are"):
        check_together(config, {"a": giant})
    check_together(config, {"a": {**giant, "particle_diameter_A": 120.0}})


def test_a_size_that_fits_one_dataset_alone_is_named_with_the_other(config: dict[str, Any]) -> None:
    """Sizes follow from the dataset: a crop of 300 px fits the fields of small pixels and not those of large ones."""
    config = shipped_config(
        quality="standard",
        training={"crop_px": 300},
        reweight={"patch_px": 320},
        run={"methods": ["raw", "coarse"]},
    )
    config["simulation"]["height_px"] = config["simulation"]["width_px"] = "auto"
    config["training"]["rescale_to_A"] = 3.0
    config["reweight"]["patch_px"] = 64
    rows = {
        name: {**DATASETS["a"], "particle_diameter_A": size}
        for name, size in (("big", 250.0), ("small", 30.0))
    }
    with pytest.raises(ValueError) as error:
        check_together(config, rows)
    assert str(error.value).startswith("for small: config: method coarse: coarse.crop_px is 300 px")
    assert "big" not in str(error.value)


def test_noise2noise_on_single_micrographs_needs_another_diet(config: dict[str, Any]) -> None:
    config["run"]["methods"] = ["raw", "n2n"]
    check_halves(config, {"a": {"movie"}, "b": {"pair", "single"}})
    with pytest.raises(
        ValueError,
        match=r"dataset b has single micrographs only; set noise2noise.pairing to neighbor2neighbor",
    ):
        check_halves(config, {"a": {"movie"}, "b": {"single"}})
    config["noise2noise"]["pairing"] = "neighbor2neighbor"
    check_halves(config, {"b": {"single"}})


def test_a_guide_is_checked_like_a_method_of_the_run(config: dict[str, Any]) -> None:
    """Whoever asks for noise patches has the guide made, and what the guide needs."""
    config["methods"]["wiener"] = {"kind": "wiener", "noise": "patches", "ring_px": 4}
    config["run"]["methods"] = ["raw", "wiener"]
    check_together(config, DATASETS)
    lacking = {"a": {**DATASETS["a"], "voltage_kV": None}}
    with pytest.raises(ValueError, match="a has no voltage_kV, which method coarse needs for its simulation"):
        check_together(config, lacking)
    config["nt2c"]["guide"] = "n2n"
    check_together(config, lacking)
    with pytest.raises(ValueError, match="method n2n learns from even and odd sums"):
        check_halves(config, {"a": {"single"}})
    config["methods"]["wiener"]["noise"] = "free_boxes"
    config["nt2c"]["guide"] = "coarse"
    check_together(config, lacking)


def test_particle_free_boxes_and_templates_need_their_columns(config: dict[str, Any]) -> None:
    config["run"]["methods"] = ["raw", "wiener"]
    lacking = {"a": {**DATASETS["a"], "structures": None, "particle_diameter_A": None}}
    with pytest.raises(ValueError, match="a has no particle_diameter_A, which method wiener needs"):
        check_together(config, lacking)
    config["run"]["methods"] = ["raw"]
    config["picking"]["pickers"] = ["template"]
    with pytest.raises(
        ValueError, match="a has no structures, which picker template needs for its templates"
    ):
        check_together(config, lacking)


def test_a_method_of_some_datasets_asks_nothing_of_the_others(config: dict[str, Any]) -> None:
    config["run"]["methods"] = ["raw", "coarse", "n2n"]
    lacking = {**DATASETS, "b": {**DATASETS["b"], "voltage_kV": None}}
    with pytest.raises(ValueError, match="b has no voltage_kV"):
        check_together(config, lacking)
    for name in ("coarse", "n2n"):
        config["methods"][name] = {"kind": config["methods"][name]["kind"], "datasets": ["a"]}
    check_together(config, lacking)
    check_halves(config, {"a": {"movie"}, "b": {"single"}})
    config["methods"]["coarse"]["datasets"] = ["z"]
    with pytest.raises(ValueError, match="methods.coarse.datasets names 'z', which is in no row"):
        check_together(config, DATASETS)


def test_a_control_is_run_on_every_dataset(config: dict[str, Any]) -> None:
    config["run"]["methods"] = ["raw", "mask_control"]
    for name in ("raw", "mask_control"):
        limited = copy.deepcopy(config)
        limited["methods"][name]["datasets"] = ["a"]
        with pytest.raises(ValueError, match=f"methods.{name}.datasets limits a method that every table"):
            check_together(limited, DATASETS)
