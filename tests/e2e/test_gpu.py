"""Pods that ask for a GPU, on a node that says it has some: nothing is computed on them, since there are none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chartgen.chart.build import build
from chartgen.service.load import load
from tests.helpers import assert_soon, run, service_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.conftest import Namespace

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

GPU = "nvidia.com/gpu"
SMALL = {"cpu": "50m", "memory": "256Mi"}


@pytest.fixture
def two_gpus(kubeconfig: Path) -> Iterator[str]:
    """The name of a node that offers two GPUs, as the device plugin of a node with two would.

    https://kubernetes.io/docs/tasks/administer-cluster/extended-resource-node
    """
    node = json.loads(run("kubectl", "get", "nodes", "--output=json"))["items"][0]["metadata"]["name"]
    place = f"/status/capacity/{GPU.replace('/', '~1')}"

    def patch(*operations: dict[str, str]) -> None:
        argv = ("patch", "node", node, "--subresource=status", "--type=json", f"--patch={json.dumps(operations)}")
        run("kubectl", *argv)

    patch({"op": "add", "path": place, "value": "2"})
    try:
        # The kubelet makes them allocatable when it tells of itself the next time.
        assert_soon(lambda: _allocatable(node) == "2", seconds=90)
        yield node
    finally:
        # Null takes away what is there, and nothing else: the kubelet may have been quicker.
        gone = json.dumps({"status": {"capacity": {GPU: None}, "allocatable": {GPU: None}}})
        run("kubectl", "patch", "node", node, "--subresource=status", "--type=merge", f"--patch={gone}")


def _allocatable(node: str) -> str | None:
    status = json.loads(run("kubectl", "get", "node", node, "--output=json"))["status"]
    found: str | None = status["allocatable"].get(GPU)
    return found


def test_a_pod_gets_its_gpu_a_second_one_waits_for_it_and_neither_computes_on_the_cpu(
    namespace: Namespace, two_gpus: str, helm4: Path, tmp_path: Path
) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    first = service_file(tmp_path / "first", name="first", gpu=1, **SMALL)
    # The libraries for the CPU: those for GPUs have gigabytes, and would find none here either.
    lock = build(load([service_file(tmp_path, name="first")])).requirements.text
    (tmp_path / "first" / "requirements.lock").write_text(lock)
    done = namespace.chartgen("install", "-f", first, *namespace.values(), "--no-wait", helm=helm4)
    assert "a build without GPUs: with `gpu` the pod would end with an error" in done.stderr  # before anything is sent

    def status(name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(namespace.chartgen("status", name, "-o", "json", helm=helm4).stdout)
        return found

    assert_soon(lambda: status("first")["state"] == "Failed", seconds=400)
    assert "the chart asks for a GPU, and onnxruntime" in status("first")["reason"]
    [pod] = namespace.get("pods")["items"]
    assert pod["spec"]["nodeName"] == two_gpus
    resources = pod["spec"]["containers"][0]["resources"]
    assert resources["limits"][GPU] == resources["requests"][GPU] == "1"

    second = service_file(tmp_path / "second", name="second", gpu=2, **SMALL)
    namespace.chartgen("install", "-f", second, *namespace.values(), "--no-wait", helm=helm4)
    assert_soon(lambda: GPU in json.dumps(status("second")))
    waiting = status("second")
    assert waiting["state"] == "Pending"
    assert "Insufficient nvidia.com/gpu" in waiting["reason"]
    assert "rollingUpdate.maxSurge=0" in json.dumps(waiting)
