"""Fixtures for tests on a real cluster: a namespace for each test, and `kubectl` in it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ENFORCE = "pod-security.kubernetes.io/enforce"


@dataclass(frozen=True)
class Namespace:
    """A namespace of the cluster.

    Attributes:
        name: Its name.
    """

    name: str

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl in the namespace and return what it prints."""
        command = ["kubectl", "--namespace", self.name, *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout

    def apply(self, *objects: dict[str, Any]) -> None:
        """Create or change objects."""
        self.kubectl(
            "apply", "--filename", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        )


def make_namespace(labels: Sequence[str] = ()) -> Namespace:
    """Make a namespace of a name that no other test has."""
    namespace = Namespace(f"chartgen-test-{secrets.token_hex(4)}")
    namespace.kubectl("create", "namespace", namespace.name)
    if labels:
        namespace.kubectl("label", "namespace", namespace.name, *labels)
    # Pods are refused until the controller has made the default service account.
    namespace.kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=30s")
    return namespace


def delete_namespace(namespace: Namespace) -> None:
    """Delete it with all that it holds; the cluster finishes that by itself."""
    namespace.kubectl("delete", "pods", "--all", "--grace-period=0", "--force", "--wait=false", "--ignore-not-found")
    namespace.kubectl("delete", "namespace", namespace.name, "--wait=false", "--ignore-not-found")


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """The kubeconfig of the cluster that the tests may use."""
    named = os.environ.get("KUBECONFIG", "")
    if not named or shutil.which("kubectl") is None:
        pytest.skip("no cluster: set KUBECONFIG, and have kubectl on PATH")
    return Path(named)


@pytest.fixture
def namespace(kubeconfig: Path) -> Iterator[Namespace]:
    """An empty namespace."""
    made = make_namespace()
    yield made
    delete_namespace(made)


@pytest.fixture
def restricted_namespace(kubeconfig: Path) -> Iterator[Namespace]:
    """An empty namespace that enforces Pod Security `restricted`."""
    made = make_namespace([f"{ENFORCE}=restricted"])
    yield made
    delete_namespace(made)


NamespaceMaker = Callable[[Sequence[str]], Namespace]
