"""`--bump` on the verbs that make a new version."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.helpers import chartgen, service_file

if TYPE_CHECKING:
    from pathlib import Path


def version_of(tmp_path: Path) -> str:
    return next(line for line in (tmp_path / "service.yaml").read_text().splitlines() if line.startswith("version"))


def test_the_chart_has_the_version_that_is_written(tmp_path: Path) -> None:
    service_file(tmp_path, version="1.0.0")
    done = chartgen("package", "--bump", "minor", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "digits-1.1.0.tgz\n"), done.stderr
    assert "service.yaml: version 1.0.0 is now 1.1.0" in done.stderr
    assert version_of(tmp_path) == "version: 1.1.0"
    assert chartgen("render", "--bump", "major", cwd=tmp_path).returncode == 0
    assert 'version: "2.0.0"' in (tmp_path / "digits" / "Chart.yaml").read_text()


@pytest.mark.parametrize(
    ("argv", "said", "code"),
    [
        (["--set", "version=3.0.0"], "3.0.0", 2),
        (["--set-json", '{"version": "3.0.0"}'], "3.0.0", 2),
        (["--set", "replicas=-1"], "replicas", 3),
        (["--bump", "tiny"], "tiny", 2),
    ],
)
def test_what_is_refused_leaves_the_file_alone(tmp_path: Path, argv: list[str], said: str, code: int) -> None:
    before = service_file(tmp_path, version="1.0.0").read_bytes()
    done = chartgen("render", "--bump", "patch", *argv, cwd=tmp_path)
    assert done.returncode == code
    assert said in done.stderr
    assert (tmp_path / "service.yaml").read_bytes() == before


def test_standard_input_is_refused(tmp_path: Path) -> None:
    text = service_file(tmp_path, version="1.0.0").read_text()
    assert chartgen("render", "-f", "-", "--bump", "patch", input=text, cwd=tmp_path).returncode == 3


def test_a_model_that_cannot_be_served_leaves_the_file_alone(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"")
    service_file(tmp_path, version="1.0.0", model="m.onnx")
    assert chartgen("render", "--bump", "patch", cwd=tmp_path).returncode == 3
    assert version_of(tmp_path) == "version: 1.0.0"


@pytest.mark.parametrize(
    "argv",
    [
        ["render", "--output-dir", "occupied/charts"],
        ["package", "--destination", "occupied/charts"],
        ["install", "--kubeconfig", "missing"],
        ["deploy", "--helm", "missing"],
    ],
)
def test_a_verb_that_fails_leaves_the_file_alone(tmp_path: Path, argv: list[str]) -> None:
    before = service_file(tmp_path, version="1.0.0").read_bytes()
    (tmp_path / "occupied").write_text("a file")
    done = chartgen(*argv, "--bump", "patch", cwd=tmp_path)
    assert done.returncode != 0
    assert "is now" not in done.stderr
    assert (tmp_path / "service.yaml").read_bytes() == before


def test_a_file_that_cannot_be_read_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "service.yaml").write_bytes(b"version: 1.0.0\nname: a\x7f\n")
    done = chartgen("render", "--bump", "patch", cwd=tmp_path)
    assert "service.yaml:2:8: the control character U+007F" in done.stderr
