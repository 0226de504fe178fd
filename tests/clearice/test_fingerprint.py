"""The fingerprint of a script changes with all code it reaches, and with nothing else."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from clearice.run.fingerprint import NUMBERS_OF_RUN, fingerprint, reached, training_fingerprint

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
TRAINING_MODULES = {
    "train_denoiser.py": {
        "networks/unet.py",
        "networks/phased_unet.py",
        "training/regression.py",
        "image/rescale.py",
        "run/seeds.py",
    },
    "train_noise_gan.py": {
        "networks/noise_gan.py",
        "training/adversarial.py",
        "noise/sampling.py",
        "run/noise_set.py",
    },
}
LOGGER = "import logging\n\nlog = logging.getLogger(__name__)\n\n\n"


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    (tmp_path / "pack" / "inner").mkdir(parents=True)
    (tmp_path / "pack" / "__init__.py").write_text("")
    (tmp_path / "pack" / "inner" / "__init__.py").write_text("")
    (tmp_path / "pack" / "a.py").write_text('"""A."""\nfrom pack.inner import b\nimport numpy\n')
    (tmp_path / "pack" / "inner" / "b.py").write_text("from . import c\nX = 1\n")
    (tmp_path / "pack" / "inner" / "c.py").write_text("Y = 1\n")
    (tmp_path / "pack" / "far.py").write_text("Z = 1\n")
    (tmp_path / "step.py").write_text("def f():\n    from pack.a import b\n    return b.X\n")
    return tmp_path


def test_imports_are_followed_through_packages_functions_and_relative_imports(scripts: Path) -> None:
    found = {path.relative_to(scripts).as_posix() for path in reached([scripts / "step.py"], scripts)}
    assert found == {
        "step.py",
        "pack/__init__.py",
        "pack/a.py",
        "pack/inner/__init__.py",
        "pack/inner/b.py",
        "pack/inner/c.py",
    }


def test_code_two_imports_away_counts(scripts: Path) -> None:
    before = fingerprint(scripts / "step.py")
    (scripts / "pack" / "inner" / "c.py").write_text("Y = 2\n")
    assert fingerprint(scripts / "step.py") != before


def test_comments_docstrings_layout_and_dates_do_not_count(scripts: Path) -> None:
    before = fingerprint(scripts / "step.py")
    (scripts / "pack" / "inner" / "c.py").write_text('"""New."""\n\n\n# why\nY = (\n    1\n)\n')
    os.utime(scripts / "step.py")
    assert fingerprint(scripts / "step.py") == before


def test_a_module_that_is_not_imported_does_not_count(scripts: Path) -> None:
    before = fingerprint(scripts / "step.py")
    (scripts / "pack" / "far.py").write_text("Z = 2\n")
    assert fingerprint(scripts / "step.py") == before


def test_a_docstring_of_one_function_may_change_and_its_body_may_not(scripts: Path) -> None:
    c = scripts / "pack" / "inner" / "c.py"
    c.write_text('def f():\n    """One."""\n    return 1\n')
    before = fingerprint(scripts / "step.py")
    c.write_text('def f():\n    """Two."""\n    return 1\n')
    assert fingerprint(scripts / "step.py") == before
    c.write_text('def f():\n    """Two."""\n    return 2\n')
    assert fingerprint(scripts / "step.py") != before


def changes(scripts: Path, before: str, after: str) -> bool:
    """Return whether a reached module's new text changes the fingerprint."""
    module = scripts / "pack" / "inner" / "c.py"
    module.write_text(before)
    first = fingerprint(scripts / "step.py")
    module.write_text(after)
    return fingerprint(scripts / "step.py") != first


def test_a_description_below_a_field_does_not_count_and_its_bound_does(scripts: Path) -> None:
    model = 'class C:\n    a: int = field(ge=1)\n    """Side in px."""\n'
    assert not changes(scripts, model, model.replace("Side in px", "Length of a side"))
    assert not changes(scripts, model, model.replace('    """Side in px."""\n', ""))
    assert changes(scripts, model, model.replace("ge=1", "ge=2"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('log.info("%d of %d", len(a), b)', 'log.warning("%d done of %d, %s", len(a), b, c.name)'),
        ('log.info("%s", ", ".join(a))', 'log.info("did %s", "; ".join(a))'),
        ('log.info(f"did {a:.2f}")', 'log.info(f"{a} was done")'),
        ('log.info("%s", f(a, "w"))', 'log.info("wrote %s", f(a, "w"))'),
        ('log.info("%d", sum(a), extra={"of": "it"})', 'log.info("%d in all", sum(a), extra={"in": "it"})'),
        ('logging.error("gone")', 'logging.error("lost")'),
    ],
    ids=["words and values", "separator", "formatted", "call of ours", "iterator", "root logger"],
)
def test_a_log_line_may_be_reworded(scripts: Path, before: str, after: str) -> None:
    body = LOGGER + "def f(a, b, c):\n    if a:\n        {}\n    else:\n        g()\n    return b\n"
    assert not changes(scripts, body.format(before), body.format(after))


def test_a_log_line_may_come_and_go(scripts: Path) -> None:
    body = LOGGER + "def f(a):\n    {}\n    return a\n"
    assert not changes(scripts, body.format('log.info("%d", len(a))'), body.replace("    {}\n", ""))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('log.info("%s", f(a, "w"))', 'log.info("%s", f(a, "r"))'),
        ('log.info("%s", f(a))', 'log.info("%s", f(b))'),
        ('log.info("%s", f(a))', 'log.info("%s", a)'),
        ('log.info("%s", (n := 1))', 'log.info("%s", (n := 2))'),
        ('log.info("%d", sum(a))', 'log.info("%d", 0)'),
        ('log.info("%d", sum(x for x in a))', 'log.info("%d", 0)'),
        ('log.info("%s", [*a])', 'log.info("%d", 0)'),
        ('n = log.info("a")', 'n = log.info("b")'),
        ('raise ValueError("a")', 'raise ValueError("b")'),
        ('other.info("a")', 'other.info("b")'),
        ("logging.captureWarnings(True)", "logging.captureWarnings(False)"),
        ("log.setLevel(10)", "log.setLevel(20)"),
    ],
    ids=[
        "what a call is given", "its argument", "whether it is called", "walrus", "iterator in a sum",
        "iterator in a comprehension", "iterator unpacked", "value kept", "sentence of an error", "no logger",
        "warnings", "level",
    ],
)  # fmt: skip
def test_what_a_log_line_does_besides_counts(scripts: Path, before: str, after: str) -> None:
    body = LOGGER + "def f(a, b):\n    {}\n    return b\n"
    assert changes(scripts, body.format(before), body.format(after))


@pytest.mark.parametrize(
    "text",
    [
        "def f(log):\n    log.info({})\n",
        "from pack import log\n\nlog.info({})\n",
        "import logging\n\nlog = logging.getLogger()\nlog = Other()\nlog.info({})\n",
        "from pack import logging\n\nlog = logging.getLogger()\nlog.info({})\n",
        "import logging\nimport pack as logging\n\nlogging.info({})\n",
        "import logging\nimport pack as logging\n\nlog = logging.getLogger()\nlog.info({})\n",
        "import logging\n\nlog = logging.getLogger()\nfor log in all_of_them:\n    log.info({})\n",
    ],
    ids=["argument", "import", "second value", "other logging", "logging renamed", "its logger", "loop"],
)
def test_a_name_that_may_be_no_logger_counts(scripts: Path, text: str) -> None:
    assert changes(scripts, text.format('"a"'), text.format('"b"'))


def test_data_beside_a_reached_module_counts_and_other_files_do_not(scripts: Path) -> None:
    before = fingerprint(scripts / "step.py")
    for name in ("far.html.j2", "a.py.orig", "a.pyc", "a.html.j2~", "a.txt", "ab.html.j2", "other.txt"):
        (scripts / "pack" / name).write_text("1")
    (scripts / "pack" / "a.folder").mkdir()
    assert fingerprint(scripts / "step.py") == before
    template = scripts / "pack" / "a.html.j2"
    template.write_text("<p>")
    first = fingerprint(scripts / "step.py")
    template.write_text("<b>")
    assert len({before, first, fingerprint(scripts / "step.py")}) == 3
    template.unlink()
    assert fingerprint(scripts / "step.py") == before


def test_a_module_found_by_name_counts_where_it_is_handed_over_with_all_it_imports(scripts: Path) -> None:
    step, far = scripts / "step.py", scripts / "pack" / "far.py"
    far.write_text("from pack import farther\n")
    (scripts / "pack" / "farther.py").write_text("Z = 1\n")
    alone, together = fingerprint(step), fingerprint(step, far)
    assert alone != together
    (scripts / "pack" / "farther.py").write_text("Z = 2\n")
    assert fingerprint(step) == alone
    assert fingerprint(step, far) != together
    assert fingerprint(step, far, scripts / "pack" / "a.py") == fingerprint(
        step, scripts / "pack" / "a.py", far
    )
    with pytest.raises(FileNotFoundError):
        fingerprint(step, scripts / "pack" / "missing.py")


def test_the_registry_of_the_config_reaches_no_kind_no_picker_and_no_stage() -> None:
    config = SCRIPTS / "clearice" / "config"
    found = reached([config / "registry.py"], SCRIPTS)
    inside = {path.name for path in found if path.parent.name in {"kinds", "pickers", "stages"}}
    assert config / "kind.py" in found
    assert inside == {"__init__.py"}


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return shutil.copytree(SCRIPTS, tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))


def test_rewording_every_log_line_of_the_project_changes_no_fingerprint(copied: Path) -> None:
    steps = sorted(copied.glob("*.py"))
    trainings = [copied / script for script in TRAINING_MODULES]
    before = [*map(fingerprint, steps), *map(training_fingerprint, trainings)]
    reworded = 0
    for path in copied.rglob("*.py"):
        text, count = re.subn(r'(\blog\.\w+\(\s*f?")', r"\1Reworded: ", path.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8")
        reworded += count
    assert reworded >= 15
    assert [*map(fingerprint, steps), *map(training_fingerprint, trainings)] == before


@pytest.mark.parametrize("script", TRAINING_MODULES)
def test_a_training_starts_anew_with_another_network_and_not_with_another_table(
    copied: Path, script: str
) -> None:
    step, library = copied / script, copied / "clearice"
    key, code = training_fingerprint(step), fingerprint(step)
    for name in ("files/tables.py", "files/checkpoints.py", "run/batches.py", "run/step.py"):
        _append(library / name, "NEW = 1")
        assert fingerprint(step) != code, f"{name} is behind the step"
        assert training_fingerprint(step) == key, f"{name} changes no number"
        code = fingerprint(step)
    for name in sorted(TRAINING_MODULES[script]):
        _append(library / name, "NEW = 1")
        assert training_fingerprint(step) != key, f"{name} changes numbers"
        key = training_fingerprint(step)
    _append(step, "NEW = 1")
    assert training_fingerprint(step) != key


def test_the_key_of_a_training_counts_every_module_it_reaches_but_those_that_move_bytes_and_talk() -> None:
    # Each is named here: whoever lets a training reach another one decides whether it changes numbers.
    known = {
        "batches.py",
        "step.py",
        "fingerprint.py",
        "left_out.py",  # what is left out is itself part of the key
        "syntax.py",
        "logs.py",
        "numbers.py",  # reads flags; what it makes of them is part of the key
        "progress.py",
        "read_ahead.py",
    }
    for script in TRAINING_MODULES:
        for path in reached([SCRIPTS / script], SCRIPTS):
            if path.parent.name == "run" and path.name != "__init__.py":
                assert (path.name in NUMBERS_OF_RUN) != (path.name in known), f"{script} reaches {path.name}"


def _append(path: Path, line: str) -> None:
    """Add a line of code to a module."""
    path.write_text(f"{path.read_text(encoding='utf-8')}\n\n{line}\n", encoding="utf-8")


@pytest.mark.parametrize("name", ["filter_micrographs", "pick_particles", "train_denoiser", "sum_frames"])
def test_no_step_rests_on_the_words_of_complaints_or_on_the_whole_configuration(name: str) -> None:
    scripts = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
    found = {path.relative_to(scripts).as_posix() for path in reached([scripts / f"{name}.py"], scripts)}
    assert not found & {f"clearice/config/{one}.py" for one in ("complaints", "whole", "checks", "defaults")}
