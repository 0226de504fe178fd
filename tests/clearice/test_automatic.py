"""Where a configuration says `auto`, a value is taken that fits the dataset and the quality; a given one never moves."""

from __future__ import annotations

from typing import Any

import pytest

from clearice.config.automatic import automatic_paths, for_dataset, in_words, taken_for, with_quality
from clearice.config.checks import check_together
from clearice.config.layers import QUALITIES, laid_over, leaves, shipped_config, value_at, with_value
from clearice.config.lens import first_zero_A
from clearice.config.plausible import limits_of
from clearice.config.sizes import AUTO, Facts
from clearice.config.whole import check_config
from clearice.simulation.ctf import Optics, check_optics

PATHS = [path for path in automatic_paths() if path != ("training", "precision")]
SECTIONS = [
    "training",
    "extract_noise",
    "noise_gan",
    "reweight",
    "sample_noise",
    "simulation",
    "evaluation",
    "picking",
]


def resolved(quality: str = "standard", facts: Facts | None = None, **sections: Any) -> dict[str, Any]:
    config = laid_over(shipped_config(), {"quality": quality, **sections})
    check_config(config)
    return for_dataset(with_quality(config), facts or Facts(1.5, 124.0, "1200-5000"))


def automatic_places(config: dict[str, Any]) -> list[str]:
    """List what still says auto, but for the arithmetic, which the job decides, and the GPUs of this machine."""
    names = (".".join(path) for path, value in leaves(config) if value == AUTO)
    return [name for name in names if not name.endswith(("precision", "gpus_per_job"))]


def datasets(**columns: Any) -> dict[str, dict[str, Any]]:
    row = {
        "pixel_size_A": 1.5, "sum_binning": 1, "voltage_kV": 300.0, "dose_e_per_A2": 50.0, "particle_diameter_A": 124.0,
    }  # fmt: skip
    return {"mine": {**row, **columns}}


@pytest.mark.parametrize("quality", QUALITIES)
def test_with_a_quality_and_a_diameter_nothing_is_left_open(quality: str) -> None:
    assert automatic_places(resolved(quality)) == []


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("diameter_A", [35.0, 80.0, 124.0, 250.0])
@pytest.mark.parametrize("pixel_size_A", [0.4, 1.06, 3.0, 7.5])
def test_sizes_that_are_taken_fit_one_another_for_any_particle(
    quality: str, diameter_A: float, pixel_size_A: float
) -> None:
    """The minimal configuration runs: pixel size, voltage, dose and diameter."""
    config = laid_over(
        shipped_config(), {"quality": quality, "run": {"methods": ["raw", "coarse", "n2n", "nt2c"]}}
    )
    rows = datasets(particle_diameter_A=diameter_A, pixel_size_A=pixel_size_A, structures="mine.pdb")
    check_together(with_quality(config), rows)


@pytest.mark.parametrize("path", PATHS, ids=".".join)
def test_a_value_that_is_given_always_wins(path: tuple[str, ...]) -> None:
    given = value_at(resolved("paper"), path)
    config = with_value(with_value(shipped_config(), path, given), ("quality",), "quick")
    after = for_dataset(with_quality(config), Facts(0.8, 300.0, "10"))
    assert value_at(after, path) == given


def test_a_length_given_for_all_trainings_wins_over_what_a_quality_says_of_one() -> None:
    config = resolved("quick", training={"steps": 5, "warmup_steps": 0})
    assert "steps" not in config["fine"] and config["training"]["steps"] == 5
    assert config["fine"]["learning_rate"] == 1e-3, "what is not given is still the quality's"
    assert resolved("quick", fine={"steps": 7})["fine"]["steps"] == 7


def test_a_network_sees_twenty_pixels_of_a_particle_between_its_own_and_8_A() -> None:
    def size_A(diameter_A: float, pixel_size_A: float) -> Any:
        return resolved(facts=Facts(pixel_size_A, diameter_A))["training"]["rescale_to_A"]

    assert size_A(124, 1.5) == 6.2
    assert size_A(90, 1.0) == 4.5
    assert size_A(300, 1.0) == 8.0
    assert size_A(124, 6.1) is None, "nearly its own is its own"
    assert size_A(50, 4.0) is None


@pytest.mark.parametrize("voltage_kV", [120.0, 200.0, 300.0])
@pytest.mark.parametrize("defocus_um", ["0.4-2.0", "0.9", "1.5,0.7", "3-4"])
def test_pixels_still_show_the_first_zero_of_the_ctf(voltage_kV: float, defocus_um: str) -> None:
    """The simulator refuses coarser ones: what is taken must not fail an hour later."""
    facts = Facts(0.5, 400.0, None, voltage_kV, defocus_um)
    config = resolved(facts=facts)
    optics = Optics(
        voltage_kV=voltage_kV, spherical_aberration_mm=2.7, amplitude_contrast=0.07, chromatic_aberration_mm=2.7,
        energy_spread_eV=0.7, convergence_mrad=0.05, envelope_b_factor_A2=60.0,
    )  # fmt: skip
    lowest_um = min(limits_of(defocus_um)) - config["physics"]["astigmatism_um"] / 2
    check_optics(optics, lowest_um, config["simulation"]["pixel_size_A"])
    with pytest.raises(ValueError, match="too coarse"):
        check_optics(optics, lowest_um, 0.02 + first_zero_A(voltage_kV, lowest_um) / 2)


def test_all_sizes_follow_from_a_pixel_size_that_is_given() -> None:
    coarse, fine = (resolved(training={"rescale_to_A": size}) for size in (6.2, 3.1))
    for section, key in (("training", "crop_px"), ("extract_noise", "patch_px"), ("simulation", "height_px")):
        assert fine[section][key] == pytest.approx(2 * coarse[section][key], rel=0.15)
    assert fine["simulation"]["pixel_size_A"] == 3.1
    assert fine["extract_noise"]["highpass_A"] == coarse["extract_noise"]["highpass_A"] == 500


@pytest.mark.parametrize(
    ("density", "criterion", "most"),
    [
        ("5000", "flattest", 400),
        ("1200-5000", "flattest", 400),
        ("100-400", "ssim", 0),
        (None, "flattest", 400),
    ],
)
def test_the_criterion_of_noise_follows_from_the_density(
    density: str | None, criterion: str, most: int
) -> None:
    section = resolved(facts=Facts(1.5, 124.0, density))["extract_noise"]
    assert (section["criterion"], section["maximum_patches"]) == (criterion, most)


def test_lengths_around_a_particle_stay_open_where_its_diameter_is_unknown() -> None:
    config = resolved(facts=Facts(1.5))
    assert automatic_places(config) == [
        "evaluation.largest_box_A",
        "evaluation.smallest_box_A",
        "picking.box_A",
    ]
    assert config["training"]["rescale_to_A"] is None and config["extract_noise"]["highpass_A"] == 0


def test_a_method_may_leave_open_what_others_fix() -> None:
    methods = {"own": {"kind": "nt2c", "fine": {"steps": AUTO}, "extract_noise": {"patch_px": AUTO}}}
    config = resolved("standard", extract_noise={"patch_px": 64}, methods=methods)
    own = config["methods"]["own"]
    assert own["fine"]["steps"] == 2000 and own["extract_noise"]["patch_px"] == 16
    assert config["extract_noise"]["patch_px"] == 64


def test_lengths_may_be_given_in_particle_diameters() -> None:
    config = resolved(
        training={"crop_px": "5 diameters", "rescale_to_A": "0.1 diameters"},
        fine={"crop_px": "2.5 diameters"},
        extract_noise={"highpass_A": "3 diameters"},
        picking={"box_A": "1.5 diameters"},
        methods={"own": {"kind": "nt2c", "extract_noise": {"patch_px": "2 diameter"}}},
    )
    assert config["training"]["rescale_to_A"] == 12.4 and config["simulation"]["pixel_size_A"] == 12.4
    assert config["training"]["crop_px"] == 50 and config["fine"]["crop_px"] == 25
    assert config["extract_noise"]["highpass_A"] == 372 and config["picking"]["box_A"] == 186
    assert config["methods"]["own"]["extract_noise"]["patch_px"] == 20


@pytest.mark.parametrize(
    "change",
    [
        {"training": {"crop_px": "5 particles"}},
        {"training": {"crop_px": "-5 diameters"}},
        {"training": {"steps": "5 diameters"}},
        {"evaluation": {"finest_A": "5 diameters"}},
    ],
)
def test_other_words_than_diameters_and_other_settings_than_sizes_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"is '-?5 \w+', but must be a "):
        check_config(laid_over(shipped_config(), change))


def test_auto_in_a_stage_says_what_silence_says() -> None:
    assert resolved("quick", fine={"steps": AUTO}) == resolved("quick")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": AUTO}, "seed is 'auto', but must be a whole number"),
        ({"training": {"loss": AUTO}}, "training.loss is 'auto', but must be one of L2, L1, L0"),
        ({"quality": "best"}, "quality is 'best', but must be one of quick, standard, paper"),
        ({"gpus_per_job": 2}, "gpus_per_job is 2, but must be one of auto, 0, 1"),
        ({"training": {"steps": "many"}}, "training.steps is 'many', but must be a whole number"),
    ],
)
def test_auto_is_refused_where_nothing_says_what_it_is(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError) as error:
        check_config(laid_over(shipped_config(), change))
    assert words in str(error.value)


def test_a_given_value_is_not_measured_by_one_that_is_taken_for_another_dataset() -> None:
    resolved(evaluation={"smallest_box_A": 150.0})
    resolved(extract_noise={"criterion": "flattest"})
    config = with_quality(laid_over(shipped_config(), {"evaluation": {"smallest_box_A": 150.0}}))
    check_together(config, datasets(particle_diameter_A=250.0))
    with pytest.raises(
        ValueError,
        match=r"for mine: config: evaluation: smallest_box_A is 150, more than largest_box_A \(95\)",
    ):
        check_together(config, datasets())


def test_what_is_taken_is_told_with_its_reason_and_nothing_else_is() -> None:
    config = with_quality(laid_over(shipped_config(), {"training": {"crop_px": 96}}))
    taken = {one.name: one for one in taken_for(config, Facts(1.5, 124.0), SECTIONS)}
    assert taken["training.rescale_to_A"].value == 6.2 and "training.crop_px" not in taken
    assert {name.split(".")[0] for name in taken} <= set(SECTIONS)
    lines = in_words({"mine": list(taken.values())}, "standard")
    assert lines[0] == "mine: quality standard, and for what is left open:"
    assert (
        "  training.rescale_to_A 6.2 (20 px a diameter, the micrographs' to 8 A or half the CTF's first zero)"
        in lines
    )
    unknown = taken_for(config, Facts(1.5), SECTIONS)
    assert all(one.value != AUTO for one in unknown) and in_words({"mine": []}, "standard") == []
