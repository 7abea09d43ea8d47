"""Completes a checked document into a `ServiceSpec`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from chartgen.service import requirements
from chartgen.service.merge import SHORT_FORMS, long_form
from chartgen.service.model import (
    Autoscaling,
    ClusterService,
    Ingress,
    KeyReference,
    ModelSource,
    Packages,
    Pod,
    Resources,
    Runtime,
    Sample,
    ServiceSpec,
)
from chartgen.service.node import Entry, Mapping, find, to_data
from chartgen.service.view import file_path

if TYPE_CHECKING:
    from pathlib import Path

    from chartgen.service.node import Scalar

REFERENCES = {"secretKeyRef": "Secret", "configMapKeyRef": "ConfigMap"}


def build(document: Mapping, source: Path | None) -> ServiceSpec:
    """The service that a document describes.

    Args:
        document: A document in which neither the schema nor a rule found anything wrong.
        source: The first service file, absolute; None for standard input or a mapping.
    """
    document = _in_long_forms(document)
    data: Any = to_data(document)
    return ServiceSpec(
        name=data["name"],
        model=_model(document, data["model"]),
        source=source,
        namespace=data.get("namespace"),
        version=data.get("version", ServiceSpec.version),
        description=data.get("description"),
        runtime=_runtime(document, data.get("runtime", {})),
        resources=_resources(data),
        replicas=int(data.get("replicas", ServiceSpec.replicas)),
        autoscaling=_autoscaling(data["hpa"]) if "hpa" in data else None,
        service=_service(data.get("service", {})),
        ingress=_ingress(data["ingress"]) if "ingress" in data else None,
        env={name: _variable(value) for name, value in data.get("env", {}).items()},
        sample=_sample(document, data["sample"]) if "sample" in data else None,
        pod=_pod(data.get("pod", {})),
    )


def _in_long_forms(document: Mapping) -> Mapping:
    entries = {
        key: Entry(entry.key, long_form(entry.node, (key,)) if key in SHORT_FORMS else entry.node)
        for key, entry in document.entries.items()
    }
    return Mapping(entries, document.where, document.removed)


def _file(document: Mapping, *path: str) -> Path:
    return file_path(cast("Scalar", find(document, path)))  # the schema takes nothing else


def _model(document: Mapping, model: dict[str, Any]) -> ModelSource:
    written = cast("Mapping", find(document, ("model",)))
    return ModelSource(
        file=_file(document, "model", "file"),
        format=model.get("format"),
        version=model.get("version"),
        sha256=model["sha256"].lower() if "sha256" in model else None,
        method=model.get("method", ModelSource.method),
        trusted=model.get("trusted", False),
        allow_non_finite=model.get("allowNonFinite", False),
        places={key: str(entry.node.where) for key, entry in written.entries.items()},
    )


def _runtime(document: Mapping, runtime: dict[str, Any]) -> Runtime:
    packages = runtime.get("packages", {})
    further = find(document, ("runtime", "requirements"))
    return Runtime(
        name=runtime.get("name", Runtime.name),
        image=runtime.get("image"),
        handler=_file(document, "runtime", "handler") if "handler" in runtime else None,
        requirements=requirements.written(further),
        requirements_place=str(further.where) if further else None,
        packages=Packages(
            index_url=packages.get("indexUrl", ""),
            extra_index_urls=tuple(packages["extraIndexUrls"]) if "extraIndexUrls" in packages else None,
            ca_config_map=packages.get("caConfigMap", ""),
            pip_config_secret=packages.get("pipConfigSecret", ""),
            proxy=packages.get("proxy", ""),
            no_proxy=packages.get("noProxy", ""),
            pip_options=tuple(packages.get("pipOptions", ())),
        ),
    )


def _resources(data: dict[str, Any]) -> Resources:
    cpu, memory = data.get("cpu", {}), data.get("memory", {})
    return Resources(
        # As in Kubernetes, a limit alone is the request as well.
        cpu=cpu.get("request", cpu.get("limit")),
        memory=memory.get("request", memory.get("limit")),
        cpu_limit=cpu.get("limit"),
        memory_limit=memory.get("limit"),
        gpus=int(data.get("gpu", Resources.gpus)),
    )


def _autoscaling(hpa: dict[str, Any]) -> Autoscaling:
    return Autoscaling(
        enabled=hpa.get("enabled", Autoscaling.enabled),
        min_replicas=int(hpa.get("minReplicas", Autoscaling.min_replicas)),
        max_replicas=int(hpa.get("maxReplicas", Autoscaling.max_replicas)),
        target_cpu=int(hpa.get("targetCPU", Autoscaling.target_cpu)),
        target_memory=int(hpa.get("targetMemory", Autoscaling.target_memory)),
        behavior=hpa.get("behavior", {}),
    )


def _service(service: dict[str, Any]) -> ClusterService:
    return ClusterService(
        type=service.get("type", ClusterService.type),
        port=int(service["port"]) if "port" in service else None,
        annotations=service.get("annotations", {}),
    )


def _ingress(ingress: dict[str, Any]) -> Ingress:
    tls = ingress.get("tls", False)
    return Ingress(
        enabled=ingress.get("enabled", Ingress.enabled),
        host=ingress.get("host", Ingress.host),
        path=ingress.get("path", Ingress.path),
        tls=bool(tls),
        tls_secret=tls["secretName"] if isinstance(tls, dict) else Ingress.tls_secret,
        class_name=ingress.get("className", Ingress.class_name),
        annotations=ingress.get("annotations", {}),
    )


def _variable(value: str | dict[str, Any]) -> str | KeyReference:
    if isinstance(value, str):
        return value
    ((kind, reference),) = value.items()
    return KeyReference(REFERENCES[kind], reference["name"], reference["key"], reference.get("optional", False))


def _sample(document: Mapping, sample: dict[str, Any]) -> Sample:
    return Sample(
        input=sample["input"],
        output=sample.get("output"),
        has_output="output" in sample,
        tolerance=float(sample.get("tolerance", Sample.tolerance)),
        written=find(document, ("sample", "input")),
    )


def _pod(pod: dict[str, Any]) -> Pod:
    return Pod(
        labels=pod.get("labels", {}),
        annotations=pod.get("annotations", {}),
        node_selector=pod.get("nodeSelector", {}),
        tolerations=tuple(pod.get("tolerations", ())),
        affinity=pod.get("affinity", {}),
        topology_spread_constraints=tuple(pod.get("topologySpreadConstraints", ())),
        priority_class_name=pod.get("priorityClassName", ""),
        runtime_class_name=pod.get("runtimeClassName"),
        image_pull_secrets=tuple(pod.get("imagePullSecrets", ())),
    )
