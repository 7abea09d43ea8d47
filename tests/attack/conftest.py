"""The folder that the generated service files lie in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.attack.valid import lay_out

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the models and the handlers that the files name."""
    return lay_out(tmp_path_factory.mktemp("attack") / "project")


@pytest.fixture
def in_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, as the current folder."""
    monkeypatch.chdir(project)
    return project
