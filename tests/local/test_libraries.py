"""The environment that holds the pod's libraries."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from chartgen.errors import LocalRunError
from chartgen.local.libraries import Interpreter, environment_python, find_interpreter, without_hashes

PINNED = "a==1 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\nb==2 ; python_version < '4' --hash=sha256:22\n"


def test_versions_stay_when_hashes_go() -> None:
    assert without_hashes(PINNED) == "a==1\nb==2 ; python_version < '4'\n"


def test_this_python_is_taken_when_it_is_the_pods() -> None:
    own = ".".join(map(str, sys.version_info[:2]))
    assert find_interpreter(own).path == Path(sys.executable)


def test_another_python_is_not_like_the_pod() -> None:
    assert not find_interpreter("3.99").like_the_pod


def test_libraries_that_cannot_be_installed_are_named_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    pinned = "no-such-package-of-chartgen==1.0 --hash=sha256:" + "0" * 64 + "\n"
    for _ in range(2):
        with pytest.raises(LocalRunError, match="no-such-package-of-chartgen"):
            environment_python(pinned, Interpreter(Path(sys.executable), True), lambda _line: None)
