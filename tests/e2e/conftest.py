"""A namespace of its own for each test, and what is needed to look into it."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.helpers import chartgen, run

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Namespace:
    """A fresh namespace that enforces the Pod Security Standard `restricted`."""

    name: str
    mirror: list[str] = field(default_factory=list)
    """Values that let the pods reach the package index of this computer."""

    def kubectl(self, *argv: object, **options: Any) -> str:
        """Run kubectl in the namespace; it must succeed."""
        return run("kubectl", "--namespace", self.name, *argv, **options)

    def get(self, *argv: str) -> dict[str, Any]:
        """An object, or a list of them."""
        found: dict[str, Any] = json.loads(self.kubectl("get", *argv, "-o", "json"))
        return found

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
        code = (
            "import sys,urllib.request as u;"
            "print(u.urlopen(u.Request(sys.argv[1],sys.stdin.buffer.read()),timeout=20).read().decode())"
        )
        command = [
            "kubectl",
            "--namespace",
            self.client_namespace,
            "exec",
            "-i",
            "client",
            "--",
            "python",
            "-c",
            code,
            url,
        ]
        return json.loads(run(*command, input=json.dumps(body)))

    client_namespace: str = ""


def _make(name: str, *labels: str) -> None:
    run("kubectl", "create", "namespace", name)
    if labels:
        run("kubectl", "label", "namespace", name, *labels)


@pytest.fixture(scope="session")
def cluster() -> str:
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("no KUBECONFIG")
    return os.environ["KUBECONFIG"]


@pytest.fixture(scope="session")
def client_namespace(cluster: str) -> Iterator[str]:
    """A namespace with a pod that sends requests."""
    name = f"chartgen-client-{secrets.token_hex(3)}"
    _make(name)
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
        run("kubectl", "--namespace", name, "apply", "-f", "-", input=json.dumps(pod))
        run("kubectl", "--namespace", name, "wait", "--for=condition=Ready", "pod/client", "--timeout=120s")
        yield name
    finally:
        run("kubectl", "delete", "namespace", name, "--wait=false")


@pytest.fixture
def namespace(cluster: str, client_namespace: str) -> Iterator[Namespace]:
    name = f"chartgen-{secrets.token_hex(4)}"
    _make(name, "pod-security.kubernetes.io/enforce=restricted")
    made = Namespace(name, client_namespace=client_namespace)
    try:
        authority = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE")
        if authority:
            made.kubectl("create", "configmap", "index-ca", f"--from-file=ca.crt={authority}")
            made.mirror.append("packages.caConfigMap=index-ca")
        if index := os.environ.get("PIP_INDEX_URL"):
            made.mirror.append(f"packages.indexUrl={index}")
        # The controllers fill a new namespace; the comparison afterwards starts from there.
        made.kubectl("wait", "--for=create", "serviceaccount/default", "configmap/kube-root-ca.crt", "--timeout=60s")
        yield made
    finally:
        run("kubectl", "delete", "namespace", name, "--wait=false")
