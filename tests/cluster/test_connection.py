"""The connection, where there is no cluster."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from chartgen.cluster.api import Answer
from chartgen.cluster.reader import ClusterReader
from chartgen.errors import ClusterUnreachableError

if TYPE_CHECKING:
    from pathlib import Path


def kubeconfig(folder: Path, server: str) -> Path:
    path = folder / "kubeconfig"
    data = {
        "current-context": "a",
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
        "clusters": [{"name": "a", "cluster": {"server": server}}],
        "users": [{"name": "a", "user": {"token": "x"}}],
    }
    path.write_text(json.dumps(data))
    return path


@pytest.mark.parametrize("server", ["http://127.0.0.1:1", "https://nowhere.invalid"])
def test_a_cluster_that_does_not_answer(tmp_path: Path, server: str) -> None:
    with ClusterReader(kubeconfig(tmp_path, server), namespace="x") as reader:
        for _ in range(2):
            with pytest.raises(ClusterUnreachableError, match="cannot be reached"):
                reader.snapshot("x")


def test_an_unknown_context(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "http://127.0.0.1:1")
    with ClusterReader(path, "b", namespace="x") as reader, pytest.raises(ClusterUnreachableError, match="context b"):
        reader.snapshot("x")


@pytest.mark.parametrize("text", ["[", "hello", "{}", "contexts: []"])
def test_a_broken_kubeconfig(tmp_path: Path, text: str) -> None:
    (tmp_path / "broken").write_text(text)
    with (
        ClusterReader(tmp_path / "broken", namespace="x") as reader,
        pytest.raises(ClusterUnreachableError, match="kubeconfig"),
    ):
        reader.snapshot("x")


def test_a_missing_kubeconfig(tmp_path: Path) -> None:
    with (
        ClusterReader(tmp_path / "missing", namespace="x") as reader,
        pytest.raises(ClusterUnreachableError, match="kubeconfig"),
    ):
        reader.snapshot("x")


def test_without_the_extra_the_error_says_how_to_get_it() -> None:
    code = (
        "import sys; sys.modules['kr8s'] = None\n"
        "from chartgen.cluster.reader import ClusterReader\n"
        "from chartgen.errors import MissingExtraError\n"
        "try: ClusterReader(namespace='x').snapshot('x')\n"
        "except MissingExtraError as error: print(error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "pip install 'chartgen[cluster]'", done.stderr


def test_importing_the_package_does_not_import_kr8s() -> None:
    code = (
        "import sys, chartgen.cluster.reader, chartgen.cluster.predict, chartgen.cluster.watch\n"
        "print([name for name in ('kr8s', 'httpx', 'yaml') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_refusal_of_the_api_server_is_told_from_an_answer_of_the_model() -> None:
    status = {"kind": "Status", "apiVersion": "v1", "message": "no endpoints available"}
    assert Answer(503, json.dumps(status).encode()).refusal == "no endpoints available"
    assert Answer(503, b'{"error": {"code": "not-ready"}}').refusal is None
    assert Answer(503, b"busy").refusal is None
    assert Answer(200, json.dumps(status).encode()).refusal is None
