"""Every path of the workflow is parsed in one place, and what is parsed leads back to the same path."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from string import Formatter

import pytest

from clearice.run.places import (
    LAYOUTS,
    SIMULATED_TEST,
    Kind,
    Place,
    batch_kind,
    noise_of,
    place_of,
    real_of,
)

ROOT = Path(__file__).resolve().parents[2]
VALUES = {
    "picker": "mean_shift",
    "method": "noise",
    "network": "noise_gan",
    "variant": "regions",
    "content": "clean",
    "part": "odd",
    "batch": "b0012",
}
EVERY = [(stage, layout) for stage, layouts in LAYOUTS.items() for layout in layouts]


def names_in(layout: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(layout) if name}


def place(stage: str, layout: str, dataset: str = "set") -> Place:
    return Place(dataset, stage, **{name: VALUES[name] for name in names_in(layout)})


@pytest.mark.parametrize("results", ["results", "/data/results/run/results", "../elsewhere/results"])
@pytest.mark.parametrize("dataset", ["set", "noise", "picks-2", "results"])
@pytest.mark.parametrize(("stage", "layout"), EVERY)
def test_a_place_leads_to_a_path_and_the_path_back_to_the_place(
    stage: str, layout: str, dataset: str, results: str
) -> None:
    expected = place(stage, layout, dataset)
    path = expected.under(Path(results))
    assert path.is_relative_to(Path(results, dataset, stage))
    assert place_of(path, Path(results)) == expected
    if dataset != "results" or results == "results":
        assert place_of(path) == expected
        assert place_of(path / "manifest.tsv") == place_of(path / "deeper" / "m1.mrc") == expected


@pytest.mark.parametrize(("stage", "layout"), [(stage, layout) for stage, layout in EVERY if layout])
def test_a_file_stands_where_its_name_without_suffix_does(stage: str, layout: str) -> None:
    path = place(stage, layout).under(Path("results"))
    assert place_of(path.with_name(f"{path.name}.tsv")) == place(stage, layout)


@pytest.mark.parametrize("stage", LAYOUTS)
def test_the_layouts_of_a_stage_differ_in_what_they_name(stage: str) -> None:
    named = [frozenset(names_in(layout)) for layout in LAYOUTS[stage]]
    assert len(set(named)) == len(named)


def test_a_results_folder_of_another_name_is_given() -> None:
    path = Path("mine/set/denoised/noise/full/b0001/manifest.tsv")
    assert place_of(path, Path("mine")) == Place(
        "set", "denoised", method="noise", part="full", batch="b0001"
    )


def test_every_path_that_a_rule_writes_out_has_a_place_and_every_stage_has_one() -> None:
    """A new stage or folder is added to the layouts, or nothing could tell what its manifests are of."""
    values = VALUES | {"dataset": "set", "number": "0012", "half": "even", "kind": "noisy", "stage": "coarse"}
    stages = set()
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        for text in re.findall(r'"(results/\{+dataset[^"]*)"', path.read_text(encoding="utf-8")):
            pattern = text.replace("{{", "{").replace("}}", "}")
            if names_in(pattern) <= set(values) and not pattern.endswith("{dataset}/{stage}"):
                stages.add(place_of(Path(pattern.format(**values))).stage)
    assert len(stages) > 10
    assert stages <= set(LAYOUTS)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("set/sums/full/b0001/manifest.tsv", "the stages are sums, null, denoised"),
        ("results/failures.tsv", "the stages are"),
        ("results/set", "the stages are"),
        ("results/set/known/b0001/manifest.tsv", "the stages are"),
        ("results/2set/regions/b0001/manifest.tsv", "regions goes on with {batch}"),
        ("results/set/sums/half/b0001/manifest.tsv", "sums goes on with {part}/{batch}"),
        ("results/set/sums/full/x0001/manifest.tsv", "sums goes on with"),
        ("results/set/denoised/b0001/manifest.tsv", "denoised goes on with {method}/{part}/{batch}"),
        ("results/set/reweighted/main/b0001.tsv", "{variant}/{content}/{batch} or {variant}/weights/{batch}"),
    ],
)
def test_a_path_without_a_place_is_refused_in_one_sentence(path: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)) as refused:
        place_of(Path(path))
    assert str(refused.value).startswith(f"{path} is no path of a run") and "\n" not in str(refused.value)


def test_a_path_outside_the_results_folder_is_refused() -> None:
    with pytest.raises(ValueError, match="below mine/<dataset>/"):
        place_of(Path("results/set/regions/b0001"), Path("mine"))


def test_a_place_that_no_layout_names_has_no_path() -> None:
    with pytest.raises(ValueError, match="has batch, method, but sums goes on with {part}/{batch}"):
        Place("set", "sums", method="raw", batch="b0001").under(Path("results"))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("sums/even/b0001", "even"),
        ("denoised/nt2c/full/b0001", "nt2c/full"),
        ("simulated/noisy/s0001", "noisy"),
        ("noise/main/b0001", "main"),
        ("reweighted/main/noisy/s0001", "main/noisy"),
        ("reference_coordinates/s9999", ""),
        ("second_exposure/b0001", ""),
        ("regions/b0001", ""),
        ("null/odd/n0001", "odd"),
        ("picks/blob/raw/full/b0001", "blob/raw/full"),
    ],
)
@pytest.mark.parametrize("dataset", ["set", "noise", "picks"])
def test_a_place_is_named_by_its_folders(path: str, name: str, dataset: str) -> None:
    found = place_of(Path("results", dataset, path, "manifest.tsv"))
    assert (found.dataset, found.name) == (dataset, name)


@pytest.mark.parametrize(
    ("batch", "kind"),
    [("b0001", Kind.REAL), ("n12345", Kind.NOISE), (SIMULATED_TEST, Kind.SIMULATED), ("m0001", Kind.MOVIES)],
)
def test_a_batch_is_of_the_kind_its_letter_names(batch: str, kind: Kind) -> None:
    assert batch_kind(batch) is replace(place("regions", "{batch}"), batch=batch).kind is kind
    assert batch.startswith(kind)


@pytest.mark.parametrize("batch", ["", "b", "x0001", "0001", "b00a1", "B0001", "bn0001"])
def test_another_name_is_none_of_a_batch(batch: str) -> None:
    with pytest.raises(ValueError, match="is no batch: expected b"):
        batch_kind(batch)


def test_noise_leads_back_to_the_real_batch_it_is_made_after() -> None:
    assert noise_of("b0012") == "n0012"
    assert real_of(noise_of("b0012")) == "b0012"


@pytest.mark.parametrize("batch", ["b0001", "s0001", "m0001"])
def test_a_batch_that_is_no_noise_stands_for_itself(batch: str) -> None:
    assert real_of(batch) == batch


@pytest.mark.parametrize("batch", ["n0001", "s0001", "m0001"])
def test_noise_is_made_after_real_batches_alone(batch: str) -> None:
    with pytest.raises(ValueError, match=f"{batch} holds no real micrographs"):
        noise_of(batch)
