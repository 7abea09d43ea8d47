"""The chart's values: what a person running `helm install --set` may change, with this service's defaults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chartgen.chart.on_gpu import ARCHITECTURE
from chartgen.service.kubernetes import LOST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chartgen.chart.runtimes import ServingRuntime
    from chartgen.inspect.facts import ModelFacts
    from chartgen.inspect.sizing import Sizing
    from chartgen.pins.resolve import Requirements
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

# The libraries of CUDA keep much of themselves in the memory of the host as well.
_LEAST_MEMORY_ON_GPU = 4  # gibibytes

# What the device plugin of NVIDIA calls the GPUs of a node, and the taint that keeps other pods from such nodes.
GPU = "nvidia.com/gpu"

# A rollout gets its libraries in this time; with CUDA they have gigabytes.
_PROGRESS_SECONDS = 270
_PROGRESS_SECONDS_ON_GPU = 1170

# What the runtime does where nothing is said, written out so that it can be seen and changed.
_MAX_BODY_BYTES = 100 * 2**20
_MAX_IN_FLIGHT = 128
_READ_SECONDS = 30
_KEEP_ALIVE_SECONDS = 75

_USER = 10001
"""A user that no image knows and no host gives rights to."""


def chart_values(
    spec: ServiceSpec, facts: ModelFacts, runtime: ServingRuntime, requirements: Requirements
) -> dict[str, Any]:
    """The content of values.yaml, in the order it is written.

    Args:
        spec: The service.
        facts: What its model file says of itself.
        runtime: What serves it.
        requirements: The libraries of its pods.
    """
    gpus = spec.resources.gpus
    # Each process computes on a GPU of its own.
    workers = gpus if requirements.gpu and gpus else 1
    values: dict[str, Any] = {"replicaCount": spec.replicas}
    if spec.autoscaling:
        values["autoscaling"] = _autoscaling(spec.autoscaling)
    values |= {
        "image": _image(spec.runtime.image, runtime) | {"pullPolicy": "IfNotPresent"},
        "imagePullSecrets": [{"name": name} for name in spec.pod.image_pull_secrets],
        "packages": _packages(spec.runtime.packages, requirements.indexes),
        "resources": _resources(spec.resources, facts.sizing, workers if requirements.gpu else 0),
        "env": {name: _variable(value) for name, value in sorted(spec.env.items())},
        "workers": workers,
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
        "progressDeadlineSeconds": _PROGRESS_SECONDS_ON_GPU if requirements.gpu else _PROGRESS_SECONDS,
    }
    if gpus:
        values["rollingUpdate"] = {"maxSurge": "25%", "maxUnavailable": 0}
    if has_disruption_budget(spec):
        values["podDisruptionBudget"] = {"enabled": True, "maxUnavailable": 1}
    return values | _pod(spec, requirements.machines)


def has_disruption_budget(spec: ServiceSpec) -> bool:
    """Whether the chart can have more than one pod, so that a budget keeps the others while one is moved."""
    return spec.replicas > 1 or spec.autoscaling is not None


def has_runtime_class(spec: ServiceSpec) -> bool:
    """Whether the chart has a value for the RuntimeClass, which GPUs may need."""
    return spec.resources.gpus > 0 or spec.pod.runtime_class_name is not None


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


def _pod(spec: ServiceSpec, machines: Sequence[str]) -> dict[str, Any]:
    only = {ARCHITECTURE: machines[0]} if len(machines) == 1 else {}
    tolerations = [dict(toleration) for toleration in spec.pod.tolerations]
    if spec.resources.gpus and not any(each.get("key", GPU) == GPU for each in tolerations):
        tolerations.append({"key": GPU, "operator": "Exists", "effect": "NoSchedule"})
    runtime_class = {"runtimeClassName": spec.pod.runtime_class_name or ""} if has_runtime_class(spec) else {}
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
        "nodeSelector": only | dict(spec.pod.node_selector),
        "tolerations": tolerations,
        "affinity": dict(spec.pod.affinity),
        "topologySpreadConstraints": [dict(constraint) for constraint in spec.pod.topology_spread_constraints],
        "priorityClassName": spec.pod.priority_class_name,
        **runtime_class,
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


def _resources(written: Resources, sizing: Sizing, on_gpu: int) -> dict[str, Any]:
    """Requests and limits; `on_gpu` processes compute on a GPU, and each is given what a model of this size needs."""
    processes = max(1, on_gpu)
    gibibytes = max(sizing.memory, _LEAST_MEMORY_ON_GPU) if on_gpu else sizing.memory
    cpu, memory = written.cpu or str(sizing.cpu * processes), written.memory or f"{gibibytes * processes}Gi"
    limits: dict[str, Any] = {"memory": written.memory_limit or memory}
    if written.cpu_limit:
        limits = {"cpu": written.cpu_limit} | limits
    if written.gpus:
        limits[GPU] = written.gpus
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
