"""Clients notice nothing when pods are replaced, moved or taken away: every request is answered, and rightly."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.load import load_on, questions
from tests.e2e.services import retrained

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Namespace

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

REQUESTS = 10_000
RATE = 100


@pytest.fixture(params=["helm4", pytest.param("helm3", marks=pytest.mark.full)])
def helm(request: pytest.FixtureRequest) -> Path:
    """Both, the second in the long form: the pods come and go by the same Deployment."""
    found: Path = request.getfixturevalue(request.param)
    return found


def test_no_request_is_lost_while_pods_come_and_go(namespace: Namespace, helm: Path, tmp_path: Path) -> None:
    first = retrained("digits-onnx", tmp_path / "1", "1.0.0")
    second = retrained("digits-onnx", tmp_path / "2", "1.1.0")
    two = ["--set", "replicas=2", *namespace.values()]
    namespace.chartgen("install", "-f", first.file, *two, helm=helm)
    with load_on(namespace, first.name, questions(first, second, count=10, rows=4), rate=RATE) as load:
        said = Timeline()
        said("upgrade")
        namespace.chartgen("upgrade", "-f", second.file, *two, helm=helm)
        _settled(namespace, 2)
        said("rollback")
        namespace.chartgen("rollback", first.name, "1", helm=helm)
        _settled(namespace, 2)
        evictions = 0
        while evictions == 0 or load.sent() < REQUESTS - 10 * RATE:  # the scale-down takes ten seconds
            said("eviction")
            _evict_one_of_two(namespace)
            _settled(namespace, 2)
            evictions += 1
        said("scale-down")
        namespace.kubectl("scale", f"deployment/{first.name}", "--replicas=1")
        _settled(namespace, 1)
        while load.sent() < REQUESTS:
            time.sleep(1)
        said("end")
        report = load.stop()

    assert (report["lost"], report["wrong"]) == (0, 0), report["failures"]
    assert sum(report["answered"]) == sum(report["sent"].values()) >= REQUESTS
    assert report["sent"]["keep"] >= REQUESTS * 0.45
    assert report["sent"]["close"] >= REQUESTS * 0.45
    # Both models were asked, and those who kept their connections were told to open new ones.
    assert min(report["answered"]) > 0
    assert report["announced"] > 0
    assert report["unannounced"] == 0


class Timeline:
    """Says when each operation began, in the seconds of the client's report, beside a test that failed."""

    def __call__(self, operation: str) -> None:
        print(f"{time.time():.1f} {operation}")


def _settled(namespace: Namespace, count: int) -> None:
    """Wait until there are `count` pods, ready all of them, and none that is going."""
    deadline = time.monotonic() + 240
    while True:
        pods = namespace.get("pods", "-l", "app.kubernetes.io/component=model")["items"]
        ready = [
            condition["status"] == "True" and "deletionTimestamp" not in pod["metadata"]
            for pod in pods
            for condition in pod["status"].get("conditions", [])
            if condition["type"] == "Ready"
        ]
        if len(pods) == count and ready == [True] * count:
            return
        assert time.monotonic() < deadline, f"not {count} ready pods, but {ready}"
        time.sleep(1)


def _evict_one_of_two(namespace: Namespace) -> None:
    """As a node that is drained does; the budget lets one go, and not the other."""
    pods = namespace.get("pods", "-l", "app.kubernetes.io/component=model")["items"]
    one, other = (pod["metadata"]["name"] for pod in pods)
    deadline = time.monotonic() + 30
    while (done := _evict(namespace, one)).returncode != 0:  # the budget counts the pods a moment later
        assert time.monotonic() < deadline, done.stderr
        time.sleep(1)
    refused = _evict(namespace, other)
    assert refused.returncode != 0
    assert "disruption budget" in refused.stderr


def _evict(namespace: Namespace, pod: str) -> subprocess.CompletedProcess[str]:
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace.name}}
    command = ["kubectl", "create", "--raw", f"/api/v1/namespaces/{namespace.name}/pods/{pod}/eviction", "-f", "-"]
    return subprocess.run(command, input=json.dumps(eviction), capture_output=True, text=True, check=False)
