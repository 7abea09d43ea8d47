"""Reads a release's objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from chartgen.cluster.api import Connection, check
from chartgen.cluster.exposure import Autoscaler, ServiceAddress, ingress_urls
from chartgen.cluster.records import DeploymentState, Event, PodState, Snapshot
from chartgen.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_LOG_LINES = 60
_BAD_REQUEST = 400
_NOT_FOUND = 404
_REVISION = "deployment.kubernetes.io/revision"


def release_selector(release: str) -> str:
    """The label selector of a release's pods."""
    return f"app.kubernetes.io/instance={release}"


class ClusterReader:
    """Reads one namespace of one cluster. For one thread: the connection runs an event loop of its own.

    Every method raises `MissingExtraError` without the extra `[cluster]`, `ClusterUnreachableError` when the API
    server does not answer, `ForbiddenError` when this user may not read, and `ClusterError` for anything else.

    Args:
        kubeconfig: The kubeconfig file; None leaves it to $KUBECONFIG and the default place.
        context: The context in it; None for the current one.
        namespace: The namespace that is read.
    """

    def __init__(self, kubeconfig: Path | str | None = None, context: str | None = None, *, namespace: str) -> None:
        self.namespace = namespace
        self.connection = Connection(kubeconfig, context)
        self._core = f"/api/v1/namespaces/{quote(namespace)}"
        self._apps = f"/apis/apps/v1/namespaces/{quote(namespace)}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; a later call opens it again."""
        self.connection.close()

    def pods(self, selector: str) -> list[PodState]:
        """The pods that `selector` matches, the oldest first."""
        pods = map(PodState.from_json, self._items(f"{self._core}/pods", labelSelector=selector))
        return sorted(pods, key=lambda pod: (pod.created, pod.name))

    def events(self, names: Iterable[str]) -> list[Event]:
        """The events of the objects of these names, the oldest first."""
        wanted = set(names)
        events = map(Event.from_json, self._items(f"{self._core}/events"))
        return sorted((event for event in events if event.name in wanted), key=lambda event: event.last_seen)

    def log(self, pod: str, container: str, *, lines: int = _LOG_LINES, previous: bool = False) -> str:
        """The last lines that a container logged.

        Args:
            pod: The pod's name.
            container: The container's name.
            lines: How many lines.
            previous: Of the run before the current one.

        Returns:
            The lines; empty when the container has not run, or its log is gone.
        """
        parameters = {"container": container, "tailLines": str(lines), "previous": str(previous).lower()}
        answer = self.connection.request("GET", f"{self._core}/pods/{quote(pod)}/log", parameters=parameters)
        if answer.status in {_BAD_REQUEST, _NOT_FOUND}:
            return ""
        check(answer)
        return answer.body.decode("utf-8", errors="replace")

    def service_of(self, release: str) -> ServiceAddress | None:
        """The Service of a release, found by its labels; None when there is none."""
        found = self._items(f"{self._core}/services", labelSelector=release_selector(release))
        return ServiceAddress.from_json(found[0]) if found else None

    def ingress_urls(self, release: str) -> tuple[str, ...]:
        """The addresses of a release's Ingresses."""
        path = f"/apis/networking.k8s.io/v1/namespaces/{quote(self.namespace)}/ingresses"
        found = self._items(path, labelSelector=release_selector(release))
        return tuple(dict.fromkeys(url for ingress in found for url in ingress_urls(ingress)))

    def autoscaler_of(self, release: str) -> Autoscaler | None:
        """The HorizontalPodAutoscaler of a release; None when there is none."""
        path = f"/apis/autoscaling/v2/namespaces/{quote(self.namespace)}/horizontalpodautoscalers"
        found = self._items(path, labelSelector=release_selector(release))
        return Autoscaler.from_json(found[0]) if found else None

    def pods_of_before(self, release: str) -> list[str]:
        """The pods of a release that are not of the newest template, those that are ending included."""
        found = self._items(f"{self._apps}/deployments", labelSelector=release_selector(release))
        newest = self._newest_template(release, found[0]["metadata"]["name"])[0] if found else ""
        return [pod.name for pod in self.pods(release_selector(release)) if pod.template_hash not in {newest, ""}]

    def snapshot(self, release: str) -> Snapshot:
        """All that a diagnosis of a release needs, read in one go; its Deployment is found by its labels."""
        found = self._items(f"{self._apps}/deployments", labelSelector=release_selector(release))
        if not found:
            return Snapshot(release, None)
        deployment = DeploymentState.from_json(found[0])
        newest, replica_set = self._newest_template(release, deployment.name)
        staying = [pod for pod in self.pods(release_selector(release)) if not pod.deleting and pod.template_hash]
        pods = tuple(pod for pod in staying if pod.template_hash == newest)
        old = tuple(pod for pod in staying if pod.template_hash != newest)
        names = [deployment.name, replica_set, *(pod.name for pod in staying)]
        events = () if deployment.is_rolled_out else tuple(self.events(filter(None, names)))
        return Snapshot(release, deployment, pods, events, self._failed_logs(pods), old)

    def _newest_template(self, release: str, deployment: str) -> tuple[str, str]:
        """The hash of the newest template of a Deployment, and its ReplicaSet's name; empty for none yet."""
        found: list[tuple[int, str, str]] = []
        for data in self._items(f"{self._apps}/replicasets", labelSelector=release_selector(release)):
            metadata = data["metadata"]
            if any(owner.get("name") == deployment for owner in metadata.get("ownerReferences") or ()):
                revision = int((metadata.get("annotations") or {}).get(_REVISION) or 0)
                found.append((revision, metadata["labels"].get("pod-template-hash", ""), metadata["name"]))
        return max(found)[1:] if found else ("", "")

    def _failed_logs(self, pods: Iterable[PodState]) -> dict[tuple[str, str], str]:
        """What the containers that failed have logged; a log that cannot be read is left out."""
        logs: dict[tuple[str, str], str] = {}
        for pod in pods:
            for container in (*pod.init_containers, *pod.containers):
                if container.failure is None:
                    continue
                # A container that was started again has its failure in the log before.
                previous = container.ended is None
                try:
                    text = self.log(pod.name, container.name, previous=previous)
                except ClusterError:
                    continue
                if text.strip():
                    logs[pod.name, container.name] = text
        return logs

    def _items(self, path: str, **parameters: str) -> list[dict[str, Any]]:
        return (self.connection.get(path, **parameters) or {}).get("items") or []
