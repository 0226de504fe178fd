"""A project with tiny movies, run once; each test changes a copy of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.project import Project, fill_tables, make_checkout


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose default target is made; tests must not change it."""
    project = make_checkout(tmp_path_factory.mktemp("checkout"))
    fill_tables(project)
    project.run()
    return project


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project, dates and all, for one test to change."""
    shutil.copytree(finished.folder, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")
