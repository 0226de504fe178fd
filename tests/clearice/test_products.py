"""What a run makes: the files of its targets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clearice.run.products import Products, filled
from support.plan import plan_of, shipped_config


def products_of(listed: list[str], batches: int = 3, **sections: Any) -> Products:
    config = shipped_config(run={"methods": listed}, **sections)
    return Products(plan_of(config, batches))


def test_a_pattern_is_filled_for_all_values_and_a_text_is_one_value() -> None:
    assert filled("{a}/{b}", a="xy", b=["1", "2"]) == ["xy/1", "xy/2"]
    assert filled("{a}", a=[]) == []


def test_every_batch_counts_with_its_sums_and_with_what_the_methods_of_the_run_made_of_it() -> None:
    counted = products_of(["raw", "gaussian"]).counted()
    assert len(counted) == len(set(counted)) == 3 + 3 * 2
    assert "results/films/denoised/gaussian/full/b0003/manifest.tsv" in counted


def test_the_first_batches_are_scored_by_the_methods_and_the_controls() -> None:
    products = products_of(["gaussian"])
    assert products.scored_methods == ["raw", "gaussian", "mask_control"]
    assert products.scored_batches("films") == (["b0001"], [])
    scored = products.denoised_for_scores()
    assert scored == [
        *(f"results/films/denoised/{name}/full/n0001/manifest.tsv" for name in products.scored_methods),
        *(f"results/films/denoised/{name}/full/b0001/manifest.tsv" for name in ("raw", "mask_control")),
    ]


def test_a_run_that_simulates_is_scored_on_the_test_batch_too() -> None:
    assert products_of(["raw", "coarse"]).scored_batches("films") == (["b0001"], ["s9999"])
    without = products_of(["raw", "coarse"], simulation={"test_micrographs": 0})
    assert without.scored_batches("films") == (["b0001"], [])


def test_a_dataset_without_a_diameter_is_not_scored() -> None:
    products = Products(plan_of(shipped_config(), particle_diameter_A=None))
    assert products.scored_datasets == [] and products.denoised_for_scores() == []
    assert products.scored_methods == list(shipped_config()["run"]["methods"])


def test_every_table_of_scores_is_listed_for_every_picker() -> None:
    products = products_of(["raw"], picking={"pickers": ["blob"]})
    assert products.scores_of_dataset("films") == [
        f"results/films/scores/{method}/full/b0001{picks}.tsv"
        for method in ("raw", "mask_control")
        for picks in ("", ".blob")
    ]


def test_manifests_are_watched_once_each_and_those_that_count_come_first() -> None:
    products = products_of(["raw", "coarse", "nt2c", "n2n"])
    watched = products.watched()
    assert len(watched) == len(set(watched))
    assert watched[: len(products.counted())] == products.counted()


def test_what_a_network_learns_from_is_watched_until_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    products = products_of(["raw", "nt2c"])
    stages = ("simulated", "noise", "reweighted")
    assert all(products.learned_from(stage) for stage in stages)
    assert products.learned_from("noise") == ["results/films/noise/main/b0001/manifest.tsv"]
    for stage in ("coarse", "fine"):
        model = Path(f"results/films/models/{stage}/main.pt")
        model.parent.mkdir(parents=True)
        model.touch()
    assert not any(products.learned_from(stage) for stage in stages), "it may have been cleared away"
    kept = Path("results/films/simulated/noisy/s0001/manifest.tsv")
    kept.parent.mkdir(parents=True)
    kept.touch()
    assert products.learned_from("simulated") == [kept.as_posix()], "what lies there is told of"


def test_networks_are_listed_once_for_the_methods_that_train_one() -> None:
    products = products_of(
        ["raw", "nt2c", "nt2c_long", "n2n", "given"],
        methods={
            **shipped_config()["methods"],
            "nt2c_long": {"kind": "nt2c", "noise_gan": {"steps": 5}},
            "given": {"kind": "weights", "file": "a.sav", "rescale_to_A": None},
        },
    )
    assert products.networks() == [
        "results/films/models/fine/main.pt",
        "results/films/models/fine/nt2c_long.pt",
        "results/films/models/noise2noise/main.pt",
    ]


def test_a_method_of_another_dataset_is_made_scored_and_trained_nowhere_here() -> None:
    methods = {**shipped_config()["methods"], "coarse": {"kind": "coarse", "datasets": ["others"]}}
    products = products_of(["raw", "gaussian", "coarse"], methods=methods)
    everything = [*products.watched(), *products.scores_of_dataset("films"), *products.networks()]
    assert not [path for path in everything if "/coarse/" in path or "/simulated/" in path]
    assert len(products.counted()) == 3 + 3 * 2
    here = products_of(
        ["raw", "gaussian", "coarse"],
        methods={**methods, "coarse": {"kind": "coarse", "datasets": ["films"]}},
    )
    assert here.watched() == products_of(["raw", "gaussian", "coarse"]).watched()
