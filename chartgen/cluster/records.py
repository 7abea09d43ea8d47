"""What is read of the cluster, as records: only what a diagnosis or a progress line needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from chartgen.cluster.field_owners import scaled_by

Json = Mapping[str, Any]
# The init container that fills the volume of libraries, and the one that loads the model.
INSTALL_CONTAINER = "install-libraries"
MODEL_CONTAINER = "model"


@dataclass(frozen=True)
class Condition:
    """A condition of an object.

    Attributes:
        type: Its name, such as `Available`.
        status: Whether it holds; None for `Unknown`.
        reason: One word for why.
        message: A sentence for why.
    """

    type: str
    status: bool | None
    reason: str = ""
    message: str = ""

    @classmethod
    def from_json(cls, data: Json) -> Condition:
        """Read one element of `status.conditions`."""
        status = {"True": True, "False": False}.get(data.get("status", ""))
        return cls(data.get("type", ""), status, data.get("reason") or "", data.get("message") or "")


@dataclass(frozen=True)
class DeploymentState:
    """A Deployment.

    Attributes:
        name: Its name.
        desired: How many replicas it wants.
        total: How many pods it has, of whatever template.
        updated: How many pods are of its newest template.
        ready: How many pods are ready.
        available: How many have been ready for long enough.
        generation: The number of its newest specification.
        observed_generation: The number of the one that the controller has seen.
        conditions: Its conditions.
        scaled_by: The programs beside Helm that have set `desired`, where Helm applies on the API server's side: it
            neither changes nor takes away what others have set.
    """

    name: str
    desired: int
    total: int = 0
    updated: int = 0
    ready: int = 0
    available: int = 0
    generation: int = 0
    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()
    scaled_by: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Json) -> DeploymentState:
        """Read a Deployment."""
        status = data.get("status") or {}
        desired = (data.get("spec") or {}).get("replicas")
        return cls(
            name=data["metadata"]["name"],
            desired=1 if desired is None else desired,
            total=status.get("replicas") or 0,
            updated=status.get("updatedReplicas") or 0,
            ready=status.get("readyReplicas") or 0,
            available=status.get("availableReplicas") or 0,
            generation=data["metadata"].get("generation") or 0,
            observed_generation=status.get("observedGeneration") or 0,
            conditions=tuple(Condition.from_json(each) for each in status.get("conditions") or ()),
            scaled_by=scaled_by(data["metadata"].get("managedFields") or ()),
        )

    def condition(self, name: str) -> Condition | None:
        """The condition of that name, if it has been set."""
        return next((each for each in self.conditions if each.type == name), None)

    @property
    def is_rolled_out(self) -> bool:
        """Whether every replica is of the newest template and available, and none of another template is left.

        As `kubectl rollout status` sees it: an old pod that is available must not pass for the new one.
        """
        current = self.observed_generation >= self.generation
        return current and self.updated >= self.desired and self.total <= self.updated <= self.available


class Phase(StrEnum):
    """Where a container is."""

    WAITING = "waiting"
    RUNNING = "running"
    TERMINATED = "terminated"


@dataclass(frozen=True)
class Ending:
    """How a run of a container ended.

    Attributes:
        exit_code: Its exit status.
        reason: One word, such as `OOMKilled` or `Error`.
        message: What it wrote into its termination log.
    """

    exit_code: int
    reason: str = ""
    message: str = ""

    @classmethod
    def from_json(cls, data: Json | None) -> Ending | None:
        """Read a `terminated` state; None for none."""
        if not data:
            return None
        return cls(data.get("exitCode") or 0, data.get("reason") or "", (data.get("message") or "").strip())


@dataclass(frozen=True)
class ContainerState:
    """A container of a pod.

    Attributes:
        name: Its name.
        phase: Where it is.
        ready: Whether its readiness probe succeeds; for an init container, whether it is done.
        is_starting: Whether it runs for the first time, and its startup probe is still being tried.
        restarts: How often it was started again.
        reason: Why it waits, in one word.
        message: Why it waits, in a sentence.
        ended: How it ended, when it has.
        last_ended: How its run before this one ended.
    """

    name: str
    phase: Phase = Phase.WAITING
    ready: bool = False
    is_starting: bool = False
    restarts: int = 0
    reason: str = ""
    message: str = ""
    ended: Ending | None = None
    last_ended: Ending | None = None

    @classmethod
    def from_json(cls, data: Json) -> ContainerState:
        """Read one element of `containerStatuses` or `initContainerStatuses`."""
        state = data.get("state") or {}
        phase = next((each for each in Phase if each.value in state), Phase.WAITING)
        detail = state.get(phase.value) or {}
        return cls(
            name=data.get("name", ""),
            phase=phase,
            ready=bool(data.get("ready")),
            is_starting=phase is Phase.RUNNING and data.get("started") is False and not data.get("restartCount"),
            restarts=data.get("restartCount") or 0,
            reason=detail.get("reason") or "",
            message=detail.get("message") or "",
            ended=Ending.from_json(state.get("terminated")),
            last_ended=Ending.from_json((data.get("lastState") or {}).get("terminated")),
        )

    @property
    def has_run(self) -> bool:
        """Whether it runs, or has."""
        return self.phase is not Phase.WAITING or self.last_ended is not None

    @property
    def failure(self) -> Ending | None:
        """How it failed last, when it did and is not running well since."""
        if self.ended is not None:
            return self.ended if self.ended.exit_code else None
        return self.last_ended if self.last_ended and self.last_ended.exit_code and not self.ready else None


@dataclass(frozen=True)
class PodState:
    """A pod.

    Attributes:
        name: Its name.
        phase: Kubernetes' word: Pending, Running, Succeeded, Failed, Unknown.
        ready: Whether it gets traffic.
        template_hash: Which template of its Deployment it was made from; empty for a pod of something else.
        created: When it was made, as RFC 3339.
        deleting: Whether it is going away.
        reason: Why it is in its phase, in one word (`Evicted`).
        message: Why, in a sentence.
        init_containers: Its init containers, in the order in which they run.
        containers: Its containers.
        conditions: Its conditions.
    """

    name: str
    phase: str = "Pending"
    ready: bool = False
    template_hash: str = ""
    created: str = ""
    deleting: bool = False
    reason: str = ""
    message: str = ""
    init_containers: tuple[ContainerState, ...] = ()
    containers: tuple[ContainerState, ...] = ()
    conditions: tuple[Condition, ...] = ()

    @classmethod
    def from_json(cls, data: Json) -> PodState:
        """Read a Pod."""
        metadata, status = data["metadata"], data.get("status") or {}
        conditions = tuple(Condition.from_json(each) for each in status.get("conditions") or ())
        return cls(
            name=metadata["name"],
            phase=status.get("phase") or "Unknown",
            ready=any(each.type == "Ready" and each.status for each in conditions),
            template_hash=(metadata.get("labels") or {}).get("pod-template-hash", ""),
            created=metadata.get("creationTimestamp") or "",
            deleting="deletionTimestamp" in metadata,
            reason=status.get("reason") or "",
            message=status.get("message") or "",
            init_containers=tuple(map(ContainerState.from_json, status.get("initContainerStatuses") or ())),
            containers=tuple(map(ContainerState.from_json, status.get("containerStatuses") or ())),
            conditions=conditions,
        )

    @property
    def restarts(self) -> int:
        """How often its containers were started again, together."""
        return sum(each.restarts for each in (*self.init_containers, *self.containers))


@dataclass(frozen=True)
class Event:
    """An event of an object.

    Attributes:
        kind: The kind of the object.
        name: Its name.
        type: `Normal` or `Warning`.
        reason: One word.
        message: A sentence.
        last_seen: When it was seen last, as RFC 3339.
    """

    kind: str
    name: str
    type: str
    reason: str
    message: str
    last_seen: str = ""

    @classmethod
    def from_json(cls, data: Json) -> Event:
        """Read an Event of the core API."""
        about = data.get("involvedObject") or {}
        series = data.get("series") or {}
        last = series.get("lastObservedTime") or data.get("lastTimestamp") or data.get("eventTime")
        return cls(
            kind=about.get("kind") or "",
            name=about.get("name") or "",
            type=data.get("type") or "",
            reason=data.get("reason") or "",
            message=(data.get("message") or "").strip(),
            last_seen=last or data.get("metadata", {}).get("creationTimestamp") or "",
        )


@dataclass(frozen=True)
class Snapshot:
    """All that is known of a release's Deployment at one moment.

    Attributes:
        name: The name of the release, and of its Deployment.
        deployment: The Deployment; None when there is none.
        pods: The pods of its newest template, the oldest first.
        events: The events of it, its ReplicaSets and these pods, the oldest first.
        logs: The last log lines of containers that failed, by pod and container.
        old_pods: The pods of other templates, the oldest first.
    """

    name: str
    deployment: DeploymentState | None
    pods: tuple[PodState, ...] = ()
    events: tuple[Event, ...] = ()
    logs: Mapping[tuple[str, str], str] = field(default_factory=dict)
    old_pods: tuple[PodState, ...] = ()
