"""The page stands alone and says what it shows."""

from __future__ import annotations

import jinja2
import pytest

from clearice.evaluation.page import Shot, fill, group_shots, score_tables
from clearice.evaluation.template import PAGE

PROVENANCE = {
    "versions": {"clearice": "1", "numpy": "2"},
    "settings": {
        "seed": 7,
        "run": {"methods": ["raw"]},
        "methods": {"raw": {"kind": "raw"}},
        "previews": {"reference_resolution_A": 20},
    },
    "sha256": {"a.mrc": "0"},
}


def shots(*names: str) -> list[Shot]:
    return [
        Shot("set", name, "full", method, b"png", b"png") for name in names for method in ("raw", "lowpass")
    ]


def page(**changes: object) -> str:
    given = {
        "shots": {},
        "counts": [],
        "failures": [],
        "notes": [],
        "scores": {},
        "provenance": PROVENANCE,
        **changes,
    }
    return fill(PAGE, **given)


def test_pictures_of_one_micrograph_stand_together_and_their_number_is_limited() -> None:
    grouped = group_shots(shots("b", "a", "c"), 2)
    assert list(grouped["set"]) == [("a", "full"), ("b", "full")]
    assert [shot.method for shot in grouped["set"]["a", "full"]] == ["raw", "lowpass"]


def test_the_page_needs_no_other_file() -> None:
    html = page(shots=group_shots(shots("a"), 1))
    assert html.count("data:image/png;base64,") == 4
    assert 'src="http' not in html and "href=" not in html


def test_the_page_warns_that_denoised_images_are_no_data() -> None:
    assert "for seeing and picking only" in page()


def test_failures_and_scores_are_shown_and_escaped() -> None:
    html = page(
        failures=[{"dataset": "set", "micrograph": "m1", "stage": "sums", "reason": "<3 frames"}],
        scores={"Scores": [{"method": "raw", "r": "2.4"}]},
    )
    assert "&lt;3 frames" in html and "<th>r</th>" in html and "<td>2.4</td>" in html


def test_a_name_the_template_does_not_know_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        fill("{{ nothing }}", shots={}, counts=[], failures=[], notes=[], scores={}, provenance={})


def test_scores_stand_in_one_table_per_part_with_a_column_per_method() -> None:
    line = {"part": "full", "metric": "null_sd", "mean": "0.5", "standard_error": "0.1"}
    summary = [
        {**line, "method": "raw"},
        {**line, "method": "nt2c", "standard_error": "nan"},
        {**line, "method": "raw", "part": "simulated", "metric": "truth_r"},
    ]
    tables = score_tables("set", summary)
    real, simulated = tables.values()
    assert real == [{"metric": "null_sd", "raw": "0.5 ± 0.1", "nt2c": "0.5"}]
    assert simulated == [{"metric": "truth_r", "raw": "0.5 ± 0.1"}]
    assert list(tables)[1] == "Scores: set, simulated micrographs, against the truth"


def test_notes_are_shown() -> None:
    assert "<li>3 pixels were filled</li>" in page(notes=["3 pixels were filled"])
