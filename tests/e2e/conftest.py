"""A namespace of its own for each test, and what is needed to look into it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from tests import cluster_fixtures
from tests.cluster_fixtures import delete_namespace, kubeconfig, make_namespace, restricted_namespace
from tests.helpers import chartgen, run

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["kubeconfig", "restricted_namespace"]  # fixtures are found by their name here


# The request is an argument, as `kubectl exec` at times loses the end of its standard input: what reads there hangs.
_ASK = (
    "import sys,urllib.request as u,urllib.error as e\n"
    "r=u.Request(sys.argv[1],sys.argv[2].encode() or None,{'Content-Type':'application/json'})\n"
    "try: a=u.urlopen(r,timeout=20)\n"
    "except e.HTTPError as x: a=x\n"
    "print(a.status,a.read().decode())"
)


@dataclass(frozen=True)
class Namespace(cluster_fixtures.Namespace):
    """A fresh namespace that enforces the Pod Security Standard `restricted`.

    Attributes:
        client_namespace: The namespace of the pod that sends requests.
        mirror: Values that let the pods reach the package index of this computer.
    """

    client_namespace: str
    mirror: list[str]

    def values(self, *settings: str) -> list[str]:
        """`--set-values` for the mirror and further values."""
        return [word for setting in [*self.mirror, *settings] for word in ("--set-values", setting)]

    def chartgen(self, *argv: object, helm: Path | None = None, ok: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the command line in the namespace."""
        done = chartgen(*argv, "--namespace", self.name, *(["--helm", helm] if helm else []))
        if ok:
            assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
        return done

    def contents(self) -> set[str]:
        """Every object of every namespaced kind that can be listed, but events."""
        kinds = run("kubectl", "api-resources", "--verbs=list", "--namespaced", "-o", "name").split()
        listed = ",".join(
            kind for kind in kinds if kind.split(".")[0] != "events" and not kind.endswith("metrics.k8s.io")
        )
        return set(self.kubectl("get", listed, "-o", "name", "--ignore-not-found").split())

    def post(self, url: str, body: object) -> Any:
        """Send a request from a pod inside the cluster, by the Service's DNS name."""
        return json.loads(self._answered(url, json.dumps(body)))

    def fetch(self, url: str) -> str:
        """Read a page from a pod inside the cluster, by the Service's DNS name."""
        return self._answered(url)

    def refused(self, url: str, body: object) -> tuple[int, Any]:
        """Send a request that must not be answered with 200; its status, and what it says."""
        status, said = self._from_inside(url, json.dumps(body))
        return status, json.loads(said)

    def _answered(self, url: str, body: str = "") -> str:
        status, said = self._from_inside(url, body)
        assert status == HTTPStatus.OK, said
        return said

    def _from_inside(self, url: str, body: str) -> tuple[int, str]:
        inside = cluster_fixtures.Namespace(self.client_namespace)
        status, _, said = inside.kubectl("exec", "client", "--", "python", "-c", _ASK, url, body).partition(" ")
        return int(status), said


@pytest.fixture(scope="session")
def client_namespace(kubeconfig: Path) -> Iterator[str]:
    """A namespace with a pod that sends requests."""
    made = make_namespace()
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "client"},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {
                    "name": "client",
                    "image": "python:3.11-slim",
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["sleep", "infinity"],
                    "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
                }
            ],
        },
    }
    try:
        made.apply(pod)
        made.kubectl("wait", "--for=condition=Ready", "pod/client", "--timeout=120s")
        yield made.name
    finally:
        delete_namespace(made)


@pytest.fixture
def namespace(restricted_namespace: cluster_fixtures.Namespace, client_namespace: str) -> Namespace:
    """An empty namespace that enforces Pod Security `restricted`, and what is needed to look into it."""
    return Namespace(restricted_namespace.name, client_namespace, cluster_fixtures.mirror(restricted_namespace))
