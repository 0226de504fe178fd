"""The page stands alone and says what it shows."""

from __future__ import annotations

import shutil
from pathlib import Path

import jinja2
import pytest

from clearice.reporting.page import TEMPLATE, Cell, Preview, ScoreTable, fill, group_previews, score_tables
from clearice.run.fingerprint import fingerprint

PROVENANCE = {
    "versions": {"clearice": "1", "numpy": "2"},
    "settings": {
        "seed": 7,
        "quality": "quick",
        "run": {"methods": ["raw"]},
        "methods": {"raw": {"kind": "raw"}},
        "previews": {"reference_resolution_A": 20},
    },
    "taken": {"set": []},
    "sha256": {"a.mrc": "0"},
}


def previews_of(*names: str) -> list[Preview]:
    return [
        Preview("set", name, "full", method, b"png", b"png")
        for name in names
        for method in ("raw", "lowpass")
    ]


EMPTY = {
    "previews": {},
    "counts": [],
    "failures": [],
    "notes": [],
    "scores": [],
    "picks": [],
    "methods": ["raw"],
    "provenance": PROVENANCE,
}


def page(**changes: object) -> str:
    return fill(TEMPLATE.read_text(encoding="utf-8"), **(EMPTY | changes))


def test_pictures_of_one_micrograph_stand_together_and_their_number_is_limited() -> None:
    grouped = group_previews(previews_of("b", "a", "c"), 2)
    assert list(grouped["set"]) == [("a", "full"), ("b", "full")]
    assert [preview.method for preview in grouped["set"]["a", "full"]] == ["raw", "lowpass"]


def test_the_page_needs_no_other_file() -> None:
    html = page(previews=group_previews(previews_of("a"), 1))
    assert html.count("data:image/png;base64,") == 4
    assert 'src="http' not in html and "href=" not in html


def test_the_page_warns_that_denoised_images_are_no_data() -> None:
    assert "for seeing and picking only" in page()


def test_failures_and_scores_are_shown_and_escaped() -> None:
    failure = {"dataset": "set", "micrograph": "m1", "stage": "null", "counted": "no", "reason": "<3 frames"}
    table = ScoreTable("Scores", "raw", ["raw"], [("r", [Cell("2.4", "", "n 3")])], ["<a note>"])
    html = page(failures=[failure], scores=[table])
    assert "<td>null</td><td>no</td><td>&lt;3 frames</td>" in html
    assert "<th>raw</th>" in html and "<td>r</td><td>2.4<br><small>n 3</small></td>" in html
    assert "&lt;a note&gt;" in html and "gain over raw" in html


def test_an_edit_of_the_template_changes_the_code_of_the_step_that_writes_the_page(tmp_path: Path) -> None:
    library = TEMPLATE.parents[1]
    copied = shutil.copytree(
        library.parent, tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__")
    )
    steps = [copied / f"{name}.py" for name in ("write_report", "write_provenance")]
    before = [fingerprint(step) for step in steps]
    template = copied / TEMPLATE.relative_to(library.parent)
    template.write_text(template.read_text(encoding="utf-8") + "<hr>", encoding="utf-8")
    after = [fingerprint(step) for step in steps]
    assert after[0] != before[0] and after[1] == before[1]


def test_a_name_the_template_does_not_know_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        fill("{{ nothing }}", **EMPTY)


def row(method: str, mean: str, count: int, **changes: object) -> dict[str, str]:
    values = {
        "method": method, "part": "full", "metric": "null_sd", "micrographs": count, "mean": mean, "standard_error": "0.1",
        "gain": "0", "gain_standard_error": "0", "pairs": count, **changes,
    }  # fmt: skip
    return {key: str(value) for key, value in values.items()}


def test_scores_stand_in_one_table_per_part_with_a_column_per_method() -> None:
    summary = [
        row("raw", "0.5", 3),
        row("nt2c", "0.4", 1, standard_error="nan", gain="-0.2", gain_standard_error="nan"),
        row("raw", "0.9", 3, part="simulated", metric="truth_r"),
    ]
    real, simulated = score_tables("set", summary, "raw", {"full": ["a word"]})
    assert real.methods == ["raw", "nt2c"]
    assert real.rows == [("null_sd", [Cell("0.5 ± 0.1", "", "n 3"), Cell("0.4", "-0.2", "n 1 of 3")])]
    assert simulated.rows == [("truth_r", [Cell("0.9 ± 0.1", "", "n 3")])]
    assert (real.notes, simulated.notes) == (["a word"], [])
    assert simulated.title == "Scores: set, simulated micrographs, against the truth"


def test_a_gain_is_shown_with_its_sign_its_error_and_its_pairs() -> None:
    summary = [row("raw", "1", 4), row("a", "2", 3, gain="0.7", gain_standard_error="0.2", pairs=2)]
    ((_, cells),) = score_tables("set", summary, "raw", {})[0].rows
    assert cells[1] == Cell("2 ± 0.1", "+0.7 ± 0.2 in 2 pairs", "n 3 of 4")


def test_a_number_that_is_missing_everywhere_is_an_empty_cell_that_says_so() -> None:
    summary = [row("raw", "1", 4), row("raw", "nan", 0, metric="f1"), row("a", "nan", 0, metric="f1")]
    table = score_tables("set", summary, "raw", {})[0]
    assert table.rows[1] == ("f1", [Cell("", "", "n 0 of 4")] * 2)
    assert table.rows[0][1][1] == Cell("", "", ""), "a has no such row at all"


@pytest.mark.parametrize(("controlled", "notes"), [(4, 0), (3, 1), (0, 1)])
def test_a_control_that_is_missing_is_named_with_the_numbers(controlled: int, notes: int) -> None:
    summary = [row("raw", "1", 4, metric="second_exposure_r"), row("raw", "0", controlled, metric="other_r")]
    found = score_tables("set", summary, "raw", {})[0].notes
    assert len(found) == notes
    assert all(f"{controlled} of 4 micrographs" in note for note in found)


def test_notes_are_shown() -> None:
    assert "<li>3 pixels were filled</li>" in page(notes=["3 pixels were filled"])


def test_what_was_taken_for_what_was_left_open_is_shown_with_its_reason() -> None:
    assert "left open" not in page()
    one = {"name": "picking.box_A", "value": 200.0, "why": "1.6 diameters"}
    none = {"name": "simulation.pixel_size_A", "value": None, "why": "training.rescale_to_A"}
    text = page(provenance={**PROVENANCE, "taken": {"set": [one, none]}})
    assert "<td>set</td><td>picking.box_A</td><td>200.0</td><td>1.6 diameters</td>" in text
    assert "<td>simulation.pixel_size_A</td><td>null</td>" in text and "Quality quick" in text
