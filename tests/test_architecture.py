"""The rules of the house hold: who imports whom, how long a module may be, and what code never does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"
LIBRARY = SCRIPTS / "clearice"
MODULES = sorted(path for path in LIBRARY.rglob("*.py") if path.name != "__init__.py")
STEPS = sorted(SCRIPTS.glob("*.py"))
LONGEST = 300

TOOLS = {"files", "image", "networks"}
METHODS = {
    "movies": {"image"},
    "physics": {"image"},
    "noise": {"image"},
    "learning": {"image"},
    "denoising": {"image", "networks"},
    "evaluation": {"image"},
}


def name_of(path: Path) -> str:
    return path.relative_to(SCRIPTS).as_posix()


def folder_of(path: Path) -> str:
    parts = path.relative_to(LIBRARY).parts
    return parts[0] if len(parts) > 1 else ""


def imported_folders(path: Path) -> set[str]:
    """Name the folders of the library a file imports from ("" for its top modules)."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        modules = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
        for module in modules:
            parts = module.split(".")
            if parts[0] == "clearice" and len(parts) > 1:
                found.add(parts[1] if (LIBRARY / parts[1]).is_dir() else "")
    return found


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_one_way(path: Path) -> None:
    folder, imported = folder_of(path), imported_folders(path)
    if folder in TOOLS:
        assert imported <= {folder}, "a tool knows of no other part of the library"
    elif folder in METHODS:
        assert imported <= {folder} | METHODS[folder], "a method uses tools, never another method"
    else:
        assert not imported & set(METHODS), "top modules do not know the methods"


@pytest.mark.parametrize("path", [*MODULES, *STEPS], ids=name_of)
def test_a_module_is_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("path", [*MODULES, *STEPS], ids=name_of)
def test_code_neither_prints_nor_draws_from_a_global_stream(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", f"line {node.lineno} prints; use the log"
    assert not re.search(r"np\.random\.(seed|rand|randn|normal|uniform|randint)\(", text)
    assert "torch.manual_seed" not in text or "fork_rng" in text, "a global seed outlives the function"
    assert not re.search(r"^import random$", text, re.MULTILINE)


@pytest.mark.parametrize("path", sorted(LIBRARY.rglob("__init__.py")), ids=name_of)
def test_package_files_hold_no_code(path: Path) -> None:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    assert all(isinstance(node, ast.Expr) for node in body), "every step would depend on it"


@pytest.mark.parametrize("path", [p for p in MODULES if folder_of(p) not in {"files", ""}], ids=name_of)
def test_only_the_files_folder_opens_files(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(
        r"\bopen\(|\.read_text\(|\.write_text\(|\.read_bytes\(|\.write_bytes\(|np\.(load|save)\(", text
    )


@pytest.mark.parametrize("path", STEPS, ids=name_of)
def test_a_script_is_one_step(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    steps = [
        node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]
    assert [step.name for step in steps] == [path.stem], "one public function, named like the script"
    assert ast.unparse(tree.body[-1]) == f"run({path.stem}, globals())"
    assert "from __future__" not in path.read_text(encoding="utf-8"), "Snakemake puts a preamble before it"
    assert not re.search(
        r"os\.environ|Path\.cwd|os\.getcwd|snakemake\.config|time\.time\(", path.read_text(encoding="utf-8")
    )


TRACKED = [
    path
    for pattern in (
        "workflow/**/*",
        "config/**/*",
        "profiles/**/*",
        "envs/*",
        "tests/**/*",
        "benchmarks/*",
        "docs/*",
        "*.md",
        "Makefile",
        "Snakefile",
        ".ci/run",
        "requirements*.txt",
    )
    for path in sorted(ROOT.glob(pattern))
    if path.is_file()
    and path.suffix in {"", ".py", ".smk", ".yaml", ".yml", ".md", ".txt", ".tsv", ".sh", ".j2", ".rst"}
    and "__pycache__" not in path.parts
]


def test_no_file_names_a_machines_folder_or_a_registry() -> None:
    words = re.compile(
        r"(?<![\w.])/(work|root|home|Users)/\w|/opt/(wheels|pypi)|extra-index-url|--index-url|find-links"
    )
    for path in TRACKED:
        if path == Path(__file__).resolve():
            continue
        found = words.search(path.read_text(encoding="utf-8"))
        assert not found, f"{path.relative_to(ROOT)} holds {found.group(0) if found else ''}"


def test_the_environment_has_the_pins_of_the_requirements() -> None:
    pins = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line]
    environment = (ROOT / "envs" / "clearice.yaml").read_text()
    listed = [line.strip(" -") for line in environment.splitlines() if "==" in line]
    assert listed == pins
