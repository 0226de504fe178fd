"""YAML and JSON: what is whole is read, and what is damaged, endless or ambiguous says where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clearice.config.complaints import complaints, parse_row
from clearice.config.evaluation import RegionSettings
from clearice.config.tables import DatasetRow
from clearice.files.documents import read_json, read_yaml, write_json, write_yaml
from clearice.files.regions import read_regions, write_regions

DOCUMENT = {"seed": 7, "run": {"methods": ["raw"], "share": 0.5}, "text": "µ", "nothing": None}


def test_documents_come_back(tmp_path: Path) -> None:
    write_yaml(tmp_path / "a.yaml", DOCUMENT)
    write_json(tmp_path / "a.json", DOCUMENT)
    assert read_yaml(tmp_path / "a.yaml") == read_json(tmp_path / "a.json") == DOCUMENT


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_documents_of_other_editors_are_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.yaml").write_bytes("seed: 7\r\nname: µ\r\n".encode(encoding))
    (tmp_path / "a.json").write_bytes('{"seed": 7,\r\n"name": "µ"}'.encode(encoding))
    assert read_yaml(tmp_path / "a.yaml") == read_json(tmp_path / "a.json") == {"seed": 7, "name": "µ"}


def laughs(levels: int) -> str:
    """Make a document whose aliases stand for ten to the power of `levels` values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


def merged_laughs(levels: int) -> str:
    """Make the same of merged mappings."""
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n}\n  <<: [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("run:\n\tmethods: raw\n", "a.yaml is not YAML: line 2 is indented with a tab; use spaces"),
        ("run:\n  - raw\n  \t- x\n", "line 3 .*; "),
        ("a: [1, 2\nb: 3\n", "a.yaml is not YAML: line 2, column 2: .*; correct that line"),
        ("a: 1\nb: 2\na: 3\n", "a.yaml, line 3: the key 'a' stands in line 1 already; keep one of them"),
        (laughs(9), r"a.yaml, line \d+: it stands for more than 1,000,000 values"),
        (merged_laughs(9), "it stands for more than 1,000,000 values"),
        ("a: &a [*a]\n", "line 1: an alias stands within what it names"),
        ("[" * 20_000, "is nested deeper than 100 levels"),
        ("- " * 20_000, "is nested deeper than 100 levels"),
        ("a: " + "[" * 150 + "]" * 150, "is nested deeper than 100 levels"),
        ("a: 2001-99-99\n", "a.yaml is not YAML: a value cannot be read"),
        ("a: " + "9" * 5000, "a value cannot be read"),
        ("a: !!python/object:os.system x\n", "is not YAML: line 1"),
        ("--- 1\n--- 2\n", "is not YAML: line 2"),
        ("a: \x07\n", "is not YAML: "),
    ],
)
def test_yaml_that_is_none_is_refused_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(ValueError, match=words) as caught:
        read_yaml(tmp_path / "a.yaml")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


def test_an_alias_that_stands_for_little_is_fine(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: &a {x: 1}\nb: *a\nc:\n  <<: *a\n  y: 2\n")
    assert read_yaml(tmp_path / "a.yaml") == {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1, "y": 2}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": [1, 2', r"a.json, line 1, column 12: it is not JSON \(it is cut short\)"),
        ('{"a": 1,\n b: 2}', "a.json, line 2, column 2: it is not JSON: Expecting property name"),
        ("", "it is cut short"),
        ('{"a": NaN}', "a.json holds the number NaN, which is not finite"),
        ('{"a": 1e400}', "a.json holds the number 1e400, which is not finite"),
        ("[" * 100_000, "nested deeper than 100 levels"),
        ("9" * 5000, "a.json is not JSON: "),
    ],
)
def test_json_that_is_none_is_refused_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ValueError, match=words) as caught:
        read_json(tmp_path / "a.json")
    assert "\n" not in str(caught.value)


def test_regions_come_back_and_others_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    write_regions(path, [((0, 1, 8), (9, 9, 8))], [(3, 4, 8)])
    found = read_regions(path)
    assert (found.pairs, found.free) == ([((0, 1, 8), (9, 9, 8))], [(3, 4, 8)])
    for wrong in (
        '{"free": []}',
        '{"pairs": [], "free": [[0.5, 1, 8]]}',
        '{"pairs": [], "free": [[-1, 1, 8]]}',
        "[]",
        "7",
    ):
        path.write_text(wrong)
        with pytest.raises(ValueError, match="m.json holds no regions"):
            read_regions(path)


@pytest.mark.parametrize("value", ["nan", "inf", "1e400", "1_0", "1,06", "wide", "-1", "0"])
def test_a_pixel_size_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="datasets.tsv: pixel_size_A"):
        parse_row(DatasetRow, {"dataset": "a", "pixel_size_A": value}, "datasets.tsv")


@pytest.mark.parametrize("value", [".nan", ".inf", "-.inf", "1.0e+400"])
def test_a_setting_that_is_no_finite_number_is_refused(tmp_path: Path, value: str) -> None:
    (tmp_path / "a.yaml").write_text(f"particle_diameter_A: {value}\n")
    given: dict[str, Any] = read_yaml(tmp_path / "a.yaml")
    assert any(
        "particle_diameter_A is" in one and "must be" in one for one in complaints(RegionSettings, given, "a")
    )
