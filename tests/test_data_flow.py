"""The tables of docs/data-flow.md say what the rules read and make."""

from __future__ import annotations

import re

import pytest

from support.rules import ROOT, Rule, read_rules

RULES = read_rules()
DOCUMENT = (ROOT / "docs" / "data-flow.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \|$", DOCUMENT, re.MULTILINE)
READS = {name: reads for name, reads, _ in ROWS}
MAKES = {name: makes for name, _, makes in ROWS}
CHOICE = re.compile(r"\{(\w+(?:,\w+)+)\}")
WILDCARD = re.compile(r"\{(\w+)\}")
EXAMPLES = {"part": "full", "half": "even"}


def listed_paths(cell: str) -> set[str]:
    """Give the paths of a cell: choices in braces written out, of a folder the folder and its manifest."""
    paths: set[str] = set()
    waiting = [
        text for text in re.findall(r"`([^`]+)`", cell) if "/" in text or text.endswith((".tsv", ".json"))
    ]
    while waiting:
        path = waiting.pop()
        if choice := CHOICE.search(path):
            waiting += [path.replace(choice.group(), word, 1) for word in choice.group(1).split(",")]
        elif path.endswith("/"):
            paths |= {f"results/{path[:-1]}", f"results/{path}manifest.tsv"}
        else:
            paths.add(f"results/{path}")
    return paths


def made_by(rule: Rule) -> re.Pattern[str]:
    """Match every path that a rule can make."""
    pieces = [WILDCARD.split(path)[::2] for path in rule.paths("output")]
    return re.compile("|".join(r"[^/]+".join(re.escape(piece) for piece in one) for one in pieces))


def test_every_rule_has_one_row_and_every_row_a_rule() -> None:
    assert sorted(name for name, _, _ in ROWS) == sorted(RULES)


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_row_lists_exactly_what_its_rule_makes(name: str) -> None:
    assert listed_paths(MAKES[name]) == RULES[name].paths("output")


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_folder_of_micrographs_has_a_manifest(name: str) -> None:
    rule = RULES[name]
    assert {f"{folder}/manifest.tsv" for folder in rule.folders()} <= rule.paths("output")


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_row_lists_every_path_its_rule_names_as_input(name: str) -> None:
    assert RULES[name].paths("input") <= listed_paths(READS[name])


@pytest.mark.parametrize("name", sorted(RULES))
def test_what_a_rule_reads_another_rule_makes(name: str) -> None:
    # one rule trains every network, one denoises with all of them, and one picks in noise and beside it: they feed themselves
    itself = {"train_denoiser", "denoise_micrographs", "pick_particles"}
    others = [made_by(rule) for other, rule in RULES.items() if other != name or name in itself]
    for path in listed_paths(READS[name]):
        example = WILDCARD.sub(lambda found: EXAMPLES.get(found.group(1), "x"), path)
        assert any(pattern.fullmatch(example) for pattern in others), f"no other rule makes {path}"


@pytest.mark.parametrize("name", sorted(RULES))
def test_the_picture_shows_every_rule(name: str) -> None:
    picture = DOCUMENT.split("```")[1]
    shown = name.upper()
    partners = {"CHOOSE_SIMULATED_REGIONS": "CHOOSE_REGIONS", "MATCH_SIMULATED_PICKS": "MATCH_PICKS"}
    assert partners.get(shown, shown) in picture


@pytest.mark.parametrize("document", ["method.md", "benchmarks.md", "data-flow.md"])
def test_every_file_a_document_names_exists(document: str) -> None:
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    homes = [
        ROOT,
        ROOT / "workflow" / "scripts",
        ROOT / "workflow" / "scripts" / "clearice",
        ROOT / "tests" / "clearice",
        ROOT / "tests" / "steps",
    ]
    named = set(re.findall(r"[`\s]([\w/]+\.py)\b", text))
    assert [name for name in sorted(named) if not any((home / name).is_file() for home in homes)] == []
