"""Hostile text on a real cluster, byte for byte: in the environment of the process, in annotations, in the sample."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.attack.hostile import HANDLER, everything, spelled
from tests.e2e.helms import with_helm_4
from tests.helpers import ONNX_MODEL, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Namespace

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


def _environment(namespace: Namespace, deployment: str) -> dict[bytes, bytes]:
    """The environment that the server in the pod was started with."""
    command = ["kubectl", "--namespace", namespace.name, "exec", f"deployment/{deployment}", "--container", "model"]
    printed = subprocess.run([*command, "--", "cat", "/proc/1/environ"], capture_output=True, check=True).stdout
    pairs = [entry.partition(b"=") for entry in printed.split(b"\0") if entry]
    return {name: value for name, _, value in pairs}


@with_helm_4
def test_hostile_text_reaches_the_pod_and_the_api_byte_for_byte(
    namespace: Namespace, helm: Path, tmp_path: Path
) -> None:
    written: Any = everything()
    files = {"service.yaml": spelled(written).text, "handler.py": HANDLER, "digits.onnx": ONNX_MODEL.read_bytes()}
    folder = write_tree(tmp_path, files)
    namespace.chartgen("install", "-f", folder / "service.yaml", *namespace.values(), helm=helm)

    environment = _environment(namespace, "hostile")
    for name, value in written["env"].items():
        assert environment[name.encode()] == value.encode(), name

    pods = namespace.get("pods", "--selector=app.kubernetes.io/name=hostile")["items"]
    assert pods
    for metadata, given in (
        *((pod["metadata"], written["pod"]["annotations"]) for pod in pods),
        (namespace.get("service", "hostile")["metadata"], written["service"]["annotations"]),
        (namespace.get("ingress", "hostile")["metadata"], written["ingress"]["annotations"]),
    ):
        assert metadata["annotations"].items() >= given.items()

    recorded = namespace.get("configmap", "hostile-sample")["data"]
    parsed = {key.removesuffix(".json").split(".")[-1]: json.loads(text) for key, text in recorded.items()}
    assert parsed["request"] == {"input": written["sample"]["input"]}
    assert parsed["response"] == {"output": written["sample"]["output"]}
    # The handler gives back what it is given, so the sample's texts go through the server as well.
    assert "passed" in namespace.chartgen("test", "hostile", helm=helm).stderr
