"""The cache of compiled templates changes how long a chart takes, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.helpers import EXAMPLES

if TYPE_CHECKING:
    from pathlib import Path

SERVICE = EXAMPLES / "digits-onnx" / "service.yaml"


def rendered(folder: Path, cache: str) -> dict[str, bytes]:
    command = [sys.executable, "-m", "chartgen", "render", "-f", str(SERVICE), "--output-dir", str(folder)]
    done = subprocess.run(
        command, env=os.environ | {"XDG_CACHE_HOME": cache}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_chart_from_compiled_templates_is_the_same(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = rendered(tmp_path / "first", str(cache))
    assert list((cache / "chartgen" / "templates").rglob("*.cache"))
    assert rendered(tmp_path / "second", str(cache)) == first


def test_what_is_broken_in_the_cache_is_compiled_anew(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = rendered(tmp_path / "first", str(cache))
    kept = sorted((cache / "chartgen" / "templates").rglob("*.cache"))
    for number, path in enumerate(kept):
        content = path.read_bytes()
        path.write_bytes([b"", content[: len(content) // 2], b"\0" * 100, content[:20], content[:60]][number % 5])
    looped = kept[0]
    looped.unlink()
    looped.symlink_to(looped)
    assert rendered(tmp_path / "second", str(cache)) == first


def test_a_place_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert rendered(tmp_path / "out", str(tmp_path / "file" / "below"))
