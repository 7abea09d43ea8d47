"""The namespace that the kubeconfig says."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from chartgen.cluster.kubeconfig import current_namespace

if TYPE_CHECKING:
    from pathlib import Path

MODELS = "current-context: a\ncontexts:\n- {name: a, context: {namespace: models}}\n- {name: b, context: {}}\n"
OTHERS = "current-context: c\ncontexts:\n- {name: c, context: {namespace: others}}\n"
OTHERS += "- {name: a, context: {namespace: theirs}}\n"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "models").write_text(MODELS)
    (tmp_path / "others").write_text(OTHERS)
    return tmp_path / "models", tmp_path / "others"


def test_the_current_context_names_it(files: tuple[Path, Path]) -> None:
    assert current_namespace(files[0]) == "models"


def test_a_named_context_names_it(files: tuple[Path, Path]) -> None:
    assert current_namespace(files[1], "a") == "theirs"


def test_a_context_without_one_means_default(files: tuple[Path, Path]) -> None:
    assert current_namespace(files[0], "b") == "default"


def test_in_a_list_of_files_the_first_that_says_something_wins(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(["/does/not/exist", str(files[0]), str(files[1])]))
    assert current_namespace() == "models"
    assert current_namespace(context="c") == "others"


@pytest.mark.parametrize("text", ["", "hello", "[", "contexts: 5", "contexts: [7]\ncurrent-context: a"])
def test_a_broken_file_means_default(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").write_text(text)
    assert current_namespace(tmp_path / "config") == "default"


def test_no_file_means_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert current_namespace() == "default"
