"""A kind of method or a picker is known by its own modules alone: no other code asks for one by its name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest

from clearice.config.base import Settings
from clearice.config.registry import all_kinds, all_pickers, all_stages
from clearice.config.whole import config_model
from clearice.run.syntax import drop_words

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "workflow" / "scripts" / "clearice"
CODE = sorted((ROOT / "workflow").rglob("*.py"))
RULES = [ROOT / "Snakefile", *sorted((ROOT / "workflow").rglob("*.smk"))]
VALUES = sorted(  # less the schemas, which are generated
    path
    for folder in ("workflow", "config", "profiles")
    for path in (ROOT / folder).rglob("*.yaml")
    if path.parent.name != "schemas"
)
NAMES = {*all_kinds(), *all_pickers()}


def own_modules(name: str) -> set[Path]:
    """Return where a kind or a picker may be spoken of by its name."""
    rooms = ("config/kinds", "denoisers") if name in all_kinds() else ("config/pickers", "picking")
    return {LIBRARY / room / f"{name}.py" for room in rooms}


def parsed(path: Path) -> ast.Module:
    """Parse a module without its docstrings and log lines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    drop_words(tree)
    return tree


def texts(node: ast.AST) -> Iterator[str]:
    """Give every text constant below a node."""
    for child in ast.walk(node):
        if isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield child.value


def quoted(path: Path) -> list[str]:
    """List the quoted texts of a rule file, less its comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return re.findall(r'"([^"\n]*)"', "\n".join(line for line in lines if not line.lstrip().startswith("#")))


def without_comments(path: Path) -> str:
    """Return the text of a YAML file, less its comments."""
    return re.sub(r"(^|\s)#.*", "", path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    """Give the last part of every imported name."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                yield alias.name.rpartition(".")[2]
            if isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.rpartition(".")[2]


def files_that_name(name: str) -> set[str]:
    """List the files outside tests and docs that are named after something, import it, or have its name in a text."""
    word = re.compile(rf"(?<![\w-]){name}(?![\w-])")
    found = set()
    for path in CODE:
        tree = parsed(path)
        if path.stem == name or name in imported(tree) or any(map(word.search, texts(tree))):
            found.add(path)
    found |= {path for path in RULES if any(map(word.search, quoted(path)))}
    found |= {path for path in VALUES if word.search(without_comments(path))}
    return {path.relative_to(ROOT).as_posix() for path in found}


@pytest.mark.parametrize(
    ("name", "room", "most"),
    [("wiener", "denoisers", 4), ("bm3d", "denoisers", 4), ("template", "picking", 5)],
)
def test_a_filter_stands_in_four_files_and_a_picker_in_five(name: str, room: str, most: int) -> None:
    found = files_that_name(name)
    modules = {path.relative_to(ROOT).as_posix() for path in own_modules(name)}
    assert {*modules, "config/advanced.yaml"} <= found, f"{name} is not found where it must stand"
    assert f"workflow/scripts/clearice/{room}/{name}.py" in modules
    assert len(found) <= most, f"{name} is named in {sorted(found)}"


def every_model(model: type[Settings]) -> Iterator[type[Settings]]:
    """Give all models of settings made of one."""
    for one in model.__subclasses__():
        yield one
        yield from every_model(one)


def options(hint: object) -> Iterator[str]:
    """Give the texts that an annotation lets one choose from."""
    if get_origin(hint) is Literal:
        yield from (value for value in get_args(hint) if isinstance(value, str))
    for part in get_args(hint):
        yield from options(part)


# Other things have these names too, so that code may ask for them, though not where it asks for a kind or a picker:
# stages, values of other settings, and the weights of a structure or of a network.
config_model()  # so that all models of settings are loaded
SHARED = NAMES & {
    *all_stages(),
    "weights",
    *(
        text
        for model in every_model(Settings)
        for name, field in model.model_fields.items()
        if name != "kind"
        for text in options(field.annotation)
    ),
}


def asked(tree: ast.Module) -> Iterator[tuple[int, list[ast.expr]]]:
    """Give the line and the sides of every comparison, and the keys of every table."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            yield node.lineno, [node.left, *node.comparators]
        elif isinstance(node, ast.BinOp):
            yield node.lineno, [node.left, node.right]
        elif isinstance(node, ast.Dict):
            yield node.lineno, [key for key in node.keys if key is not None]
        elif isinstance(node, ast.Match):
            values = [value.value for value in ast.walk(node) if isinstance(value, ast.MatchValue)]
            yield node.lineno, [node.subject, *values]


def asks_for_a_kind(side: ast.expr) -> bool:
    """Return whether an expression is a kind or a picker: ``kind``, ``x.picker``, ``x["kind"]``, ``x.get("kind")``."""
    if isinstance(side, ast.Call) and isinstance(side.func, ast.Attribute) and side.func.attr == "get":
        words = list(texts(side))
    elif isinstance(side, ast.Subscript):
        words = list(texts(side.slice))
    else:
        words = [getattr(side, "id", ""), getattr(side, "attr", "")]
    return bool({"kind", "kinds", "picker", "pickers"} & set(words))


def names_asked_for(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Give the kinds and pickers that code compares something with, each with its line."""
    for line, sides in asked(tree):
        constants = [side for side in sides if isinstance(side, (ast.Constant, ast.Tuple, ast.Set, ast.List))]
        looked_for = NAMES if any(map(asks_for_a_kind, sides)) else NAMES - SHARED
        for name in sorted({text for side in constants for text in texts(side)} & looked_for):
            yield line, name


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_code_asks_for_a_kind_or_a_picker_by_its_name(path: Path) -> None:
    found = [(line, name) for line, name in names_asked_for(parsed(path)) if path not in own_modules(name)]
    assert not found, (
        f"{found}; say in config/kind.py what is asked for, and set it in the module of the kind"
    )


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_no_rule_names_a_kind_or_a_picker(path: Path) -> None:
    found = {part for text in quoted(path) for part in text.split("|")} & (NAMES - SHARED)
    assert not found, f"{path.name} names {found}; find the methods by what config/kind.py says of a kind"


@pytest.mark.parametrize(
    "code",
    [
        'if method["kind"] == "wiener": pass',
        'x = picker in ("blob", "other")',
        'x = {"lowpass": 1}[y]',
        'x = kinds & {"coarse", "nt2c"}',
        'x = kinds & {"coarse"}',
        'match x:\n    case "template" | "other": pass',
        'x = own["kind"] not in {"coarse"}',
        'x = "mean_shift" != name',
    ],
)
def test_the_law_sees_a_question(code: str) -> None:
    assert list(names_asked_for(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    ['x = stage == "coarse"', 'x = source == "gaussian"', 'raise ValueError("wiener")', 'x = a == "b"'],
)
def test_the_law_lets_other_texts_be(code: str) -> None:
    assert not list(names_asked_for(ast.parse(code)))


def test_what_the_manual_lists_to_add_something_exists() -> None:
    manual = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = manual.split("## How to add\n")[1].split("\n## ")[0]
    paths = [path for path in re.findall(r"`([\w./{}]+\.[a-z]+)`", section) if "/" in path]
    assert len(paths) >= 20
    for path in paths:
        pattern = re.sub(r"\bX\b|\{\w+\}", "*", path)
        places = [ROOT, LIBRARY, ROOT / "workflow"]
        assert any(next(place.glob(pattern), None) for place in places), f"there is no {path}"
