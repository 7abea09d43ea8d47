"""The autoscaler and Helm each keep to what is theirs: one counts the pods, the other says how they are."""

from __future__ import annotations

import itertools
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.e2e.helms import with_helm_4
from tests.e2e.load import load_on, questions
from tests.e2e.services import retrained
from tests.helpers import assert_soon, run, service_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.conftest import Namespace

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

# Somewhat below 1 ms of CPU each: far above 30 % of 100m on one pod, and still above it on two.
RATE, ROWS = 100, 64


@pytest.fixture(scope="session")
def metrics(kubeconfig: Path) -> None:
    groups = run("kubectl", "api-versions").split()
    if "metrics.k8s.io/v1beta1" not in groups:
        pytest.skip("the cluster has no metrics-server")


@pytest.mark.usefixtures("metrics")
@with_helm_4
def test_cpu_load_makes_more_pods_and_an_upgrade_leaves_their_number_alone(
    namespace: Namespace, helm: Path, tmp_path: Path
) -> None:
    first = retrained("digits-onnx", tmp_path / "1", "1.0.0")
    second = retrained("digits-onnx", tmp_path / "2", "1.1.0")
    quick = {"scaleDown": {"stabilizationWindowSeconds": 5}}
    for service in (first, second):
        document = yaml.safe_load(service.file.read_text(encoding="utf-8"))
        document["hpa"] = {"enabled": True, "maxReplicas": 2, "targetCPU": 30, "behavior": quick}
        service.file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")

    namespace.chartgen("install", "-f", first.file, *namespace.values(), helm=helm)
    # What the start of a pod takes may count as load for a while.
    assert_soon(lambda: _replicas(namespace, first.name) == 1, 240)
    with load_on(namespace, first.name, questions(first, second, count=3, rows=ROWS), rate=RATE) as load:
        assert_soon(lambda: _replicas(namespace, first.name) == 2, 180)
        assert any("cpu resource utilization" in event and "above target" in event for event in _rescales(namespace))
        with _counted(namespace, first.name) as counts:
            namespace.chartgen("upgrade", "-f", second.file, *namespace.values(), helm=helm)
        assert set(counts) == {2}
        report = load.stop()
    assert (report["lost"], report["wrong"]) == (0, 0), report["failures"]

    assert_soon(lambda: _replicas(namespace, first.name) == 1, 240)
    assert any("All metrics below target" in event for event in _rescales(namespace))


def test_switching_the_autoscaler_does_to_the_count_what_the_values_say(
    namespace: Namespace, helm: Path, tmp_path: Path
) -> None:
    # Not above the autoscaler's maximum, to which it might cut the number once more just before Helm deletes it.
    file = service_file(
        tmp_path, replicas=3, hpa={"enabled": False, "minReplicas": 2, "maxReplicas": 3}, cpu="50m", memory="256Mi"
    )
    # Pods that find no node: the count is what is looked at.
    nowhere = ["--set-values", "nodeSelector.chartgen-test=nowhere", "--no-wait"]

    def switch(enabled: bool) -> str:
        setting = ["--set-values", f"autoscaling.enabled={str(enabled).lower()}"]
        done = namespace.chartgen("upgrade", "-f", file, *nowhere, *setting, helm=helm)
        return " ".join(done.stderr.split())

    namespace.chartgen("install", "-f", file, *nowhere, helm=helm)
    assert _replicas(namespace, "digits") == 3
    with _counted(namespace, "digits") as counts:
        said = switch(True)
        assert_soon(lambda: counts[-1] == 2, 90)
    # Kubernetes falls back to 1 where no number is given, and the autoscaler raises it to its own least.
    assert [count for count, _ in itertools.groupby(counts)] == [3, 1, 2]
    assert "from 3 to 1 until the autoscaler raises it to autoscaling.minReplicas, 2" in said
    said = switch(False)
    assert _replicas(namespace, "digits") == 3
    assert "from 2 to replicaCount, 3" in said
    assert not namespace.get("hpa")["items"]


@contextmanager
def _counted(namespace: Namespace, deployment: str) -> Iterator[list[int]]:
    """The numbers of pods that the Deployment is told: one for every change of it, not a sample now and then."""
    seen: list[int] = []
    command = ["kubectl", "-n", namespace.name, "get", f"deployment/{deployment}", "--watch"]
    with subprocess.Popen(
        [*command, "-o", r'jsonpath={.spec.replicas}{"\n"}'], stdout=subprocess.PIPE, text=True
    ) as watch:
        lines = watch.stdout or ()
        reader = threading.Thread(target=lambda: seen.extend(int(line) for line in lines))
        reader.start()
        try:
            assert_soon(lambda: bool(seen), 30)
            yield seen
        finally:
            watch.terminate()
            reader.join()


def _replicas(namespace: Namespace, deployment: str) -> int:
    count: int = namespace.get("deployment", deployment)["spec"]["replicas"]
    return count


def _rescales(namespace: Namespace) -> list[str]:
    """What the autoscaler says of its changes."""
    events = namespace.get("events", "--field-selector=reason=SuccessfulRescale")["items"]
    return [event["message"] for event in events]
