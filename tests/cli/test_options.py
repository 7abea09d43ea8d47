"""Options that all verbs share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from chartgen.cli import VERBS
from tests.helpers import chartgen, service_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_examples(verb: str) -> None:
    for option in ("-h", "--help"):
        done = chartgen(verb, option)
        assert done.returncode == 0
        assert "Examples:" in done.stdout
        assert f"chartgen {verb}" in done.stdout


def test_without_a_verb_the_help_is_printed_once() -> None:
    done = chartgen()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("Usage:") == 1
    assert "error" not in done.stderr


def test_a_service_file_as_a_bare_argument_is_told_from_the_option() -> None:
    done = chartgen("validate", "mine.yaml")
    assert done.returncode == 2
    assert "-f mine.yaml" in done.stderr


def test_an_option_is_taken_from_the_environment_and_the_command_line_wins(tmp_path: Path) -> None:
    service_file(tmp_path)
    env = os.environ | {"CHARTGEN_RENDER_OUTPUT_DIR": "from-env"}
    assert chartgen("render", cwd=tmp_path, env=env).stdout == "from-env/digits\n"
    assert chartgen("render", "-d", "given", cwd=tmp_path, env=env).stdout == "given/digits\n"


def test_the_service_file_comes_from_standard_input_and_is_changed_by_set(tmp_path: Path) -> None:
    text = service_file(tmp_path).read_text()
    done = chartgen("render", "-f", "-", "--set", "name=other,replicas=2", input=text, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "other\n"), done.stderr
    assert "replicaCount: 2" in (tmp_path / "other" / "values.yaml").read_text()


def test_quiet_says_nothing_but_data(tmp_path: Path) -> None:
    service_file(tmp_path)
    done = chartgen("validate", "-q", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("env", "argv", "coloured"),
    [({}, [], False), ({"FORCE_COLOR": "1"}, [], True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, [], False),
     ({"NO_COLOR": "1"}, ["--color", "always"], True), ({"FORCE_COLOR": "1"}, ["--color", "never"], False)],
)  # fmt: skip
def test_colour_follows_the_option_then_the_environment(
    tmp_path: Path, env: dict[str, str], argv: list[str], coloured: bool
) -> None:
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    done = chartgen("validate", *argv, cwd=tmp_path, env=clean | env)
    assert ("\x1b[" in done.stderr) == coloured


def test_machine_readable_output_is_never_coloured(tmp_path: Path) -> None:
    service_file(tmp_path)
    done = chartgen("validate", "-o", "json", "--color", "always", cwd=tmp_path)
    assert "\x1b[" not in done.stdout


def test_a_reader_that_goes_away_is_no_error_worth_a_traceback(tmp_path: Path) -> None:
    import subprocess
    import sys

    command = f"{sys.executable} -m chartgen --help | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr
