"""What several test files use."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
ONNX_MODEL = EXAMPLES / "digits-onnx" / "digits.onnx"
PICKLE_MODEL = EXAMPLES / "iris-sklearn" / "iris.pkl"


def write_tree(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files by their path under `root`."""
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def service_file(folder: Path, **keys: Any) -> Path:
    """Write `service.yaml` with these keys; `name` and `model` have defaults."""
    document = {"name": "digits", "model": str(ONNX_MODEL)} | keys
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "service.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def chartgen(*argv: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "chartgen", *map(str, argv)],
        capture_output=True,
        text=True,
        check=False,
        stdin=options.pop("stdin", subprocess.DEVNULL) if "input" not in options else None,
        **options,
    )


def run(*argv: object, **options: Any) -> str:
    """Run a program that must succeed, and give what it prints."""
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def assert_soon(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something holds, looking once a second."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(1)


def documents(manifests: str) -> list[dict[str, Any]]:
    """The objects in a stream of manifests."""
    return [document for document in yaml.safe_load_all(manifests) if document]


def of_kind(manifests: Iterable[dict[str, Any]], kind: str, name: str | None = None) -> dict[str, Any]:
    """The one object of a kind (and name)."""
    found = [
        document
        for document in manifests
        if document["kind"] == kind and (name is None or document["metadata"]["name"] == name)
    ]
    assert len(found) == 1, f"{len(found)} objects of kind {kind}"
    return found[0]
