"""The fingerprint of a script changes with all code it reaches, and with nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clearice.run.fingerprint import fingerprint, reached


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
    found = {path.relative_to(scripts).as_posix() for path in reached(scripts / "step.py", scripts)}
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
