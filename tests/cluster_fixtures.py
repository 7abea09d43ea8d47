"""Fixtures for tests on a real cluster: a namespace for each test, and `kubectl` in it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import assert_soon, run

ENFORCE = "pod-security.kubernetes.io/enforce"


@dataclass(frozen=True)
class Namespace:
    """A namespace of the cluster.

    Attributes:
        name: Its name.
    """

    name: str

    def kubectl(self, *arguments: object, **options: Any) -> str:
        """Run kubectl in the namespace, which must succeed, and return what it prints."""
        return run("kubectl", "--namespace", self.name, *arguments, **{"timeout": 320, **options})

    def get(self, *arguments: str) -> dict[str, Any]:
        """An object, or a list of them."""
        found: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "--output=json"))
        return found

    def apply(self, *objects: dict[str, Any]) -> None:
        """Create or change objects."""
        self.kubectl(
            "apply", "--filename", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        )


# What the controllers put into every namespace.
FILLED = ("serviceaccount/default", "configmap/kube-root-ca.crt")


def make_namespace(labels: Sequence[str] = ()) -> Namespace:
    """Make a namespace of a name that no other test has."""
    namespace = Namespace(f"chartgen-test-{secrets.token_hex(4)}")
    namespace.kubectl("create", "namespace", namespace.name)
    if labels:
        namespace.kubectl("label", "namespace", namespace.name, *labels)
    # The controllers fill a new namespace, and pods are refused until they have made the default service account.
    needed = ("get", *FILLED, "--ignore-not-found", "--output=name")
    assert_soon(lambda: len(namespace.kubectl(*needed).split()) == len(FILLED), 120)
    return namespace


def mirror(namespace: Namespace) -> list[str]:
    """The values that let the pods of a namespace reach the package index of this computer."""
    values = []
    if authority := os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE"):
        namespace.kubectl("create", "configmap", "index-ca", f"--from-file=ca.crt={authority}")
        values.append("packages.caConfigMap=index-ca")
    if index := os.environ.get("PIP_INDEX_URL"):
        values.append(f"packages.indexUrl={index}")
    return values


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
