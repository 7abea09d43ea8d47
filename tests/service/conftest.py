"""A folder with a model and a way to write service files into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from chartgen.errors import SchemaError, Violation
from chartgen.service.load import load
from chartgen.service.overrides import Overrides

if TYPE_CHECKING:
    from pathlib import Path

    from chartgen.service.model import ServiceSpec


class Project(Protocol):
    """A folder with service files."""

    folder: Path

    def spec(self, *texts: str, **overrides: tuple[str, ...]) -> ServiceSpec: ...

    def violations(self, *texts: str, **overrides: tuple[str, ...]) -> list[Violation]: ...


class _Project:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "iris.onnx").write_bytes(b"a model")

    def spec(self, *texts: str, **overrides: tuple[str, ...]) -> ServiceSpec:
        files = []
        for number, text in enumerate(texts):
            file = self.folder / ("service.yaml" if not number else f"over{number}.yaml")
            file.write_text(text, encoding="utf-8", newline="")
            files.append(file)
        return load(files, Overrides(**overrides))

    def violations(self, *texts: str, **overrides: tuple[str, ...]) -> list[Violation]:
        with pytest.raises(SchemaError) as caught:
            self.spec(*texts, **overrides)
        return list(caught.value.violations)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return _Project(tmp_path)
