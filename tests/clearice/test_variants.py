"""Methods share the stages that their settings do not change."""

from __future__ import annotations

from typing import Any

import pytest

from clearice.config.variants import (
    highpass_of,
    members_of,
    scale_of,
    stage_setting,
    variant_before,
    variant_of,
)
from clearice.run.plan import Plan
from clearice.run.products import Products
from clearice.run.simulated import simulated_batches, simulated_splits

CONFIG: dict[str, Any] = {
    "training": {"steps": 100, "rescale_to_A": 3.0},
    "noise2noise": {"pairing": "noise2noise", "steps": 50},
    "coarse": {},
    "extract_noise": {"highpass_A": 400, "patch_px": 32},
    "fine": {"warm_start": True},
    "groups": {"all": ["a", "b"]},
    "methods": {
        "n2n": {"kind": "noise2noise"},
        "general": {"kind": "noise2noise", "group": "all"},
        "long": {"kind": "noise2noise", "noise2noise": {"steps": 500}},
        "nt2c": {"kind": "nt2c"},
        "no_gan": {"kind": "nt2c", "sample_noise": {"source": "extracted"}},
        "longer_fine": {"kind": "nt2c", "fine": {"steps": 7}},
        "faster": {"kind": "nt2c", "extract_noise": {"highpass_A": 250}, "fine": {"steps": 7}},
        "other_patches": {"kind": "nt2c", "extract_noise": {"patch_px": 16}},
        "unpassed": {"kind": "nt2c", "extract_noise": {"highpass_A": 0}},
        "coarse": {"kind": "coarse"},
        "given": {"kind": "weights", "file": "a.sav", "rescale_to_A": None},
        "given_fine": {"kind": "weights", "file": "f.pt", "rescale_to_A": 3.0, "highpass_A": 250},
        "passed_coarse": {"kind": "coarse", "highpass_A": 300},
        "passed_n2n": {"kind": "noise2noise", "highpass_A": 350},
    },
}  # fmt: skip


def test_a_change_in_one_stage_renames_it_and_those_after_it() -> None:
    stages = ("coarse", "extract_noise", "noise_gan", "sample_noise", "reweight", "fine")
    named = {
        method: [variant_of(CONFIG, method, stage) for stage in stages]
        for method in ("nt2c", "no_gan", "longer_fine")
    }
    assert named["nt2c"] == ["main"] * 6
    assert named["no_gan"] == ["main"] * 3 + ["no_gan"] * 3
    assert named["longer_fine"] == ["main"] * 5 + ["longer_fine"]


def test_a_variant_builds_on_what_it_shares() -> None:
    assert variant_before(CONFIG, "no_gan", "noise_gan") == "main"
    assert variant_before(CONFIG, "no_gan", "sample_noise") == "no_gan"
    assert variant_before(CONFIG, "main", "sample_noise") == "main"


def test_settings_come_from_the_method_then_its_stage_then_all_trainings() -> None:
    assert stage_setting(CONFIG, "long", "noise2noise", "steps") == 500
    assert stage_setting(CONFIG, "main", "noise2noise", "steps") == 50
    assert stage_setting(CONFIG, "main", "coarse", "steps") == 100
    with pytest.raises(KeyError):
        stage_setting(CONFIG, "main", "fine", "nothing")


def test_a_model_belongs_to_a_dataset_or_to_a_group() -> None:
    simulation = {"micrographs": 3, "batch_size": 3, "movies": 0, "validation_fraction": 0.5}
    sections = {"simulation": simulation, "evaluation": {"batches": 0}, "picking": {"pickers": []}}
    network = Products(Plan({**CONFIG, **sections}, {}, {}, (), ())).network
    assert network("n2n", "a") == "results/a/models/noise2noise/main.pt"
    assert network("general", "a") == network("general", "b") == "results/all/models/noise2noise/main.pt"
    assert network("no_gan", "a") == "results/a/models/fine/no_gan.pt"
    assert network("given", "a") == "a.sav"
    assert members_of(CONFIG, "all") == ["a", "b"] and members_of(CONFIG, "a") == ["a"]


def test_a_network_is_applied_at_the_pixel_size_it_was_trained_at() -> None:
    assert scale_of(CONFIG, "nt2c") == 3.0 and scale_of(CONFIG, "given") is None


@pytest.mark.parametrize(
    ("method", "length_A"),
    [
        ("nt2c", 400),
        ("no_gan", 400),
        ("longer_fine", 400),
        ("other_patches", 400),
        ("faster", 250),
        ("unpassed", 0),
    ],
)
def test_an_nt2c_method_passes_micrographs_as_its_training_pairs_were(method: str, length_A: float) -> None:
    assert highpass_of(CONFIG, method) == length_A
    for stage in ("extract_noise", "reweight"):
        variant = variant_of(CONFIG, method, stage)
        assert stage_setting(CONFIG, variant, "extract_noise", "highpass_A") == length_A


@pytest.mark.parametrize(
    ("method", "length_A"),
    [
        ("n2n", 0),
        ("coarse", 0),
        ("given", 0),
        ("given_fine", 250),
        ("passed_coarse", 300),
        ("passed_n2n", 350),
    ],
)
def test_any_other_method_names_its_highpass_itself_or_has_none(method: str, length_A: float) -> None:
    found = highpass_of(CONFIG, method)
    assert found == length_A and isinstance(found, float)


@pytest.mark.parametrize(("count", "size"), [(100, 10), (23, 10), (3, 5)])
def test_simulated_micrographs_are_divided_and_split(count: int, size: int) -> None:
    batches = simulated_batches(count, size)
    assert sum(batches.values()) == count and max(batches.values()) <= size
    splits = simulated_splits(batches, 0.1)
    assert len(splits) == count and {"train", "validation"} == set(splits.values())
    assert list(splits.values()).count("validation") == max(1, round(0.1 * count))
