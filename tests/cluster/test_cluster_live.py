"""What is read of real pods: the cause of a failure, progress, and predictions through the API server."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from chartgen.cluster.diagnose import Diagnosis, diagnose
from chartgen.cluster.predict import post
from chartgen.cluster.reader import ClusterReader, release_selector
from chartgen.cluster.watch import progress
from chartgen.errors import ClusterError, ClusterUnreachableError, ForbiddenError
from tests.cluster.objects import ECHO, RESTRICTED, container, deployment, service
from tests.cluster_fixtures import Namespace, delete_namespace, make_namespace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.cluster

PIP = """
import subprocess, sys
sys.exit(subprocess.call([sys.executable, '-m', 'pip', 'install', '--retries=1', {}, 'x']))
"""
ALWAYS_FAILS = {"exec": {"command": ["python", "-c", "print('not yet'); raise SystemExit(1)"]}, "periodSeconds": 1}
SETTINGS = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "credentials", "key": "token"}}}]
CRASH = "open('/dev/termination-log', 'w').write('the model has another sha256'); raise SystemExit(1)"
GREEDY = {"requests": {"cpu": "10m"}, "limits": {"memory": "24Mi"}}

# Each is a Deployment that does not become ready: the cause, a word of the message, the pod.
FAILING: dict[str, tuple[str, str, dict[str, Any]]] = {
    "pull": ("image-pull", "example.invalid", deployment("pull", container(image="example.invalid/nothing:1"))),
    "settings": ("config", "credentials", deployment("settings", container(env=SETTINGS))),
    "crash": ("crash", "another sha256", deployment("crash", container(code=CRASH))),
    "greedy": ("out-of-memory", "limit", deployment("greedy", container(code="a = ' ' * 10**9", resources=GREEDY))),
    "large": (
        "unschedulable",
        "Insufficient cpu",
        deployment("large", container(resources={"requests": {"cpu": "500"}})),
    ),
    "unready": ("not-ready", "not yet", deployment("unready", container(readinessProbe=ALWAYS_FAILS))),
    "no-index": (
        "install",
        "cannot be reached",
        deployment(
            "no-index",
            initContainers=[container("install-libraries", PIP.format("'--index-url=http://127.0.0.1:1/simple'"))],
        ),
    ),
    "no-match": (
        "install",
        "has no x",
        deployment(
            "no-match", initContainers=[container("install-libraries", PIP.format("'--no-index', '--find-links=/tmp'"))]
        ),
    ),
    "volume": (
        "mount",
        "missing-map",
        deployment("volume", volumes=[{"name": "v", "configMap": {"name": "missing-map"}}]),
    ),
}
FAILING["volume"][2]["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": "/v"}]


@pytest.fixture(scope="module")
def failing(kubeconfig: Path) -> Iterator[Namespace]:
    """All the failing Deployments at once: their pods wait side by side."""
    namespace = make_namespace()
    namespace.apply(*(made for _, _, made in FAILING.values()))
    yield namespace
    delete_namespace(namespace)


def wait_for_cause(namespace: Namespace, release: str, cause: str, seconds: float = 90) -> Diagnosis:
    """The diagnosis, as soon as it is the cause that is waited for."""
    deadline = time.monotonic() + seconds
    found = None
    with ClusterReader(namespace=namespace.name) as reader:
        while time.monotonic() < deadline:
            found = diagnose(reader.snapshot(release))
            if found is not None and found.cause == cause:
                return found
            time.sleep(0.5)
    raise AssertionError(f"{release}: {found}, not {cause}")


@pytest.mark.parametrize("release", FAILING)
def test_the_cause_is_found(failing: Namespace, release: str) -> None:
    cause, words, _ = FAILING[release]
    assert words in wait_for_cause(failing, release, cause).message


def test_a_quota_is_named(namespace: Namespace) -> None:
    namespace.kubectl("create", "quota", "small", "--hard=pods=0")
    namespace.apply(deployment("iris"))
    assert "small" in wait_for_cause(namespace, "iris", "quota").message


def test_pod_security_is_named(restricted_namespace: Namespace) -> None:
    restricted_namespace.apply(deployment("iris"))
    assert "restricted" in wait_for_cause(restricted_namespace, "iris", "pod-security").message


def test_nothing_is_wrong_with_what_runs(restricted_namespace: Namespace) -> None:
    restricted_namespace.apply(deployment("iris", container(securityContext=RESTRICTED), replicas=2))
    restricted_namespace.kubectl("rollout", "status", "deployment/iris", "--timeout=60s")
    with ClusterReader(namespace=restricted_namespace.name) as reader:
        state = reader.snapshot("iris").deployment
        assert state is not None
        assert (state.desired, state.updated, state.ready, state.available) == (2, 2, 2, 2)
        assert diagnose(reader.snapshot("iris")) is None
        assert [(pod.ready, pod.restarts) for pod in reader.pods(release_selector("iris"))] == [(True, 0)] * 2


def test_only_the_newest_template_counts(namespace: Namespace) -> None:
    namespace.apply(deployment("iris"))
    namespace.kubectl("rollout", "status", "deployment/iris", "--timeout=60s")
    namespace.apply(deployment("iris", container(code=CRASH)))
    found = wait_for_cause(namespace, "iris", "crash")
    assert "another sha256" in found.message


def test_progress_says_each_step_once(namespace: Namespace) -> None:
    ready = {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 1}
    code = "import time, pathlib; time.sleep(3); pathlib.Path('/tmp/ready').touch(); time.sleep(3600)"
    init = container("install-libraries", "import time; time.sleep(3)")
    stop, lines = threading.Event(), []

    def watch() -> None:
        with ClusterReader(namespace=namespace.name) as reader:
            lines.extend(progress(reader, "iris", stop, every=0.3))

    thread = threading.Thread(target=watch)
    thread.start()
    namespace.apply(deployment("iris", container(code=code, readinessProbe=ready), initContainers=[init]))
    namespace.kubectl("rollout", "status", "deployment/iris", "--timeout=60s")
    time.sleep(1)
    stop.set()
    thread.join(10)
    steps = [line.partition(": ")[2] for line in lines if line.startswith("pod ")]
    for step in ("installing libraries (container install-libraries)", "running, not ready yet", "ready"):
        assert steps.count(step) == 1, lines
    assert [line for line in lines if "replica" in line] == ["0 of 1 replica ready", "1 of 1 replica ready"]


@pytest.fixture(scope="module")
def echo(kubeconfig: Path) -> Iterator[Namespace]:
    """A Service `echo` that answers, and one without pods."""
    namespace = make_namespace()
    probe = {"tcpSocket": {"port": 8000}, "periodSeconds": 1}
    namespace.apply(
        deployment("echo", container(code=ECHO, readinessProbe=probe)),
        service("echo"),
        service("empty"),
        deployment("deaf"),
        service("deaf"),
    )
    namespace.kubectl("rollout", "status", "deployment/echo", "--timeout=60s")
    namespace.kubectl("rollout", "status", "deployment/deaf", "--timeout=60s")
    yield namespace
    delete_namespace(namespace)


def test_a_prediction_goes_through_the_api_server(echo: Namespace) -> None:
    body = json.dumps({"input": [1, 2, 3]}).encode()
    with ClusterReader(namespace=echo.name) as reader:
        answer = post(reader, "echo", body)
    assert (answer.status, answer.body) == (200, body)
    assert 0 < answer.seconds < 10


@pytest.mark.parametrize("status", [400, 404, 422, 500, 503])
def test_an_error_of_the_model_is_an_answer(echo: Namespace, status: int) -> None:
    body = b'{"error": {"code": "full"}}'
    with ClusterReader(namespace=echo.name) as reader:
        answer = post(reader, "echo", body, path=f"/predict/{status}")
    assert (answer.status, answer.body) == (status, body)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("empty", "no pod is ready to answer"),
        ("deaf", "the pod did not answer"),
        ("nothing", "there is no service nothing"),
    ],
)
def test_a_request_that_does_not_reach_the_model_is_an_error(echo: Namespace, name: str, words: str) -> None:
    with ClusterReader(namespace=echo.name) as reader, pytest.raises(ClusterError, match=words):
        post(reader, name, b"{}")


def with_user(kubeconfig: Path, folder: Path, **user: str) -> Path:
    """The kubeconfig with another user."""
    import yaml

    data = yaml.safe_load(kubeconfig.read_text())
    data["users"][0]["user"] = user
    path = folder / "kubeconfig"
    path.write_text(json.dumps(data))
    return path


def test_a_user_without_rights_is_told(echo: Namespace, kubeconfig: Path, tmp_path: Path) -> None:
    token = echo.kubectl("create", "token", "default").strip()
    with ClusterReader(with_user(kubeconfig, tmp_path, token=token), namespace=echo.name) as reader:
        with pytest.raises(ForbiddenError, match="deployments"):
            reader.snapshot("echo")
        with pytest.raises(ForbiddenError, match="services/proxy"):
            post(reader, "echo", b"{}")


def test_wrong_credentials_are_told(kubeconfig: Path, tmp_path: Path) -> None:
    changed = with_user(kubeconfig, tmp_path, token="wrong")
    with ClusterReader(changed, namespace="x") as reader, pytest.raises(ClusterUnreachableError, match="credentials"):
        reader.snapshot("x")


def test_no_copies_of_keys_stay_behind(kubeconfig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with ClusterReader(namespace="kube-system") as reader:
        reader.pods("a=b")
    assert list(tmp_path.iterdir()) == []


def test_the_log_of_a_container_that_has_not_run_is_empty(failing: Namespace) -> None:
    wait_for_cause(failing, "settings", "config")
    with ClusterReader(namespace=failing.name) as reader:
        pod = reader.pods(release_selector("settings"))[0]
        assert reader.log(pod.name, "model") == ""
