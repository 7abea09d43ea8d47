"""A complete, checked service: what every later stage works on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from chartgen.service.node import Node

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]


@dataclass(frozen=True)
class ModelSource:
    """The model file and what the service file says of it.

    Attributes:
        file: The model file, absolute.
        format: The format as written; None means it is read from the content.
        version: The model's version, which becomes the chart's appVersion; None means the file's digest does.
        sha256: The digest that the file must have, as 64 lower-case hexadecimal digits; None means any.
        method: What `predict` calls on a scikit-learn-like model.
        trusted: Whether a pickle may import names that are not on the allow-list.
        allow_non_finite: Whether NaN and infinities are let in, and go out as null.
        places: Where the keys stand that were written, as ``file:line:column``.
    """

    file: Path
    format: str | None = None
    version: str | None = None
    sha256: str | None = None
    method: str = "predict"
    trusted: bool = False
    allow_non_finite: bool = False
    places: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Packages:
    """Where the pod's libraries come from; everything empty means the public index.

    Attributes:
        index_url: The package index instead of the public one, without credentials.
        extra_index_urls: Further indexes; None means those that the model's libraries come from.
        ca_config_map: A ConfigMap in the namespace whose key `ca.crt` holds the certificates to trust.
        pip_config_secret: A Secret in the namespace whose key `pip.conf` holds pip's configuration and credentials.
        proxy: The HTTP proxy to go through.
        no_proxy: Hosts that are reached without the proxy.
        pip_options: Further options for `pip install`, one a string.
    """

    index_url: str = ""
    extra_index_urls: tuple[str, ...] | None = None
    ca_config_map: str = ""
    pip_config_secret: str = ""
    proxy: str = ""
    no_proxy: str = ""
    pip_options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Runtime:
    """What serves the model.

    Attributes:
        name: The serving runtime, a folder of `chart_templates/runtimes/`.
        image: A container image that holds Python, instead of the runtime's own; None means the runtime's.
        handler: A Python file with `preprocess`, `predict` or `postprocess`, absolute.
        packages: Where the libraries come from.
        requirements: What the handler needs besides, as `name==version`, sorted.
        requirements_place: Where they stand, as ``file:line:column``; None where there are none.
        folder: The runtime's folder when it is one of the user's own, absolute; None for chartgen's.
    """

    name: str = "fastapi"
    image: str | None = None
    handler: Path | None = None
    packages: Packages = field(default_factory=Packages)
    requirements: tuple[str, ...] = ()
    requirements_place: str | None = field(default=None, compare=False)
    folder: Path | None = None


@dataclass(frozen=True)
class Resources:
    """Requests and limits as Kubernetes quantities; None means chartgen chooses by the model's size.

    Attributes:
        cpu: The CPU request.
        memory: The memory request.
        cpu_limit: The CPU limit; None means none.
        memory_limit: The memory limit; None means the request.
        gpus: The number of NVIDIA GPUs of each pod.
    """

    cpu: str | None = None
    memory: str | None = None
    cpu_limit: str | None = None
    memory_limit: str | None = None
    gpus: int = 0


@dataclass(frozen=True)
class Autoscaling:
    """Scaling by load.

    Attributes:
        enabled: Whether the number of pods follows the load.
        min_replicas: The fewest pods.
        max_replicas: The most pods.
        target_cpu: The CPU use that is aimed at, in percent of the request; 0 leaves the CPU out.
        target_memory: The same of the memory.
        behavior: How fast the number follows, as in a HorizontalPodAutoscaler.
    """

    enabled: bool = False
    min_replicas: int = 1
    max_replicas: int = 3
    target_cpu: int = 70
    target_memory: int = 0
    behavior: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True)
class ClusterService:
    """The Service in front of the pods.

    Attributes:
        type: How it is reached: `ClusterIP`, `NodePort` or `LoadBalancer`.
        port: Its port; None means the runtime's.
        annotations: Its annotations.
    """

    type: str = "ClusterIP"
    port: int | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ingress:
    """A way in from outside the cluster.

    Attributes:
        enabled: Whether there is one.
        host: The host name; empty only when it is not enabled.
        path: The path below which the service answers, without a slash at the end.
        tls: Whether it is https.
        tls_secret: The Secret with the certificate; empty means the controller's own certificate.
        class_name: The IngressClass; empty means the cluster's default.
        annotations: Its annotations.
    """

    enabled: bool = False
    host: str = ""
    path: str = "/"
    tls: bool = False
    tls_secret: str = ""
    class_name: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class KeyReference:
    """A variable's value that lies in a Secret or a ConfigMap of the namespace.

    Attributes:
        kind: `Secret` or `ConfigMap`.
        name: The object's name.
        key: The key in it.
        optional: Whether the pod may start without it.
    """

    kind: str
    name: str
    key: str
    optional: bool = False


@dataclass(frozen=True)
class Sample:
    """A recorded request, and the answer that it must get.

    Attributes:
        input: The value of `input` in the request.
        output: The expected value of `output`; only meaningful when `has_output`.
        has_output: Whether an answer was recorded (which may itself be null).
        tolerance: How far a number may be off, absolutely or relative to the recorded one.
        written: `input` with the places that its parts were read from; None where the sample came from elsewhere.
    """

    input: JsonValue
    output: JsonValue = None
    has_output: bool = False
    tolerance: float = 1e-6
    written: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Pod:
    """What the pods carry besides the model, handed to Kubernetes as written.

    Attributes:
        labels: Further labels.
        annotations: Further annotations.
        node_selector: Labels that a node must have.
        tolerations: Taints that are tolerated.
        affinity: Affinity rules.
        topology_spread_constraints: How the pods are spread.
        priority_class_name: A PriorityClass.
        runtime_class_name: A RuntimeClass; None when the service file does not speak of it.
        image_pull_secrets: Names of Secrets with registry credentials.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, JsonValue], ...] = ()
    affinity: Mapping[str, JsonValue] = field(default_factory=dict)
    topology_spread_constraints: tuple[Mapping[str, JsonValue], ...] = ()
    priority_class_name: str = ""
    runtime_class_name: str | None = None
    image_pull_secrets: tuple[str, ...] = ()


@dataclass(frozen=True)
class ServiceSpec:
    """One service, complete and checked.

    Attributes:
        name: The service's name, which is the chart's and by default the release's.
        model: The model.
        source: The first service file, absolute (None when it came from standard input); `requirements.lock` is looked
            for beside it.
        namespace: Where it goes; None leaves that to the command line and the kubeconfig.
        version: The chart version, SemVer 2.
        description: One sentence for Chart.yaml; None means a made one.
        runtime: What serves it.
        resources: Requests and limits.
        replicas: The number of pods.
        autoscaling: Scaling by load; None when the service file does not speak of it.
        service: The Service in front of the pods.
        ingress: A way in from outside; None when the service file does not speak of it.
        env: Environment variables of the model's container.
        sample: A recorded request, for the warm-up and `helm test`.
        pod: What the pods carry besides.
        warnings: What a person should know although nothing is wrong, each with its place.
    """

    name: str
    model: ModelSource
    source: Path | None = None
    namespace: str | None = None
    version: str = "0.1.0"
    description: str | None = None
    runtime: Runtime = field(default_factory=Runtime)
    resources: Resources = field(default_factory=Resources)
    replicas: int = 1
    autoscaling: Autoscaling | None = None
    service: ClusterService = field(default_factory=ClusterService)
    ingress: Ingress | None = None
    env: Mapping[str, str | KeyReference] = field(default_factory=dict)
    sample: Sample | None = None
    pod: Pod = field(default_factory=Pod)
    warnings: tuple[str, ...] = ()
