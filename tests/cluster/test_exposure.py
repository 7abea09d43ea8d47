"""The addresses of Ingresses and what an autoscaler says, as records."""

from __future__ import annotations

from typing import Any

import pytest

from chartgen.cluster.exposure import Autoscaler, ingress_urls


def ingress(*hosts: tuple[str | None, str], tls: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    rules = [{"host": host, "http": {"paths": [{"path": path}]}} for host, path in hosts]
    return {"spec": {"rules": rules, "tls": tls}}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (ingress(("a.example.com", "/")), ["http://a.example.com"]),
        (ingress(("a.example.com", "/models/a")), ["http://a.example.com/models/a"]),
        (ingress(("a.example.com", "/x"), tls=[{"hosts": ["a.example.com"]}]), ["https://a.example.com/x"]),
        (ingress(("a.b", "/"), ("c.d", "/"), tls=[{"hosts": ["c.d"]}]), ["http://a.b", "https://c.d"]),
        (ingress((None, "/")), []),
        ({"spec": {"defaultBackend": {}}}, []),
    ],
)
def test_an_ingress_answers_at_its_hosts_and_paths(data: dict[str, Any], expected: list[str]) -> None:
    assert list(ingress_urls(data)) == expected


def test_an_autoscaler_that_cannot_scale_says_why() -> None:
    condition = {
        "type": "ScalingActive",
        "status": "False",
        "reason": "FailedGetResourceMetric",
        "message": "no metrics",
    }
    limited = {"type": "ScalingLimited", "status": "False", "reason": "DesiredWithinRange", "message": "fine"}
    data = {
        "spec": {"minReplicas": 2, "maxReplicas": 5},
        "status": {"currentReplicas": 2, "desiredReplicas": 3, "conditions": [limited, condition]},
    }
    assert Autoscaler.from_json(data) == Autoscaler(2, 3, 2, 5, "FailedGetResourceMetric: no metrics")


def test_an_autoscaler_that_nobody_has_looked_at_yet() -> None:
    assert Autoscaler.from_json({"spec": {"maxReplicas": 3}}) == Autoscaler(0, 0, 1, 3)
