"""The whole way on a real cluster: a model file becomes a running service, changes, goes back, and goes away."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.e2e.services import Service, assert_close, retrained
from tests.helpers import chartgen, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Namespace

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

# Each model with one of the helms, and in the long form with the other.
PAIRS = [
    pytest.param(("iris-sklearn", "helm3"), id="iris-sklearn-helm3"),
    pytest.param(("digits-onnx", "helm4"), id="digits-onnx-helm4"),
    pytest.param(("iris-sklearn", "helm4"), id="iris-sklearn-helm4", marks=pytest.mark.full),
    pytest.param(("digits-onnx", "helm3"), id="digits-onnx-helm3", marks=pytest.mark.full),
]


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest) -> tuple[str, str]:
    found: tuple[str, str] = request.param
    return found


@pytest.fixture
def example(pair: tuple[str, str]) -> str:
    return pair[0]


@pytest.fixture
def helm(pair: tuple[str, str], request: pytest.FixtureRequest) -> Path:
    path: Path = request.getfixturevalue(pair[1])
    return path


def assert_serves(namespace: Namespace, service: Service) -> None:
    """Five inputs nobody has seen before, one by one and as a batch, inside the cluster and through the API server."""
    url = f"http://{service.name}.{namespace.name}.svc.cluster.local:8000/predict"
    rows = service.random_rows(5)
    expected = service.predict(np.array(rows))
    assert_close(namespace.post(url, {"input": rows})["output"], expected)
    for index, row in enumerate(rows):
        one = {key: value[index] for key, value in expected.items()} if isinstance(expected, dict) else expected[index]
        assert_close(namespace.post(url, {"input": row})["output"], one)
    done = namespace.chartgen("predict", service.name, "--data", json.dumps({"input": rows}), "-o", "json")
    answer = json.loads(done.stdout)
    assert_close(answer["response"]["output"], expected)
    assert answer["milliseconds"] > 0


def assert_soon_serves(namespace: Namespace, service: Service) -> None:
    """The same within a moment: helm and kubectl return while the pods of before may still be asked."""
    deadline = time.monotonic() + 30
    while True:
        try:
            assert_serves(namespace, service)
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
        else:
            return


def assert_gone(namespace: Namespace, before: set[str]) -> None:
    """What the namespace held before is what it holds now; pods may take a moment to end."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        after = namespace.contents()
        if after == before:
            return
        time.sleep(1)
    assert after == before


def test_chartgen_installs_upgrades_rolls_back_and_uninstalls(
    namespace: Namespace, helm: Path, example: str, tmp_path: Path
) -> None:
    first = retrained(example, tmp_path / "1", "1.0.0")
    second = retrained(example, tmp_path / "2", "1.1.0")
    before = namespace.contents()

    done = namespace.chartgen("install", "-f", first.file, *namespace.values(), helm=helm)
    assert "waiting" in done.stderr.lower()
    assert_serves(namespace, first)
    status = json.loads(namespace.chartgen("status", first.name, "-o", "json", helm=helm).stdout)
    assert (status["state"], status["replicas"]) == ("Running", {"desired": 1, "ready": 1})
    assert "passed" in namespace.chartgen("test", first.name, helm=helm).stderr

    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(json.dumps({"sample": {"response": '{"output": "something else"}'}}))
    namespace.chartgen("upgrade", "-f", first.file, "--values-file", wrong, helm=helm)
    failed = namespace.chartgen("test", first.name, helm=helm, ok=False)
    assert failed.returncode == 1
    assert "something else" in failed.stderr

    namespace.chartgen("upgrade", "-f", second.file, "--reset-values", *namespace.values(), helm=helm)
    assert_serves(namespace, second)
    namespace.chartgen("test", first.name, helm=helm)

    namespace.chartgen("rollback", first.name, "1", helm=helm)
    assert_serves(namespace, first)
    history = json.loads(namespace.chartgen("history", first.name, "-o", "json", helm=helm).stdout)
    assert [revision["revision"] for revision in history["revisions"]] == [1, 2, 3, 4]

    namespace.chartgen("uninstall", first.name, "--yes", helm=helm)
    assert not namespace.get("pods")["items"]
    assert_gone(namespace, before)


def test_plain_helm_does_the_same_with_the_archive(
    namespace: Namespace, helm: Path, example: str, tmp_path: Path
) -> None:
    first = retrained(example, tmp_path / "1", "1.0.0")
    second = retrained(example, tmp_path / "2", "1.1.0")
    before = namespace.contents()
    archives = [_package(service, tmp_path) for service in (first, second)]
    settings = [word for setting in namespace.mirror for word in ("--set", setting)]

    def plain(*argv: object) -> str:
        return run(helm, "--namespace", namespace.name, *argv)

    plain("install", first.name, archives[0], *settings, "--wait", "--timeout", "5m")
    assert_soon_serves(namespace, first)
    plain("test", first.name)
    changed = ["--set-json", f"sample={json.dumps({'response': json.dumps({'output': 1e9})})}"]
    plain("upgrade", first.name, archives[0], *settings, *changed, "--wait")
    failed = subprocess.run(
        [helm, "-n", namespace.name, "test", first.name], capture_output=True, text=True, check=False
    )
    assert failed.returncode == 1
    plain("upgrade", first.name, archives[1], *settings, "--wait", "--timeout", "5m")
    assert_soon_serves(namespace, second)
    plain("test", first.name)
    plain("rollback", first.name, "1", "--wait", "--timeout", "5m")
    assert_soon_serves(namespace, first)
    plain("uninstall", first.name, "--wait")
    assert_gone(namespace, before)


def _package(service: Service, folder: Path) -> str:
    done = chartgen("package", "-f", service.file, "--destination", folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_kubectl_applies_what_template_prints(namespace: Namespace, helm: Path, example: str, tmp_path: Path) -> None:
    first = retrained(example, tmp_path / "1", "1.0.0")
    second = retrained(example, tmp_path / "2", "1.1.0")
    before = namespace.contents()

    def manifests(service: Service) -> str:
        return namespace.chartgen("template", "-f", service.file, *namespace.values(), helm=helm).stdout

    for service in (first, second):
        printed = manifests(service)
        assert "helm.sh/hook" not in printed
        namespace.kubectl("apply", "--server-side", "-f", "-", input=printed)
        namespace.kubectl("rollout", "status", f"deployment/{service.name}", "--timeout=300s")
        assert_soon_serves(namespace, service)
    namespace.kubectl("delete", "-f", "-", "--wait", input=manifests(second))
    assert_gone(namespace, before)
