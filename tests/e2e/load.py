"""Load on a release from a pod inside the cluster, through its Service."""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests import cluster_fixtures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import Namespace
    from tests.e2e.services import Service

CLIENT = Path(__file__).with_name("load_client.py")
PORT = 8000


def questions(*models: Service, count: int, rows: int) -> list[tuple[dict[str, Any], list[Any]]]:
    """Bodies of random rows, each with what the models' own library answers."""
    made = []
    for _ in range(count):
        drawn = models[0].random_rows(rows)
        made.append(({"input": drawn}, [model.predict(np.array(drawn)) for model in models]))
    return made


@dataclass
class Load:
    """A pod that runs `load_client.py`."""

    inside: cluster_fixtures.Namespace
    name: str

    def sent(self) -> int:
        """How many requests were sent so far."""
        count: int = json.loads(self.inside.kubectl("logs", self.name, "--tail=1") or '{"sent": 0}')["sent"]
        return count

    def stop(self) -> dict[str, Any]:
        """End it; returns its report, which `load_client.Report` describes."""
        self.inside.kubectl("exec", self.name, "--", "touch", "/tmp/stop")
        self.inside.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", f"pod/{self.name}", "--timeout=60s")
        report: dict[str, Any] = json.loads(self.inside.kubectl("logs", self.name, "--tail=1"))
        print(json.dumps(report))  # beside the test that failed
        return report


@contextmanager
def load_on(
    namespace: Namespace, service: str, asked: list[tuple[dict[str, Any], list[Any]]], *, rate: int, port: int = PORT
) -> Iterator[Load]:
    """Requests to `POST /predict` of a Service, `rate` a second, from when this is entered on.

    Args:
        namespace: Where the Service is.
        service: Its name.
        asked: The bodies and the answers that are right.
        rate: Requests per second, as long as the answers come that fast.
        port: The Service's port.
    """
    inside = cluster_fixtures.Namespace(namespace.client_namespace)
    load = Load(inside, f"load-{secrets.token_hex(3)}")
    plan = {
        "host": f"{service}.{namespace.name}.svc.cluster.local",
        "port": port,
        "path": "/predict",
        "rate": rate,
        "workers": 6,
        "timeout": 20,
        "questions": asked,
    }
    objects = [_config_map(load.name, plan), _pod(load.name)]
    try:
        inside.kubectl("create", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
        inside.kubectl("wait", "--for=condition=Ready", f"pod/{load.name}", "--timeout=120s")
        yield load
    finally:
        inside.kubectl("delete", f"pod/{load.name}", f"configmap/{load.name}", "--wait=false", "--ignore-not-found")


def _config_map(name: str, plan: dict[str, Any]) -> dict[str, Any]:
    data = {"load_client.py": CLIENT.read_text(encoding="utf-8"), "plan.json": json.dumps(plan)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def _pod(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {
                    "name": "client",
                    "image": "python:3.11-slim",
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["python", "/load/load_client.py", "/load/plan.json", "/tmp/stop"],
                    # Enough to keep its pace beside pods that start.
                    "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
                    "volumeMounts": [{"name": "load", "mountPath": "/load", "readOnly": True}],
                }
            ],
            "volumes": [{"name": "load", "configMap": {"name": name}}],
        },
    }
