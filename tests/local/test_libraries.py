"""The environment that holds the pod's libraries."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

from chartgen.errors import LocalRunError, ProgramMissingError
from chartgen.local.interpreter import Interpreter, find_interpreter
from chartgen.local.libraries import environment_python, of_package, without_hashes
from tests.helpers import chartgen, service_file

PINNED = "a==1 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\nb==2 ; python_version < '4' --hash=sha256:22\n"


def test_versions_stay_when_hashes_go() -> None:
    assert without_hashes(PINNED) == "a==1\nb==2 ; python_version < '4'\n"


def test_the_requirement_of_one_package_is_found_with_its_hashes() -> None:
    assert without_hashes(of_package(PINNED, "a")) == "a==1\n"
    assert of_package(PINNED, "a").split() == ["a==1", "--hash=sha256:00", "--hash=sha256:11"]
    assert of_package(PINNED, "c") == ""


OWN = ".".join(map(str, sys.version_info[:2]))
NO_INDEX = {"PIP_INDEX_URL": "http://127.0.0.1:1/simple", "PIP_RETRIES": "1", "PIP_CONFIG_FILE": os.devnull}


def program(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_this_python_is_taken_when_it_is_the_pods() -> None:
    assert find_interpreter(OWN).path == Path(sys.executable)


def test_a_python_of_the_pods_version_is_found_on_path_and_a_stub_of_that_name_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = program(tmp_path, "python3.99", "echo 3.99")
    assert find_interpreter("3.99").path == found
    program(tmp_path, "python3.99", "echo 'not installed' >&2; exit 127")
    with pytest.raises(ProgramMissingError):
        find_interpreter("3.99")


def test_a_python_that_uv_has_installed_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    hidden = program(tmp_path, "hidden", "echo 3.99")
    program(tmp_path, "uv", f"echo {shlex.quote(str(hidden))}")
    assert find_interpreter("3.99").path == hidden


def test_without_the_pods_python_the_alternatives_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ProgramMissingError, match=r"no Python 3\.99") as error:
        find_interpreter("3.99")
    assert error.value.hint
    for said in ("uv python install 3.99", "--python", "chartgen install"):
        assert said in error.value.hint


def test_a_python_that_is_named_is_taken_whatever_its_version() -> None:
    found = find_interpreter("3.99", sys.executable)
    assert (found.path, found.version, found.like_the_pod) == (Path(sys.executable), OWN, False)


def test_a_named_python_that_is_none_is_refused(tmp_path: Path) -> None:
    for named in (str(tmp_path / "nothing"), str(program(tmp_path, "python", "exit 3"))):
        with pytest.raises(ProgramMissingError, match="not a Python"):
            find_interpreter("3.99", named)


def own_interpreter() -> Interpreter:
    return Interpreter(Path(sys.executable), OWN, True)


def test_a_wheel_that_is_missing_is_named_with_the_alternatives_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    pinned = "no-such-package-of-chartgen==1.0 --hash=sha256:" + "0" * 64 + "\n"
    for _ in range(2):
        with pytest.raises(
            LocalRunError, match=rf"no wheel of no-such-package-of-chartgen 1\.0 for Python {OWN}"
        ) as error:
            environment_python(pinned, own_interpreter(), lambda _line: None)
        assert error.value.hint
        assert "chartgen install" in error.value.hint


def test_an_index_that_is_out_of_reach_is_told_from_a_missing_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ({"XDG_CACHE_HOME": str(tmp_path)} | NO_INDEX).items():
        monkeypatch.setenv(name, value)
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(LocalRunError, match="index cannot be reached"):
        environment_python("numpy==2.3.0 --hash=sha256:" + "0" * 64 + "\n", own_interpreter(), lambda _line: None)


def test_a_python_that_makes_no_environments_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    broken = program(tmp_path, "python", "echo 'ensurepip is not available'; exit 1")
    with pytest.raises(LocalRunError, match=r"(?s)virtual environment.*ensurepip"):
        environment_python("a==1\n", Interpreter(broken, "3.11", False), lambda _line: None)


def test_run_without_the_pods_python_ends_before_anything_is_installed(tmp_path: Path) -> None:
    service_file(tmp_path)
    done = chartgen(
        "run", "--python", "/nowhere/python", cwd=tmp_path, env=os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    )
    assert done.returncode == 5
    assert "--python: /nowhere/python is not a Python" in done.stderr
    assert not (tmp_path / "chartgen" / "environments").exists()
