"""How a release is, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from chartgen.errors import ForbiddenError
from chartgen.helm.release import ReleaseStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chartgen.cluster.diagnose import Diagnosis
    from chartgen.cluster.exposure import Autoscaler
    from chartgen.cluster.records import DeploymentState
    from chartgen.helm.release import Release
    from chartgen.lifecycle.target import Target


_T = TypeVar("_T")


class State(StrEnum):
    """How a service is, in one word."""

    RUNNING = "Running"
    PENDING = "Pending"
    FAILED = "Failed"


@dataclass(frozen=True)
class ServiceStatus:
    """How a release is.

    Attributes:
        release: What helm says of it.
        state: How it is, in one word.
        reason: Why, for anything but a service that is simply running.
        hint: What to do next; empty when nothing is to be done.
        desired: The number of pods that are wanted.
        ready: The number of pods that answer.
        endpoint: Where it answers inside the cluster; empty without a Service.
        urls: Where it answers from outside, by its Ingress.
        autoscaler: What sets the number of its pods; None for none.
    """

    release: Release
    state: State
    reason: str
    hint: str
    desired: int
    ready: int
    endpoint: str
    urls: tuple[str, ...] = ()
    autoscaler: Autoscaler | None = None

    @property
    def updated(self) -> datetime | None:
        """When the newest revision was made."""
        return self.release.last_deployed


def status(target: Target, name: str) -> ServiceStatus:
    """How a release is, and why.

    Args:
        target: Where the release is.
        name: Its name.

    Raises:
        ReleaseNotFoundError: There is no such release.
        MissingExtraError: The extra `[cluster]` is not installed.
    """
    from chartgen.cluster.diagnose import diagnose

    release = target.helm.status(name)
    with target.place.reader() as reader:
        snapshot = reader.snapshot(name)
        service = reader.service_of(name)
        urls = _if_allowed(lambda: reader.ingress_urls(name)) or ()
        autoscaler = _if_allowed(lambda: reader.autoscaler_of(name))
    state, reason, hint = _judge(release, snapshot.deployment, diagnose(snapshot))
    deployment = snapshot.deployment
    return ServiceStatus(
        release=release,
        state=state,
        reason=reason,
        hint=hint,
        desired=deployment.desired if deployment else 0,
        ready=deployment.ready if deployment else 0,
        endpoint=f"http://{service.name}.{target.namespace}.svc.cluster.local:{service.port}/predict"
        if service
        else "",
        urls=tuple(f"{url}/predict" for url in urls),
        autoscaler=autoscaler,
    )


def _if_allowed(read: Callable[[], _T | None]) -> _T | None:
    """What is read; None where this user may not read it: the rest of the status is true without it."""
    try:
        return read()
    except ForbiddenError:
        return None


def _judge(release: Release, deployment: DeploymentState | None, cause: Diagnosis | None) -> tuple[State, str, str]:
    """State, reason and hint: what the pods do comes before what helm remembers."""
    if release.status is ReleaseStatus.UNINSTALLED:
        return (
            State.FAILED,
            "it was uninstalled, its history is kept",
            "`chartgen rollback NAME REVISION` brings one back",
        )
    if cause is not None:
        # Pods of the revision before may answer while the newest one cannot.
        over = release.status is ReleaseStatus.FAILED or not (deployment and deployment.ready)
        final = cause.is_final and over
        return (State.FAILED if final else State.PENDING), str(cause), cause.hint
    if release.status is ReleaseStatus.FAILED:
        return State.RUNNING, f"the last operation failed: {release.description}", ""
    if release.status.is_pending:
        return (
            State.PENDING,
            f"an operation has not ended ({release.status})",
            "wait; if it was killed: `chartgen rollback`, or `chartgen uninstall` if it was the first",
        )
    return State.RUNNING, "", ""
