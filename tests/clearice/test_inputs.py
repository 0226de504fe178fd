"""Which files a job reads, and the settings it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clearice.config.complaints import complaints
from clearice.config.evaluation import RegionSettings, ScoreSettings
from clearice.config.inference import InferenceStep
from clearice.config.picking import ExtractSettings, PickSettings
from clearice.config.registry import all_pickers, all_stages
from clearice.config.reporting import PreviewSettings, ReportSettings
from clearice.config.simulation import SimulateStep
from clearice.config.tables import ExportSettings, SumSettings
from clearice.run.inputs import JobInputs
from clearice.run.job_settings import JobSettings
from clearice.run.products import Products
from support.plan import plan_of, shipped_config

METHODS = {
    "boxes": {"kind": "wiener", "noise": "free_boxes", "ring_px": 4},
    "patches": {"kind": "wiener", "noise": "patches", "ring_px": 4},
    "own": {"kind": "wiener", "noise": "patches", "ring_px": 4, "extract_noise": {"step_px": 8}},
    "cold": {"kind": "nt2c", "fine": {"warm_start": False}},
    "drawn": {"kind": "nt2c", "sample_noise": {"source": "gaussian"}},
    "single": {"kind": "noise2noise", "noise2noise": {"pairing": "neighbor2neighbor"}},
    "passed": {"kind": "coarse", "highpass_A": 300},
}


def jobs(**sections: Any) -> tuple[JobInputs, JobSettings]:
    config = shipped_config(methods=METHODS, **sections)
    plan = plan_of(config)
    products = Products(plan)
    return JobInputs(plan, products), JobSettings(plan, products)


INPUTS, SETTINGS = jobs()


def test_a_filter_gets_the_threads_it_makes_use_of() -> None:
    assert SETTINGS.threads("boxes") == SETTINGS.threads("lowpass_20A") == 1
    assert SETTINGS.threads("bm3d") == 4


@pytest.mark.parametrize(
    ("batch", "folder", "statistics"),
    [
        ("b0002", "sums/full/b0002", []),
        ("n0002", "null/full/n0002", "results/films/sums/full/b0002/manifest.tsv"),
        ("s9999", "simulated/noisy/s9999", []),
    ],
)
def test_the_kind_of_a_batch_says_what_is_denoised_and_whose_statistics_hold(
    batch: str, folder: str, statistics: str | list[str]
) -> None:
    assert INPUTS.micrographs("films", "full", batch) == f"results/films/{folder}/manifest.tsv"
    assert INPUTS.statistics("films", "full", batch) == statistics


def test_a_filter_that_asks_for_no_noise_is_told_of_none() -> None:
    assert INPUTS.evidence("gaussian", "films", "full", "n0001") == {}


def test_a_wiener_filter_is_told_of_the_boxes_or_of_the_places_of_the_patches() -> None:
    assert INPUTS.evidence("boxes", "films", "even", "n0001") == {
        "regions": "results/films/regions/b0001/manifest.tsv",
        "statistics": "results/films/sums/even/b0001/manifest.tsv",
    }
    of_patches = INPUTS.evidence("patches", "films", "full", "b0003")
    assert of_patches["patches"] == "results/films/noise/main/b0003/manifest.tsv"
    assert of_patches["positions"] == "results/films/noise/main/b0003/positions.tsv"
    assert "/noise/own/" in str(INPUTS.evidence("own", "films", "full", "b0003")["patches"])
    simulated = INPUTS.evidence("patches", "films", "full", "s9999")
    assert simulated["regions"] == "results/films/regions/s9999/manifest.tsv", "no patches are sought there"


def test_each_training_learns_from_its_own_pairs() -> None:
    halves = INPUTS.training_pairs("noise2noise", "films", "main")
    assert halves == {
        "noisy": ["results/films/sums/even/b0001/manifest.tsv"],
        "target": ["results/films/sums/odd/b0001/manifest.tsv"],
    }
    single = INPUTS.training_pairs("noise2noise", "films", "single")
    assert single == {"noisy": ["results/films/sums/full/b0001/manifest.tsv"], "target": []}
    fine = INPUTS.training_pairs("fine", "films", "main")
    assert fine["start"] == "results/films/models/coarse/main.pt"
    assert "start" not in INPUTS.training_pairs("fine", "films", "cold")
    assert len(fine["noisy"]) == len(fine["target"]) == 6


def test_a_generator_is_read_only_where_the_noise_comes_from_it() -> None:
    assert INPUTS.sources_of_noise("films", "main")["model"] == "results/films/models/noise_gan/main.pt"
    assert "model" not in INPUTS.sources_of_noise("films", "drawn")


def test_splits_are_those_of_the_sheet_or_of_the_simulation() -> None:
    assert INPUTS.splits_to_learn("noise2noise", "films") == {"films/m10": "train", "films/m11": "validation"}
    simulated = INPUTS.splits_to_learn("fine", "films")
    assert set(simulated.values()) == {"train", "validation"} and "s0001_001" in simulated


@pytest.mark.parametrize("batch", ["b0001", "b0003"])
def test_every_real_batch_is_picked_beside_the_pure_noise_of_the_scored_ones(batch: str) -> None:
    """A batch that is appended has no noise of its own, and makes none for the others."""
    folder = "results/films/picks/blob/raw/even/n0001"
    assert INPUTS.decoys("blob", "films", "raw", "even", batch) == {
        "decoy_candidates": [f"{folder}/candidates.tsv"],
        "decoy_summary": [f"{folder}/summary.tsv"],
    }


@pytest.mark.parametrize(
    ("picker", "batch", "sections"),
    [
        ("blob", "n0001", {}),
        ("blob", "s9999", {}),
        ("mean_shift", "b0001", {}),
        ("blob", "b0001", {"evaluation": {"batches": 0}}),
    ],
    ids=["noise itself", "simulated", "scores do not compare", "nothing is scored"],
)
def test_what_has_no_decoys_is_picked_without(picker: str, batch: str, sections: dict[str, Any]) -> None:
    inputs, _ = jobs(**sections)
    assert inputs.decoys(picker, "films", "raw", "full", batch) == {}


def test_the_other_half_is_the_other_half() -> None:
    assert INPUTS.other_half("films", "even", "0001") == "results/films/sums/odd/b0001/manifest.tsv"
    assert INPUTS.other_half("films", "odd", "0001") == "results/films/sums/even/b0001/manifest.tsv"


def test_a_batch_that_is_in_no_row_is_named() -> None:
    with pytest.raises(ValueError, match=r"no row of config/micrographs.tsv is in batch b0009 of films"):
        INPUTS.sources_of_sums("films", "b0009")


def test_companion_files_are_found_as_soon_as_they_lie_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = INPUTS.companions("coordinates")
    assert found("films", "b0001") == []
    (tmp_path / "coordinates/films").mkdir(parents=True)
    for name in ("m10.star", "m100.star", "m11.csv"):
        (tmp_path / "coordinates/films" / name).touch()
    assert found("films", "b0001") == ["coordinates/films/m10.star", "coordinates/films/m11.csv"]
    assert INPUTS.companion_folder("coordinates")("films") == "coordinates/films"


def test_companions_may_have_decorated_names_or_be_one_table_of_the_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "coordinates/films").mkdir(parents=True)
    for name in ("films/m10_aligned_DW.star", "films/m20.star", "films.cs", "other.cs"):
        (tmp_path / "coordinates" / name).touch()
    assert INPUTS.companions("coordinates")("films", "b0001") == [
        "coordinates/films.cs", "coordinates/films/m10_aligned_DW.star",
    ]  # fmt: skip


def test_names_of_other_batches_that_look_alike_are_listed() -> None:
    plan = plan_of(shipped_config())
    plan.batches["films"]["b0003"][0]["micrograph"] = "m10_DW"
    inputs = JobInputs(plan, Products(plan))
    assert inputs.names_alike("films", "b0001") == ["m10_DW"]
    assert inputs.names_alike("films", "b0003") == ["m10"]
    assert inputs.names_alike("films", "b0002") == inputs.names_alike("films", "s0001") == []


def test_whether_particles_are_dark_reaches_all_that_has_a_sign_and_nothing_else() -> None:
    """A change of it makes anew what depends on it: settings are compared by their text."""
    config = shipped_config(methods=METHODS)
    white = jobs(picking={**config["picking"], "particles_are_dark": False})[1]
    for settings, value in ((SETTINGS, True), (white, False)):
        assert settings.simulation("films", "s0001")["particles_are_dark"] is value
        assert settings.stage("films", "extract_noise", "main")["particles_are_dark"] is value
        assert settings.stage("films", "extract_noise", "own")["particles_are_dark"] is value
        assert settings.method("mask_control", "films")["particles_are_dark"] is value
        assert settings.picks("films", "blob")["particles_are_dark"] is value
        assert settings.extraction("films")["particles_are_dark"] is value
    for stage in all_stages():
        if stage != "extract_noise":
            assert white.stage("films", stage, "main") == SETTINGS.stage("films", stage, "main")
    for method in ("raw", "boxes", "cold"):
        assert white.method(method, "films") == SETTINGS.method(method, "films")
    batch = next(iter(SETTINGS._products.movie_sizes), None)
    if batch:
        assert white.simulated_movies("films", batch) == SETTINGS.simulated_movies("films", batch)


def test_only_a_picker_that_compares_with_templates_reads_some() -> None:
    assert INPUTS.templates("blob", "films") == []
    assert INPUTS.templates("template", "films") == "results/films/templates/template.mrcs"
    assert INPUTS.structures("films") == ["a.pdb", "b.cif"]


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        (SumSettings, SETTINGS.sums("films")),
        (ExportSettings, SETTINGS.export("films")),
        (SimulateStep, SETTINGS.simulation("films", "s0001")),
        (SimulateStep, SETTINGS.simulation("films", "s9999")),
        (InferenceStep, SETTINGS.inference("nt2c", "films")),
        (RegionSettings, SETTINGS.regions("films")),
        (ScoreSettings, SETTINGS.scores()),
        (PickSettings, SETTINGS.picks("films", "template")),
        (ExtractSettings, SETTINGS.extraction("films")),
        (PreviewSettings, SETTINGS.previews()),
        (ReportSettings, SETTINGS.report()),
        (all_pickers()["template"].templates, SETTINGS.templates("films", "template")),
        *((stage.settings, SETTINGS.stage("films", name, "main")) for name, stage in all_stages().items()),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_job_is_handed_all_that_its_model_wants_in_the_order_of_the_names(
    model: Any, settings: Any
) -> None:
    assert complaints(model, settings, "settings") == []
    assert list(settings) == sorted(settings)
    assert {name for name, field in model.model_fields.items() if field.is_required()} <= set(settings)


def test_a_network_is_applied_as_it_was_trained() -> None:
    """A forgotten high-pass or pixel size would denoise in silence, and wrongly: they are always handed over."""
    for method in ("nt2c", "coarse", "n2n", "passed"):
        assert {"highpass_A", "rescale_to_A"} <= set(SETTINGS.inference(method, "films"))
    assert SETTINGS.inference("passed", "films")["highpass_A"] == 300
    _, settings = jobs(extract_noise={"highpass_A": 500}, training={"rescale_to_A": 6.0})
    assert settings.inference("nt2c", "films") == {
        **SETTINGS.inference("nt2c", "films"),
        "highpass_A": 500.0,
        "rescale_to_A": 6.0,
    }


def test_simulated_micrographs_have_the_pixels_of_the_networks_or_those_of_the_sums_and_know_nothing_of_movies() -> (
    None
):
    one = SETTINGS.simulation("films", "s0001")
    assert one["pixel_size_A"] == 6.0 and one["detector_pixel_size_A"] == 1.5 and one["weights"] == [2.0, 1.0]
    assert one["number"] == 50 and "movie_suffix" not in one
    _, settings = jobs(simulation={"pixel_size_A": None, "movies": 2, "movie_frames": 7})
    assert settings.simulation("films", "s0001")["pixel_size_A"] == 3.0
    movies = settings.simulated_movies("films", "m0001")
    assert movies["pixel_size_A"] == 3.0
    assert movies["physics"]["frames"] == 7 and movies["number"] == 2 and movies["movie_suffix"] == ".mrcs"


def test_only_methods_that_choose_their_pairing_have_one() -> None:
    _, settings = jobs(run={"methods": ["raw", "n2n", "single", "coarse", "nt2c"]})
    assert settings.report()["pairings"] == {"n2n": "noise2noise", "single": "neighbor2neighbor"}


def test_simulated_movies_have_the_datasets_own_pixels_and_fields_of_the_same_size() -> None:
    _, settings = jobs(simulation={"movies": 2})
    micrographs, movies = settings.simulation("films", "s0001"), settings.simulated_movies("films", "m0001")
    assert micrographs["pixel_size_A"] == 6.0 and movies["pixel_size_A"] == 3.0
    assert (
        movies["height_px"] == 2 * micrographs["height_px"]
        and movies["width_px"] == 2 * micrographs["width_px"]
    )
