"""Why a release is not ready: the one cause, in the user's words, with the next step. Pure: records in, a cause out."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chartgen.cluster.install_log import install_failure
from chartgen.cluster.lasting import cannot_be_pulled, ends_again
from chartgen.cluster.records import INSTALL_CONTAINER, MODEL_CONTAINER, Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chartgen.cluster.records import ContainerState, PodState, Snapshot


@dataclass(frozen=True)
class Diagnosis:
    """The cause for which a release is not ready.

    Attributes:
        cause: A word that stays the same between versions, such as `image-pull`, to be told apart by programs.
        message: The cause in a sentence.
        where: The object it was seen at, such as `pod iris-6d4-x2z, container model`.
        hint: What to do next.
        is_final: Whether waiting longer cannot help.
        is_lasting: Whether it has shown so: it has come back each time that it was tried again.
    """

    cause: str
    message: str
    where: str = ""
    hint: str = ""
    is_final: bool = False
    is_lasting: bool = False

    @property
    def is_a_cause(self) -> bool:
        """Whether something is wrong, and not only under way."""
        return self.cause not in _UNDER_WAY

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


_UNDER_WAY = frozenset({"starting", "not-ready"})
# What a container waits for that will not come by itself: the kubelet's word, ours, what to do.
_WAITING = {
    "ImagePullBackOff": ("image-pull", "the image cannot be pulled", "see `image` in the values, and pull secrets"),
    "ErrImagePull": ("image-pull", "the image cannot be pulled", "see `image` in the values, and pull secrets"),
    "ErrImageNeverPull": (
        "image-pull",
        "the image is not on the node, and may not be pulled",
        "see `image.pullPolicy`",
    ),
    "InvalidImageName": ("image-pull", "the image's name is not valid", "see `image` in the values"),
    "CreateContainerConfigError": ("config", "the container's settings are not there", "make what is missing"),
    "CreateContainerError": ("start", "the container cannot be made", ""),
    "RunContainerError": ("start", "the container cannot be started", ""),
}
# Why the API server refuses the pods: a pattern over its sentence, our word, our sentence, what to do.
_REFUSED = (
    (r"exceeded quota: (.*)", "quota", "the namespace's quota does not allow more pods", "`kubectl describe quota`"),
    (
        r"violates PodSecurity \"?([^:]*:.*)",
        "pod-security",
        "the namespace's Pod Security level refuses the pods",
        "`chartgen template` shows what is sent",
    ),
    (r"serviceaccount \"?[\w-]+\"? not found", "service-account", "the pods' service account is missing", ""),
    (r"is forbidden: (.*)", "refused", "the API server refuses the pods", "`chartgen template` shows what is sent"),
)
_SCHEDULING_HINTS = (
    (
        r"insufficient nvidia\.com/",
        "every GPU is taken, or no node offers one (`kubectl describe nodes`, below Allocatable): free one, or add a "
        "node with NVIDIA's device plugin; an upgrade can do with the GPU of an old pod: "
        "`--set-values rollingUpdate.maxSurge=0,rollingUpdate.maxUnavailable=1`",
    ),
    (r"insufficient (cpu|memory|ephemeral-storage)", "ask for less in `resources`, or add nodes"),
    (r"node affinity|node selector|node\(s\) didn't match", "no node has the labels that `nodeSelector` asks for"),
    (r"taint", "the nodes have taints; add `tolerations`"),
    (r"persistentvolumeclaim", "the volume claim is missing or not bound: `kubectl get pvc`"),
)
_OUT_OF_MEMORY = "OOMKilled"
_MOUNT_HINT = "make what is missing; a mount is tried again within about two minutes"


def diagnose(snapshot: Snapshot) -> Diagnosis | None:
    """The cause for which a release is not ready.

    Args:
        snapshot: What was read of it (`ClusterReader.snapshot`).

    Returns:
        The cause that explains most: what will not mend itself goes first. None when nothing is wrong.
    """
    if snapshot.deployment is None:
        return Diagnosis("missing", f"there is no Deployment {snapshot.name}", is_final=True)
    if snapshot.deployment.is_rolled_out:
        return None
    found = [each for look in _LOOKS for each in look(snapshot)]
    final = (each for each in found if each.is_final)
    cause = next(final, found[0] if found else None)
    return _with_old_pods(cause, snapshot) if cause else None


def _with_old_pods(cause: Diagnosis, snapshot: Snapshot) -> Diagnosis:
    """The cause, and why a pod of the revision before does not serve in the meantime."""
    for pod in snapshot.old_pods:
        text = _mount_failure(snapshot, pod)
        if text:
            message = f"{cause.message}; pod {pod.name} of a revision before cannot start either: {text}"
            way_back = f"`chartgen rollback {snapshot.name}` or another upgrade brings its volumes back"
            hint = f"{cause.hint}; {way_back}" if cause.hint else way_back
            return dataclasses.replace(cause, message=message, hint=hint)
    return cause


def _refused(snapshot: Snapshot) -> Iterator[Diagnosis]:
    """The pods are not even made."""
    condition = snapshot.deployment.condition("ReplicaFailure") if snapshot.deployment else None
    text = condition.message if condition and condition.status else ""
    if not text and not snapshot.pods:
        text = _last_event(snapshot, "FailedCreate")
    if not text:
        return
    for pattern, cause, message, hint in _REFUSED:
        match = re.search(pattern, text, re.IGNORECASE | re.DOTALL)
        if match:
            detail = match[1] if match.groups() else text
            yield Diagnosis(cause, f"{message}: {detail}", f"deployment {snapshot.name}", hint, is_final=True)
            return
    yield Diagnosis("refused", f"the pods cannot be made: {text}", f"deployment {snapshot.name}", is_final=True)


def _failed(snapshot: Snapshot) -> Iterator[Diagnosis]:
    """A container ended with an error."""
    for pod, container in _containers(snapshot):
        failure = container.failure
        if failure is None:
            continue
        where = f"pod {pod.name}, container {container.name}"
        log = snapshot.logs.get((pod.name, container.name), "")
        lasting = ends_again(container, failure)
        if failure.reason == _OUT_OF_MEMORY:
            hint = "give it more with `memory` in the service file"
            cause, message = "out-of-memory", "it used more memory than its limit"
        elif container.name == INSTALL_CONTAINER:
            why, hint = install_failure(log or failure.message)
            cause, message = "install", f"the libraries cannot be installed: {why}"
        else:
            reason = failure.message or _last_line(log) or f"exit status {failure.exit_code}"
            hint = f"`kubectl logs {pod.name} -c {container.name} --previous` has the whole log"
            cause, message = "crash", f"it ends with an error: {reason}"
        yield Diagnosis(cause, message, where, hint, is_final=True, is_lasting=lasting)


def _waiting(snapshot: Snapshot) -> Iterator[Diagnosis]:
    """A container waits for something that does not come."""
    for pod, container in _containers(snapshot):
        if container.phase is Phase.WAITING and container.reason in _WAITING:
            cause, message, hint = _WAITING[container.reason]
            where = f"pod {pod.name}, container {container.name}"
            detail = (_pull_error(snapshot, pod) if cause == "image-pull" else "") or container.message
            lasting = cannot_be_pulled(container.reason, detail)
            yield Diagnosis(cause, f"{message}: {detail}", where, hint, is_final=True, is_lasting=lasting)


def _unscheduled(snapshot: Snapshot) -> Iterator[Diagnosis]:
    """No node takes the pod."""
    for pod in snapshot.pods:
        for condition in pod.conditions:
            if condition.type == "PodScheduled" and condition.status is False:
                hints = (hint for pattern, hint in _SCHEDULING_HINTS if re.search(pattern, condition.message, re.I))
                message = f"no node takes it: {condition.message or condition.reason}"
                yield Diagnosis("unschedulable", message, f"pod {pod.name}", next(hints, ""))


def _lost(snapshot: Snapshot) -> Iterator[Diagnosis]:
    """The pod as a whole has failed."""
    for pod in snapshot.pods:
        if pod.phase == "Failed" and pod.reason:
            yield Diagnosis("pod-failed", f"{pod.reason}: {pod.message}", f"pod {pod.name}")


def _unmounted(snapshot: Snapshot) -> Iterator[Diagnosis]:
    """A volume cannot be mounted."""
    for pod in snapshot.pods:
        if text := _mount_failure(snapshot, pod):
            yield Diagnosis("mount", f"a volume cannot be mounted: {text}", f"pod {pod.name}", _MOUNT_HINT)


def _mount_failure(snapshot: Snapshot, pod: PodState) -> str:
    """Why the volumes of a pod cannot be mounted; empty when they are: a container that has run once had them."""
    has_run = any(each.has_run for each in (*pod.init_containers, *pod.containers))
    return "" if has_run else _last_event(snapshot, "FailedMount", pod.name)


def _unready(snapshot: Snapshot) -> Iterator[Diagnosis]:
    """It runs and is not ready: its probes say no."""
    for pod in snapshot.pods:
        if pod.ready:
            continue
        for container in pod.containers:
            if container.phase is Phase.RUNNING and not container.ready:
                # Kubernetes calls it unhealthy all the while that its startup probe is tried, as it should be.
                text = describe(pod) if container.is_starting else _last_event(snapshot, "Unhealthy", pod.name)
                where = f"pod {pod.name}, container {container.name}"
                hint = f"`kubectl logs {pod.name} -c {container.name}` says what it is doing"
                yield Diagnosis("not-ready", text or "it runs and is not ready yet", where, hint)


def _under_way(snapshot: Snapshot) -> Iterator[Diagnosis]:
    """Nothing is wrong; it has not got there."""
    for pod in snapshot.pods:
        if not pod.ready:
            yield Diagnosis("starting", describe(pod), f"pod {pod.name}", "give it time")
    if not snapshot.pods:
        yield Diagnosis("starting", "its pods are not made yet", f"deployment {snapshot.name}", "wait a moment")


_LOOKS: tuple[Callable[[Snapshot], Iterator[Diagnosis]], ...] = (
    _refused,
    _waiting,
    _failed,
    _lost,
    _unscheduled,
    _unmounted,
    _unready,
    _under_way,
)


def describe(pod: PodState) -> str:
    """What a pod is doing, in a few words."""
    if pod.ready:
        return "ready"
    if any(each.type == "PodScheduled" and each.status is False for each in pod.conditions):
        return "waiting for a node"
    for container in pod.init_containers:
        if container.ended is None or container.ended.exit_code:
            return _doing(container, "installing libraries" if container.name == INSTALL_CONTAINER else "preparing")
    for container in pod.containers:
        if container.phase is Phase.RUNNING and not container.ready:
            is_loading = container.is_starting and container.name == MODEL_CONTAINER
            return "loading the model" if is_loading else "running, not ready yet"
        if not container.ready:
            return _doing(container, "starting")
    return "starting"


def _doing(container: ContainerState, running: str) -> str:
    label = f"container {container.name}"
    if container.phase is Phase.RUNNING:
        return f"{running} ({label})"
    if container.reason in _WAITING:
        return f"{_WAITING[container.reason][1]} ({label})"
    if container.failure:
        return f"failed, and is started again ({label})"
    return f"starting ({label})"


def _containers(snapshot: Snapshot) -> Iterator[tuple[PodState, ContainerState]]:
    for pod in snapshot.pods:
        for container in (*pod.init_containers, *pod.containers):
            yield pod, container


def _last_event(snapshot: Snapshot, reason: str, name: str | None = None) -> str:
    """The message of the newest event of that reason, of one object or of all."""
    found = (
        event.message
        for event in reversed(snapshot.events)
        if event.reason == reason and (name is None or event.name == name)
    )
    return next(found, "")


def _pull_error(snapshot: Snapshot, pod: PodState) -> str:
    """Why the image cannot be pulled: the event has the registry's words, the container only a `Back-off`."""
    failed = [event.message for event in snapshot.events if event.reason == "Failed" and event.name == pod.name]
    return next((text for text in reversed(failed) if "Failed to pull" in text), "")


def _last_line(log: str) -> str:
    return next((line.strip() for line in reversed(log.splitlines()) if line.strip()), "")
