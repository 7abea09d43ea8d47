"""Clients notice nothing when pods are replaced, moved or taken away: every request is answered, and rightly."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.load import load_on, questions
from tests.e2e.services import retrained
from tests.helpers import assert_soon

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
        _say("upgrade")
        namespace.chartgen("upgrade", "-f", second.file, *two, helm=helm)
        _settled(namespace, 2)
        _say("rollback")
        namespace.chartgen("rollback", first.name, "1", helm=helm)
        _settled(namespace, 2)
        evictions = 0
        while evictions == 0 or load.sent() < REQUESTS - 10 * RATE:  # the scale-down takes ten seconds
            _say("eviction")
            _evict_one_of_two(namespace)
            _settled(namespace, 2)
            evictions += 1
        _say("scale-down")
        namespace.kubectl("scale", f"deployment/{first.name}", "--replicas=1")
        _settled(namespace, 1)
        while load.sent() < REQUESTS:
            time.sleep(1)
        _say("end")
        report = load.stop()

    assert (report["lost"], report["wrong"]) == (0, 0), report["failures"]
    assert sum(report["answered"]) == sum(report["sent"].values()) >= REQUESTS
    assert report["sent"]["keep"] >= REQUESTS * 0.45
    assert report["sent"]["close"] >= REQUESTS * 0.45
    # Both models were asked, and those who kept their connections were told to open new ones.
    assert min(report["answered"]) > 0
    assert report["announced"] > 0
    assert report["unannounced"] == 0


def _say(operation: str) -> None:
    """Note when an operation began, in the seconds of the client's report, beside a test that failed."""
    print(f"{time.time():.1f} {operation}")


def _settled(namespace: Namespace, count: int) -> None:
    """Wait until there are `count` pods, ready all of them, and none that is going."""
    assert_soon(lambda: _ready(namespace) == [True] * count, 240)


def _ready(namespace: Namespace) -> list[bool]:
    """Whether each pod is ready to stay."""
    return [
        "deletionTimestamp" not in pod["metadata"]
        and any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", ()))
        for pod in _pods(namespace)
    ]


def _pods(namespace: Namespace) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = namespace.get("pods", "-l", "app.kubernetes.io/component=model")["items"]
    return found


def _evict_one_of_two(namespace: Namespace) -> None:
    """As a node that is drained does; the budget lets one go, and not the other."""
    one, other = (pod["metadata"]["name"] for pod in _pods(namespace))
    assert_soon(lambda: _evict(namespace, one).returncode == 0, 30)  # the budget counts the pods a moment later
    refused = _evict(namespace, other)
    assert refused.returncode != 0
    assert "disruption budget" in refused.stderr


def _evict(namespace: Namespace, pod: str) -> subprocess.CompletedProcess[str]:
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace.name}}
    command = ["kubectl", "create", "--raw", f"/api/v1/namespaces/{namespace.name}/pods/{pod}/eviction", "-f", "-"]
    return subprocess.run(command, input=json.dumps(eviction), capture_output=True, text=True, check=False)
