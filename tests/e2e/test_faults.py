"""What goes wrong on a real cluster: each failure ends with its cause and its exit code."""

from __future__ import annotations

import base64
import hashlib
import json
import pickle
import secrets
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml

from chartgen.chart.archive import archive
from chartgen.chart.plan import plan
from chartgen.chart.render import render
from chartgen.chart.servable import EMBED_MAX_BYTES
from chartgen.inspect.facts import Library, ModelFacts, Signature
from chartgen.pins.resolve import resolve
from chartgen.service.model import ModelSource, ServiceSpec
from tests.e2e.helms import with_helm_3, with_helm_4
from tests.e2e.services import assert_close, retrained
from tests.helpers import assert_soon, run, service_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Namespace

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

LIBRARIES = (Library("onnxruntime"),)
INPUTS = (Signature("x", "float32", (1,)),)
SMALL = {"cpu": "50m", "memory": "256Mi"}


@with_helm_4
def test_a_model_that_never_becomes_ready_ends_with_its_cause(namespace: Namespace, helm: Path, tmp_path: Path) -> None:
    before = namespace.contents()
    # The model loads, and fails at its first prediction.
    (tmp_path / "handler.py").write_text("def predict(model, inputs):\n    raise ValueError('no such pixels')\n")
    file = service_file(tmp_path, name="bad", runtime={"handler": "handler.py"}, **SMALL)
    done = namespace.chartgen("install", "-f", file, *namespace.values(), "--timeout", "90s", helm=helm, ok=False)
    assert done.returncode == 7, done.stderr
    assert "warm-up failed" in done.stderr
    assert "Traceback" not in done.stderr
    hint = done.stderr.splitlines()[-1]
    assert f"`chartgen status bad -n {namespace.name}`" in hint
    assert "rollback" not in hint, "there is nothing to go back to"
    status = json.loads(namespace.chartgen("status", "bad", "-o", "json", helm=helm).stdout)
    assert status["state"] == "Failed"
    assert "warm-up failed" in status["reason"]
    refused = namespace.chartgen("predict", "bad", "-d", '{"input": [1, 2, 3, 4]}', ok=False)
    assert refused.returncode == 1
    assert "no pod is ready" in refused.stderr
    namespace.chartgen("uninstall", "bad", "--yes", helm=helm)
    assert_soon(lambda: namespace.contents() == before)


@with_helm_3
def test_a_failed_upgrade_is_rolled_back_on_request(namespace: Namespace, helm: Path, tmp_path: Path) -> None:
    service = retrained("digits-onnx", tmp_path / "1", "1.0.0")
    before = namespace.contents()
    namespace.chartgen("install", "-f", service.file, *namespace.values(), helm=helm)
    # A release's own values are not checked against the model.
    wrong = ["--set", "version=1.0.1", "--set-values", "sample.request=none", "--timeout", "90s"]
    wrong.append("--rollback-on-failure")
    done = namespace.chartgen("upgrade", "-f", service.file, *wrong, helm=helm, ok=False)
    assert done.returncode == 8, done.stderr
    assert "warm-up failed" in done.stderr.splitlines()[-2]
    assert "without --rollback-on-failure they stay" in done.stderr.splitlines()[-1]
    rows = service.random_rows(2)
    answer = namespace.chartgen("predict", "digits", "-d", json.dumps({"input": rows}))
    assert_close(json.loads(answer.stdout)["output"], service.predict(np.array(rows)))

    fresh = namespace.chartgen(
        "install",
        "-f",
        service.file,
        "--release",
        "other",
        *wrong,
        "--timeout",
        "15s",
        *namespace.values(),
        helm=helm,
        ok=False,
    )
    assert fresh.returncode == 8, fresh.stderr
    namespace.chartgen("uninstall", "digits", "--yes", helm=helm)
    assert_soon(lambda: namespace.contents() == before)


@with_helm_4
def test_libraries_that_cannot_be_installed_are_the_cause(namespace: Namespace, helm: Path, tmp_path: Path) -> None:
    file = service_file(tmp_path, **SMALL)
    settings = namespace.values("packages.indexUrl=http://127.0.0.1:9/simple", "packages.pipOptions={--retries=0}")
    done = namespace.chartgen("install", "-f", file, *settings, "--timeout", "40s", helm=helm, ok=False)
    assert done.returncode == 7, done.stderr
    assert "libraries cannot be installed" in done.stderr
    namespace.chartgen("uninstall", "digits", "--yes", "--no-wait", helm=helm)


def test_releases_that_exist_or_do_not(namespace: Namespace, helm: Path, tmp_path: Path) -> None:
    file = service_file(tmp_path, **SMALL)
    before = namespace.contents()
    for verb in (["status"], ["history"], ["rollback"], ["uninstall", "--yes"], ["test"]):
        done = namespace.chartgen(*verb, "absent", helm=helm, ok=False)
        assert done.returncode == 1, (verb, done.stderr)
        assert "absent" in done.stderr
    assert namespace.chartgen("upgrade", "-f", file, helm=helm, ok=False).returncode == 1
    assert namespace.contents() == before
    namespace.chartgen("install", "-f", file, "--no-wait", helm=helm)
    again = namespace.chartgen("install", "-f", file, "--no-wait", helm=helm, ok=False)
    assert again.returncode == 1
    assert "exists" in again.stderr
    other = namespace.chartgen("upgrade", "-f", file, "--set", "replicas=2", "--no-wait", helm=helm, ok=False)
    assert other.returncode == 4
    assert "version" in other.stderr
    dry = namespace.chartgen("upgrade", "-f", file, "--set", "version=0.2.0", "--dry-run=server", helm=helm)
    assert "kind: Deployment" in dry.stdout
    assert len(json.loads(namespace.chartgen("history", "digits", "-o", "json", helm=helm).stdout)["revisions"]) == 1
    listed = json.loads(namespace.chartgen("list", "-o", "json", helm=helm).stdout)["releases"]
    assert [(entry["name"], entry["status"]) for entry in listed] == [("digits", "deployed")]
    namespace.chartgen("uninstall", "digits", "--yes", "--no-wait", helm=helm)


def test_no_permission(namespace: Namespace, helm: Path, tmp_path: Path) -> None:
    namespace.kubectl("create", "serviceaccount", "nobody")
    token = namespace.kubectl("create", "token", "nobody").strip()
    config = yaml.safe_load(run("kubectl", "config", "view", "--raw", "--minify", "--flatten"))
    config["users"][0]["user"] = {"token": token}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    kubeconfig.chmod(0o600)
    file = service_file(tmp_path, **SMALL)
    before = namespace.contents()
    for verb in (["install", "-f", file], ["list"], ["status", "a"], ["predict", "a", "-d", "{}"]):
        done = namespace.chartgen(*verb, "--kubeconfig", kubeconfig, helm=helm, ok=False)
        assert done.returncode == 6, (verb, done.stderr)
        assert "nobody" in done.stderr or "forbidden" in done.stderr.lower()
        assert token not in done.stderr
    assert namespace.contents() == before
    config["users"][0]["user"] = {"token": "wrong"}
    kubeconfig.write_text(yaml.safe_dump(config))
    assert namespace.chartgen("list", "--kubeconfig", kubeconfig, helm=helm, ok=False).returncode == 6


@with_helm_3
def test_an_old_pod_that_starts_again_in_the_middle_of_an_upgrade_never_serves_the_new_model(
    namespace: Namespace, helm: Path, tmp_path: Path
) -> None:
    first = retrained("iris-sklearn", tmp_path / "1", "1.0.0")
    second = retrained("iris-sklearn", tmp_path / "2", "1.1.0")
    namespace.chartgen("install", "-f", first.file, *namespace.values(), helm=helm)
    rows = first.random_rows(3)
    body = {"input": rows}
    url = f"http://iris.{namespace.name}.svc.cluster.local:8000/predict"
    old = _pods(namespace)[0]
    # The new pods cannot start: the rollout stays in the middle.
    stuck = namespace.values("packages.indexUrl=http://127.0.0.1:9/simple")
    namespace.chartgen("upgrade", "-f", second.file, *stuck, "--no-wait", helm=helm)
    namespace.kubectl("exec", old, "-c", "model", "--", "python", "-c", "import os; os.kill(1, 15)")
    assert_soon(lambda: _restarts(namespace, old) == 1 and _ready(namespace, old), seconds=90)
    time.sleep(3)
    assert_close(namespace.post(url, body)["output"], first.predict(np.array(rows)))

    # A pod that the old ReplicaSet makes anew does not find its model any more, and must not take the new one.
    namespace.kubectl("delete", "pod", old, "--wait")
    wrong = second.predict(np.array(rows))
    deadline = time.monotonic() + 25
    while time.monotonic() < deadline:
        try:
            got = namespace.post(url, body)["output"]
        except AssertionError:
            time.sleep(1)  # nobody serves, which is right
        else:
            assert not np.allclose(got, wrong)
            assert_close(got, first.predict(np.array(rows)))
    namespace.chartgen("rollback", "iris", "1", helm=helm)
    assert_close(namespace.post(url, body)["output"], first.predict(np.array(rows)))


@with_helm_4
def test_after_a_failed_upgrade_a_rollback_waits_for_the_pods_it_brings_back(
    namespace: Namespace, helm: Path, tmp_path: Path
) -> None:
    """Kubernetes' verdict on the failed rollout must not be taken for the one on the rollback."""
    first = retrained("digits-onnx", tmp_path / "1", "1.0.0")
    second = retrained("digits-onnx", tmp_path / "2", "1.1.0")
    namespace.chartgen("install", "-f", first.file, *namespace.values(), helm=helm)
    nowhere = ("packages.indexUrl=http://127.0.0.1:9/simple", "packages.pipOptions={--retries=0}")
    stuck = namespace.values(*nowhere, "progressDeadlineSeconds=12")
    started = time.monotonic()
    done = namespace.chartgen("upgrade", "-f", second.file, *stuck, "--timeout", "40s", helm=helm, ok=False)
    assert done.returncode == 7, done.stderr
    # Helm 4 ends when Kubernetes gives up on the rollout.
    assert ("within 40s" in done.stderr) == (time.monotonic() - started >= 40)
    assert _status(namespace, helm)["state"] == "Failed", "although the old pod answers"

    # The old pod is made anew, and what it wants to mount is gone.
    namespace.kubectl("delete", "pod", _serving(namespace), "--wait")
    both = ("libraries cannot be installed", "of a revision before cannot start")
    assert_soon(lambda: all(words in _status(namespace, helm)["reason"] for words in both), seconds=90)
    assert "`chartgen rollback digits`" in _status(namespace, helm)["hint"]
    # The pod that was made anew counts as progress for as long as the deadline lasts.
    assert_soon(lambda: _progress(namespace, "digits") == "ProgressDeadlineExceeded", seconds=60)

    namespace.chartgen("rollback", "digits", helm=helm)
    rows = first.random_rows(2)
    answer = namespace.chartgen("predict", "digits", "-d", json.dumps({"input": rows}))
    assert_close(json.loads(answer.stdout)["output"], first.predict(np.array(rows)))
    assert _status(namespace, helm)["status"] == "deployed"
    namespace.chartgen("uninstall", "digits", "--yes", "--no-wait", helm=helm)


def test_a_volume_that_cannot_be_mounted_is_the_cause_also_after_the_release_is_gone(
    namespace: Namespace, helm: Path, tmp_path: Path
) -> None:
    file = service_file(tmp_path, **SMALL)
    settings = ["--set-values", "packages.caConfigMap=nowhere", "--timeout", "20s", "--atomic"]
    done = namespace.chartgen("install", "-f", file, *settings, helm=helm, ok=False)
    assert done.returncode == 8, done.stderr
    assert 'configmap "nowhere" not found' in done.stderr.splitlines()[-2] + done.stderr.splitlines()[-1]


@with_helm_3
def test_the_models_bytes_in_the_pod_have_the_files_digest(namespace: Namespace, helm: Path, tmp_path: Path) -> None:
    service = retrained("digits-onnx", tmp_path, "1.0.0")
    namespace.chartgen("install", "-f", service.file, *namespace.values(), helm=helm)
    [pod] = _pods(namespace)
    said = namespace.kubectl("exec", pod, "-c", "model", "--", "sha256sum", "/models/model.onnx")
    assert said.split()[0] == hashlib.sha256((tmp_path / "digits.onnx").read_bytes()).hexdigest()


def test_bytes_that_begin_with_a_byte_order_mark_arrive_whole(namespace: Namespace, helm: Path, tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + secrets.token_bytes(1000)
    model = tmp_path / "mark.onnx"
    model.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    facts = ModelFacts(
        "onnx", len(content), digest, libraries=(Library("onnxruntime"),), inputs=(Signature("x", "float32", (1,)),)
    )
    chart = render(plan(ServiceSpec("mark", ModelSource(model)), facts, resolve(facts, "fastapi", None)))
    (tmp_path / "mark.tgz").write_bytes(archive(chart))
    run(helm, "-n", namespace.name, "install", "mark", tmp_path / "mark.tgz", "--set", "replicaCount=0")
    reader: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "reader"},
        "spec": {
            "restartPolicy": "Never",
            "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    "name": "reader",
                    "image": "python:3.11-slim",
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["sh", "-c", "sha256sum /models/*"],
                    "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
                    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                    "volumeMounts": [{"name": "model", "mountPath": "/models"}],
                }
            ],
            "volumes": [{"name": "model", "configMap": {"name": "mark-model"}}],
        },
    }
    namespace.kubectl("apply", "-f", "-", input=json.dumps(reader))
    namespace.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/reader", "--timeout=60s")
    assert namespace.kubectl("logs", "reader").split()[0] == digest


def test_the_largest_model_that_is_embedded_fits_into_a_release(
    namespace: Namespace, helm: Path, tmp_path: Path
) -> None:
    from sklearn.linear_model import LinearRegression

    width = 12_000
    model = LinearRegression().fit(np.eye(3), np.eye(3))
    model.coef_ = np.random.default_rng(0).random((3, width))
    model.n_features_in_ = width
    padding = EMBED_MAX_BYTES - len(pickle.dumps(model))
    model.note_ = secrets.token_bytes(padding - 20)
    content = pickle.dumps(model)
    assert EMBED_MAX_BYTES - 100 < len(content) <= EMBED_MAX_BYTES
    (tmp_path / "large.pkl").write_bytes(content)
    file = service_file(tmp_path, name="large", model="large.pkl", **SMALL)
    namespace.chartgen("install", "-f", file, "--no-wait", *namespace.values("replicaCount=0"), helm=helm)
    namespace.chartgen("upgrade", "-f", file, "--set", "version=0.2.0", "--no-wait", helm=helm)
    data = namespace.get("configmap", "large-model")["binaryData"]
    assert base64.b64decode(next(iter(data.values()))) == content


def _pods(namespace: Namespace) -> list[str]:
    pods = namespace.get("pods", "-l", "app.kubernetes.io/component=model")["items"]
    return [pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"]]


def _serving(namespace: Namespace) -> str:
    """The pod that is ready."""
    return next(pod for pod in _pods(namespace) if _ready(namespace, pod))


def _status(namespace: Namespace, helm: Path) -> dict[str, Any]:
    status: dict[str, Any] = json.loads(namespace.chartgen("status", "digits", "-o", "json", helm=helm).stdout)
    return status


def _progress(namespace: Namespace, deployment: str) -> str:
    """Why Kubernetes says that the rollout makes progress, or none."""
    conditions: list[dict[str, str]] = namespace.get("deployment", deployment)["status"]["conditions"]
    return next(condition["reason"] for condition in conditions if condition["type"] == "Progressing")


def _restarts(namespace: Namespace, pod: str) -> int:
    count: int = namespace.get("pod", pod)["status"]["containerStatuses"][0]["restartCount"]
    return count


def _ready(namespace: Namespace, pod: str) -> bool:
    ready: bool = namespace.get("pod", pod)["status"].get("containerStatuses", [{"ready": False}])[0]["ready"]
    return ready
