"""A service with every key, and what the schema check says of documents like it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chartgen.service import schema as checking
from chartgen.service.node import Mapping, Position, Source, from_data

if TYPE_CHECKING:
    from chartgen.service.finding import Finding

WHERE = Position(Source("service", 0, Path("/")))

WHOLE: dict[str, Any] = {
    "apiVersion": "chartgen/v1",
    "name": "iris",
    "namespace": "models",
    "version": "1.2.0-rc.1",
    "description": "Tells iris species apart",
    "model": {
        "file": "./iris.onnx",
        "format": "onnx",
        "version": "2024-05",
        "sha256": "a" * 64,
        "method": "predict_proba",
        "trusted": True,
        "allowNonFinite": False,
    },
    "runtime": {
        "name": "fastapi",
        "image": "python:3.11-slim",
        "handler": "./handler.py",
        "requirements": ["pillow==11.0.0"],
        "packages": {
            "indexUrl": "https://pypi.example.com/simple",
            "extraIndexUrls": ["https://example.com/simple"],
            "caConfigMap": "ca",
            "pipConfigSecret": "pip",
            "proxy": "http://proxy:3128",
            "noProxy": ".svc",
            "pipOptions": ["--retries=5"],
        },
    },
    "cpu": {"request": "500m", "limit": "2"},
    "memory": "1Gi",
    "replicas": 2,
    "hpa": {
        "enabled": False,
        "minReplicas": 1,
        "maxReplicas": 3,
        "targetCPU": 70,
        "targetMemory": 80,
        "behavior": {
            "scaleUp": {"selectPolicy": "Min", "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]},
            "scaleDown": {"stabilizationWindowSeconds": 60},
        },
    },
    "service": {"type": "NodePort", "port": 80, "annotations": {"example.com/a": "b"}},
    "ingress": {
        "enabled": True,
        "host": "example.com",
        "path": "/models/iris",
        "tls": {"secretName": "tls"},
        "className": "traefik",
        "annotations": {"example.com/a": "b"},
    },
    "gpu": "2",
    "env": {"LOG_LEVEL": "info", "TOKEN": {"secretKeyRef": {"name": "s", "key": "k", "optional": True}}},
    "sample": {"input": [[1.0, 2.0]], "output": {"label": [1]}, "tolerance": 1e-4},
    "pod": {
        "labels": {"team": "a"},
        "annotations": {"example.com/owner": "b"},
        "nodeSelector": {"kubernetes.io/arch": "amd64"},
        "tolerations": [{"key": "dedicated", "operator": "Equal", "value": "models", "effect": "NoSchedule"}],
        "affinity": {"nodeAffinity": {}},
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
        "priorityClassName": "high",
        "runtimeClassName": "nvidia",
        "imagePullSecrets": ["registry"],
    },
}
PLANNED: dict[str, Any] = {
    "storage": {"type": "s3", "bucket": "models"},
}


def document(data: dict[str, Any]) -> Mapping:
    node = from_data(data, WHERE)
    assert isinstance(node, Mapping)
    return node


def findings(data: dict[str, Any]) -> list[Finding]:
    return checking.check(document(data))


def told(data: dict[str, Any]) -> list[tuple[str, str]]:
    return [(finding.violation().path, finding.message) for finding in findings(data)]


def changed(path: str, value: object) -> dict[str, Any]:
    """The whole service with one value changed."""
    data: Any = copy.deepcopy(WHOLE)
    *parents, last = path.split(".")
    inner = data
    for key in parents:
        inner = inner[key]
    inner[last] = value
    return data
