"""What stands behind each target is what its rule asks for, and what that rests on."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from clearice.reporting.records import STAGES, stage_of
from clearice.run.places import place_of
from clearice.run.products import Products
from clearice.run.targets import OWN_STAGES, Targets
from support.plan import plan_of, shipped_config
from support.rules import ROOT

CONFIG = shipped_config(run={"methods": ["raw", "coarse", "n2n", "nt2c"]}, simulation={"movies": 2})
PLAN = plan_of(CONFIG)
TARGETS = Targets(PLAN, Products(PLAN))
SNAKEFILE = (ROOT / "Snakefile").read_text(encoding="utf-8")


def stages(target: str) -> set[str]:
    return {stage_of(place_of(Path(path)), PLAN.methods) for path in TARGETS.manifests(target)}


def test_every_target_of_the_snakefile_has_its_gate() -> None:
    rules = re.findall(r"^rule (\w+):\n(.*?)(?=^\w|\Z)", SNAKEFILE, re.MULTILINE | re.DOTALL)
    assert [name for name, _ in rules] and sorted(name for name, _ in rules) == sorted(TARGETS.names)
    for name, text in rules:
        assert f'"results/checks/{name}.tsv"' in text


@pytest.mark.parametrize("target", TARGETS.names)
def test_all_that_is_behind_a_target_can_be_told(target: str) -> None:
    found = TARGETS.manifests(target)
    assert found and len(found) == len(set(found))
    assert stages(target) <= set(STAGES)
    assert OWN_STAGES.get(target, "sums") in stages(target) or target == "models"


def test_a_target_is_judged_by_no_more_than_it_rests_on() -> None:
    assert stages("sums") == stages("export") == {"sums"}
    assert stages("denoised") == {"sums", "denoised"}
    assert stages("simulated_movies") == {"movies"}


def test_the_sums_behind_a_target_have_their_settings() -> None:
    assert TARGETS.sum_settings("sums") == [
        f"results/films/sums/full/b000{number}/settings.json" for number in (1, 2, 3)
    ]
    assert TARGETS.sum_settings("simulated_movies") == []


def test_the_default_target_alone_has_a_list_of_failures() -> None:
    assert TARGETS.failures("all") == "results/failures.tsv" and TARGETS.failures("sums") == []


def test_an_empty_sheet_is_an_error_for_every_target_but_simulated_movies() -> None:
    plan = dataclasses.replace(PLAN, batches={"films": {}})
    empty = Targets(plan, Products(plan))
    for target in empty.names:
        if target == "simulated_movies":
            assert empty.manifests(target)
        else:
            with pytest.raises(ValueError, match="micrographs.tsv has no row, so there is nothing to make"):
                empty.manifests(target)
