"""The rules of the house hold: who imports whom, how long a module may be, and what code never does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from clearice.run.fingerprint import reached

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"
LIBRARY = SCRIPTS / "clearice"
MODULES = sorted(path for path in LIBRARY.rglob("*.py") if path.name != "__init__.py")
STEPS = sorted(SCRIPTS.glob("*.py"))
RULES = sorted((ROOT / "workflow" / "rules").glob("*.smk"))
LONGEST = 300
LOOSE_VERB = re.compile(r'"""(Give|Say|Tell|Let|Bring|Take|Judge|Treat)s?\b')

# What each part of the library may import besides itself (docs/architecture.md). A dotted name is one module.
MAY_IMPORT = {
    "files": {"image.units", "run.read_ahead"},
    "image": set(),
    "networks": set(),
    "config": {"files"},
    "movies": {"image", "config"},
    "simulation": {"image", "config"},
    "noise": {"image", "config"},
    "training": {"image", "config", "run.progress", "run.read_ahead"},
    "denoisers": {"image", "networks", "config", "run.read_ahead"},
    "picking": {"image", "config"},
    "evaluation": {"image", "config"},
    "reporting": {"image", "config", "run.places"},
    "run": {"files", "config"},
}
FREE_OF_OURS = {
    "image/units.py",
    "run/places.py",
    "run/progress.py",
    "run/read_ahead.py",
}  # whoever uses one of them gets that alone


def name_of(path: Path) -> str:
    return path.relative_to(SCRIPTS).as_posix()


def folder_of(path: Path) -> str:
    return path.relative_to(LIBRARY).parts[0]


def imported_modules(path: Path) -> set[str]:
    """Name the modules of the library that a file imports, less the library's own name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.removeprefix("clearice.") for name in found if name.startswith("clearice.")}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_one_way(path: Path) -> None:
    folder = folder_of(path)
    allowed = MAY_IMPORT[folder] | {folder}
    for module in imported_modules(path):
        assert any(f"{module}.".startswith(f"{one}.") for one in allowed), f"{folder} may not import {module}"


@pytest.mark.parametrize("name", sorted(FREE_OF_OURS))
def test_what_everybody_may_use_uses_nothing_of_ours(name: str) -> None:
    path = LIBRARY / name
    assert not imported_modules(path)


@pytest.mark.parametrize("path", [*MODULES, *STEPS], ids=name_of)
def test_a_module_is_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("path", STEPS, ids=name_of)
def test_a_step_is_short_enough_to_see_at_once(path: Path) -> None:
    """Loops over structure and records of parameters stand in the library."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, f"{node.name} has more than 60 lines"


@pytest.mark.parametrize("path", [*MODULES, *STEPS, *RULES], ids=lambda path: path.name)
def test_docstrings_begin_with_a_plain_verb(path: Path) -> None:
    """Return, Check, Read, Write, Compute, Draw and their like say more than Give, Say or Tell."""
    found = LOOSE_VERB.search(path.read_text(encoding="utf-8"))
    assert not found, f"a docstring begins with {found.group(1) if found else ''}"


def records_in(path: Path) -> list[ast.ClassDef]:
    """List the dataclasses and named tuples of a module."""
    return [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and (
            any("dataclass" in ast.unparse(one) for one in node.decorator_list)
            or any(ast.unparse(base).endswith("NamedTuple") for base in node.bases)
        )
    ]


RECORDS = [(path, record) for path in [*MODULES, *STEPS] for record in records_in(path)]


@pytest.mark.parametrize(("path", "record"), RECORDS, ids=[f"{p.stem}.{c.name}" for p, c in RECORDS])
def test_a_record_describes_each_field_in_a_line_of_its_own(path: Path, record: ast.ClassDef) -> None:
    _, _, attributes = (ast.get_docstring(record) or "").partition("\nAttributes\n----------\n")
    described = re.findall(r"^(\w+)\n    \S", attributes, re.MULTILINE)
    fields = [
        node.target.id
        for node in record.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]
    assert set(fields) <= set(described), f"{record.name} lacks {sorted(set(fields) - set(described))}"


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


@pytest.mark.parametrize("path", [p for p in MODULES if folder_of(p) not in {"files", "run"}], ids=name_of)
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


# What takes seconds to load, and the only steps that may: the others start in a fraction of one.
SLOW_TO_LOAD = {
    "torch": {
        "denoise_micrographs", "project_templates", "sample_noise", "simulate_micrographs", "train_denoiser", "train_noise_gan",
    },
    "gemmi": {"project_templates", "simulate_micrographs"},
    "skimage": {"make_null_micrographs", "score_method", "write_report"},
    "tifffile": {"import_exposures", "new_project", "simulate_micrographs", "sum_frames"},
    "pandas": {
        "choose_regions", "export_star", "extract_particles", "import_coordinates", "match_picks", "pick_particles",
        "simulate_micrographs",
    },
    "jinja2": {"write_report"},
    "snakemake": set(),
    "matplotlib": set(),
    "sklearn": set(),
}  # fmt: skip


def loaded_at_once(path: Path) -> set[str]:
    """Name the packages that a module imports when it is loaded."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", STEPS, ids=name_of)
def test_a_step_loads_nothing_slow_that_it_does_not_need(path: Path) -> None:
    loaded = set().union(*map(loaded_at_once, reached([path], SCRIPTS)))
    wrong = {name for name, allowed in SLOW_TO_LOAD.items() if name in loaded and path.stem not in allowed}
    assert not wrong, f"{path.stem} loads {', '.join(sorted(wrong))}"


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
