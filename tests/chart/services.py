"""The service files whose charts are looked at: small, ordinary, with everything, and with the switches off."""

from __future__ import annotations

from typing import Any

from tests.helpers import ONNX_MODEL, PICKLE_MODEL

HANDLER = """\
def preprocess(value):
    return [[float(number) / 16 for number in value]]


def postprocess(output):
    return output["label"][0]
"""

SERVICES: dict[str, dict[str, Any]] = {
    "smallest": {"name": "digits", "model": str(ONNX_MODEL)},
    "ordinary": {
        "name": "iris",
        "version": "1.2.3",
        "namespace": "models",
        "model": {"file": str(PICKLE_MODEL), "method": "predict_proba", "version": "2026.11"},
        "cpu": "500m",
        "memory": "1Gi",
        "replicas": 2,
        "env": {"LOG_LEVEL": "info"},
        "sample": {"input": [5.1, 3.5, 1.4, 0.2], "output": [0.98, 0.019, 0.001], "tolerance": 0.01},
    },
    "everything": {
        "apiVersion": "chartgen/v1",
        "name": "everything",
        "version": "0.3.0-rc.1",
        "description": 'All: of "it" {{ .Values }} [[ x ]] # no comment',
        "model": {"file": str(ONNX_MODEL), "format": "onnx", "version": "v7", "allowNonFinite": True},
        "runtime": {
            "name": "fastapi",
            "image": "registry.example.com:5000/team/python:3.11@sha256:" + "ab" * 32,
            "handler": "handler.py",
            "packages": {
                "indexUrl": "https://pypi.example.com/simple",
                "extraIndexUrls": ["https://a.example.com", "https://b.example.com/$x"],
                "caConfigMap": "company-ca",
                "pipConfigSecret": "pip-config",
                "proxy": "http://proxy.example.com:3128",
                "noProxy": ".cluster.local,10.0.0.0/8",
                "pipOptions": ["--retries=10"],
            },
        },
        "cpu": {"request": "250m", "limit": "2"},
        "memory": {"request": "512Mi", "limit": "1Gi"},
        "replicas": 3,
        "env": {
            "PLAIN": "text",
            "NUMBER": "1e3",
            "Y": "no",
            "EMPTY": "",
            "DOLLARS": "$(HOME) $$(X) $",
            "TEMPLATE": "{{ .Values.image }} [[ x ]] [% y %]",
            "LINES": "a\r\nb\n\u0085\u2028\ufeff trailing ",
            "TOKEN": {"secretKeyRef": {"name": "api", "key": "token"}},
            "REGION": {"configMapKeyRef": {"name": "site", "key": "region", "optional": True}},
        },
        "sample": {"input": [16] * 64, "output": 8},
        "hpa": {
            "enabled": True,
            "minReplicas": 2,
            "maxReplicas": 10,
            "targetCPU": 60,
            "targetMemory": 80,
            "behavior": {
                "scaleUp": {"selectPolicy": "Min", "policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}]},
                "scaleDown": {"stabilizationWindowSeconds": 60},
            },
        },
        "service": {"type": "LoadBalancer", "port": 80, "annotations": {"example.com/lb": "{{ fail }}"}},
        "ingress": {
            "enabled": True,
            "host": "models.example.com",
            "path": "/models/everything",
            "tls": {"secretName": "models-tls"},
            "className": "traefik",
            "annotations": {"cert-manager.io/cluster-issuer": "letsencrypt", "example.com/note": "{{ fail }}: 'x'"},
        },
        "pod": {
            "labels": {"team": "vision"},
            "annotations": {"example.com/note": "{{ fail }}: 'x'"},
            "nodeSelector": {"kubernetes.io/os": "linux"},
            "tolerations": [{"key": "dedicated", "operator": "Equal", "value": "models", "effect": "NoSchedule"}],
            "affinity": {
                "podAntiAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        {
                            "weight": 1,
                            "podAffinityTerm": {
                                "topologyKey": "kubernetes.io/hostname",
                                "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "everything"}},
                            },
                        }
                    ]
                }
            },
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": "topology.kubernetes.io/zone",
                    "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "everything"}},
                }
            ],
            "priorityClassName": "high",
            "imagePullSecrets": ["registry"],
        },
    },
    "on-gpu": {
        "name": "vision",
        "model": str(ONNX_MODEL),
        "gpu": "2",
        "hpa": {"enabled": False},
        "pod": {
            "runtimeClassName": "nvidia",
            "tolerations": [{"key": "dedicated", "operator": "Exists"}],
        },
    },
    "switched-off": {
        "name": "quiet",
        "model": str(ONNX_MODEL),
        "hpa": {"enabled": False},
        "ingress": {"enabled": False, "tls": True},
    },
}
