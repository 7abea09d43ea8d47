"""Every target that the documents name does something."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.helpers import ROOT

MAKE = shutil.which("make")
TARGETS = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.skipif(MAKE is None, reason="make is not here")
@pytest.mark.parametrize("target", TARGETS[1].split() if TARGETS else [])
def test_a_target_has_a_recipe(target: str) -> None:
    assert MAKE
    printed = subprocess.run(
        [MAKE, "--always-make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "Nothing to be done" not in printed.stdout
    assert printed.stdout.strip()
