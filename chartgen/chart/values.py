"""The chart's values: what a person running `helm install --set` may change, with this service's defaults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chartgen.service.kubernetes import LOST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chartgen.chart.runtimes import ServingRuntime
    from chartgen.inspect.facts import ModelFacts
    from chartgen.service.model import (
        Autoscaling,
        ClusterService,
        Ingress,
        JsonValue,
        KeyReference,
        Packages,
        Resources,
        Sample,
        ServiceSpec,
    )

# What a model of this size is given when the service file says nothing: (below this many bytes, CPU, memory).
_SIZES = ((100 * 10**6, "1", "2Gi"), (10**9, "2", "4Gi"))
_LARGEST = ("4", "8Gi")

# What the runtime does where nothing is said, written out so that it can be seen and changed.
_MAX_BODY_BYTES = 100 * 2**20
_MAX_IN_FLIGHT = 128
_READ_SECONDS = 30
_KEEP_ALIVE_SECONDS = 75

_USER = 10001
"""A user that no image knows and no host gives rights to."""


def chart_values(
    spec: ServiceSpec, facts: ModelFacts, runtime: ServingRuntime, indexes: Sequence[str] = ()
) -> dict[str, Any]:
    """The content of values.yaml, in the order it is written.

    Args:
        spec: The service.
        facts: What its model file says of itself.
        runtime: What serves it.
        indexes: Where libraries of the pod come from that the public index has in another build.
    """
    values: dict[str, Any] = {"replicaCount": spec.replicas}
    if spec.autoscaling:
        values["autoscaling"] = _autoscaling(spec.autoscaling)
    values |= {
        "image": _image(spec.runtime.image, runtime) | {"pullPolicy": "IfNotPresent"},
        "imagePullSecrets": [{"name": name} for name in spec.pod.image_pull_secrets],
        "packages": _packages(spec.runtime.packages, indexes),
        "resources": _resources(spec.resources, facts.size),
        "env": {name: _variable(value) for name, value in sorted(spec.env.items())},
        "workers": 1,
        "timeouts": {"readSeconds": _READ_SECONDS, "keepAliveSeconds": _KEEP_ALIVE_SECONDS},
        "limits": {"maxBodyBytes": _MAX_BODY_BYTES, "maxInFlight": _MAX_IN_FLIGHT},
        "logging": {"accessSample": 0},
        "service": _service(spec.service, runtime),
    }
    if spec.ingress:
        values["ingress"] = _ingress(spec.ingress)
    values |= {
        "serviceAccount": {"create": True, "name": "", "annotations": {}},
    }
    if spec.sample:
        values["sample"] = _sample(spec.sample)
    values |= {
        "startupProbe": {"periodSeconds": 2, "timeoutSeconds": 2, "failureThreshold": 120},
        "readinessProbe": {"periodSeconds": 5, "timeoutSeconds": 2, "failureThreshold": 2},
        "livenessProbe": {"periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6},
        "terminationGracePeriodSeconds": 30,
        "progressDeadlineSeconds": 270,
    }
    if has_disruption_budget(spec):
        values["podDisruptionBudget"] = {"enabled": True, "maxUnavailable": 1}
    return values | _pod(spec)


def has_disruption_budget(spec: ServiceSpec) -> bool:
    """Whether the chart can have more than one pod, so that a budget keeps the others while one is moved."""
    return spec.replicas > 1 or spec.autoscaling is not None


def _autoscaling(scaling: Autoscaling) -> dict[str, Any]:
    return {
        "enabled": scaling.enabled,
        "minReplicas": scaling.min_replicas,
        "maxReplicas": scaling.max_replicas,
        "targetCPUUtilizationPercentage": scaling.target_cpu,
        "targetMemoryUtilizationPercentage": scaling.target_memory,
        "behavior": dict(scaling.behavior),
    }


def _service(service: ClusterService, runtime: ServingRuntime) -> dict[str, Any]:
    return {
        "type": service.type,
        "port": service.port or runtime.port,
        "annotations": dict(service.annotations),
    }


def _ingress(ingress: Ingress) -> dict[str, Any]:
    return {
        "enabled": ingress.enabled,
        "className": ingress.class_name,
        "host": ingress.host,
        "path": ingress.path,
        "tls": {"enabled": ingress.tls, "secretName": ingress.tls_secret},
        "annotations": dict(ingress.annotations),
    }


def _pod(spec: ServiceSpec) -> dict[str, Any]:
    return {
        "podLabels": dict(spec.pod.labels),
        "podAnnotations": dict(spec.pod.annotations),
        "podSecurityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "nodeSelector": dict(spec.pod.node_selector),
        "tolerations": [dict(toleration) for toleration in spec.pod.tolerations],
        "affinity": dict(spec.pod.affinity),
        "topologySpreadConstraints": [dict(constraint) for constraint in spec.pod.topology_spread_constraints],
        "priorityClassName": spec.pod.priority_class_name,
        "nameOverride": "",
        "fullnameOverride": "",
    }


def _image(written: str | None, runtime: ServingRuntime) -> dict[str, str]:
    """An image reference in its parts; a colon before the last slash belongs to the registry's port."""
    if written is None:
        return {"repository": runtime.repository, "tag": runtime.tag, "digest": ""}
    rest, _, digest = written.partition("@")
    slash = rest.rfind("/")
    colon = rest.find(":", slash + 1)
    repository, tag = (rest, "") if colon < 0 else (rest[:colon], rest[colon + 1 :])
    return {"repository": repository, "tag": tag, "digest": digest}


def _packages(packages: Packages, indexes: Sequence[str]) -> dict[str, Any]:
    if packages.index_url:  # an index of one's own is taken to have everything
        indexes = ()
    return {
        "indexUrl": packages.index_url,
        "extraIndexUrls": list(indexes if packages.extra_index_urls is None else packages.extra_index_urls),
        "caConfigMap": packages.ca_config_map,
        "pipConfigSecret": packages.pip_config_secret,
        "proxy": packages.proxy,
        "noProxy": packages.no_proxy,
        "pipOptions": list(packages.pip_options),
    }


def _resources(written: Resources, model_bytes: int) -> dict[str, Any]:
    cpu, memory = next(((cpu, memory) for below, cpu, memory in _SIZES if model_bytes < below), _LARGEST)
    cpu, memory = written.cpu or cpu, written.memory or memory
    limits = {"memory": written.memory_limit or memory}
    if written.cpu_limit:
        limits = {"cpu": written.cpu_limit} | limits
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": limits}


def _variable(value: str | KeyReference) -> str | dict[str, Any]:
    if isinstance(value, str):
        return value
    reference: dict[str, Any] = {"name": value.name, "key": value.key}
    if value.optional:
        reference["optional"] = True
    return {"secretKeyRef" if value.kind == "Secret" else "configMapKeyRef": reference}


def _sample(sample: Sample) -> dict[str, Any]:
    """The recorded request as JSON text: Helm reads numbers as floats and would lose digits."""
    return {
        "request": _json({"input": sample.input}),
        "response": _json({"output": sample.output}) if sample.has_output else "",
        "tolerance": sample.tolerance,
    }


def _json(value: JsonValue) -> str:
    """JSON, with an escape for each character that the API server would not take as it is."""
    text = json.dumps(value, ensure_ascii=False)
    return LOST.sub(lambda lost: f"\\u{ord(lost.group()):04x}", text)
