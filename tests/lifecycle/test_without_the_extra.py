"""Without the extra `[cluster]`: what needs it says how to get it, what does not need it works."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.helpers import service_file, write_tree

if TYPE_CHECKING:
    from pathlib import Path

WITHOUT = "import sys; sys.modules['kr8s'] = None; from chartgen.cli import main; main()"


def chartgen_without_the_extra(*argv: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT, *map(str, argv)]
    return subprocess.run(command, cwd=cwd, env=os.environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("verb", [["predict", "a", "-d", "{}"]])
def test_a_verb_that_needs_it_says_how_to_get_it(tmp_path: Path, verb: list[str]) -> None:
    done = chartgen_without_the_extra(*verb, cwd=tmp_path)
    assert done.returncode == 5
    assert "chartgen[cluster]" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr


def test_rendering_does_not_need_it(tmp_path: Path, helm: Path) -> None:
    service_file(tmp_path)
    assert chartgen_without_the_extra("render", cwd=tmp_path).returncode == 0
    assert chartgen_without_the_extra("template", "--helm", helm, cwd=tmp_path).returncode == 0


def test_waiting_without_it_still_gives_helms_own_error(tmp_path: Path, helm: Path) -> None:
    service_file(tmp_path)
    write_tree(tmp_path, {"kubeconfig": "{}"})
    done = chartgen_without_the_extra("install", "--helm", helm, "--kubeconfig", "kubeconfig", cwd=tmp_path)
    assert done.returncode == 6
    assert "Traceback" not in done.stderr
