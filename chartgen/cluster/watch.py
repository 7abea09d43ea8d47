"""Says what is being waited for while `helm --wait` is silent."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from chartgen.cluster.diagnose import describe, diagnose
from chartgen.errors import ChartgenError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Event

    from chartgen.cluster.diagnose import Diagnosis
    from chartgen.cluster.reader import ClusterReader
    from chartgen.cluster.records import Snapshot

_LOOK_EVERY_SECONDS = 1.0


def progress(
    reader: ClusterReader,
    release: str,
    stop: Event,
    *,
    every: float = _LOOK_EVERY_SECONDS,
    on_cause: Callable[[Diagnosis], None] | None = None,
) -> Iterator[str]:
    """Tell what changes on the way to a rollout.

    Meant for a thread beside the one that runs helm, with a reader of its own. A cluster that cannot be read is no
    reason to fail: helm tells, and the next look may do better.

    Args:
        reader: Reads the release's namespace.
        release: The release, which is also its Deployment's name.
        stop: Ends it.
        every: Seconds between two looks.
        on_cause: Is told why the release does not become ready, each time that is seen.

    Yields:
        A line for each thing that has changed since the last look.

    Raises:
        MissingExtraError: The extra `[cluster]` is not installed.
    """
    said: dict[str, str] = {}
    while not stop.is_set():
        started = time.monotonic()
        try:
            snapshot = reader.snapshot(release)
        except MissingExtraError:
            raise
        except ChartgenError:
            snapshot = None
        for topic, line in _lines(snapshot, on_cause) if snapshot else ():
            if said.get(topic) != line:
                said[topic] = line
                yield line
        stop.wait(max(0.0, every - (time.monotonic() - started)))


def _lines(snapshot: Snapshot, on_cause: Callable[[Diagnosis], None] | None) -> Iterator[tuple[str, str]]:
    """What there is to say of a moment, each with the topic it replaces."""
    deployment = snapshot.deployment
    if deployment is None:
        return
    for pod in snapshot.pods:
        yield pod.name, f"pod {pod.name}: {describe(pod)}"
    diagnosis = diagnose(snapshot)
    if diagnosis is not None and diagnosis.is_a_cause:
        if on_cause is not None:
            on_cause(diagnosis)
        yield "cause", str(diagnosis)
    ready = sum(pod.ready for pod in snapshot.pods)
    replicas = "replica" if deployment.desired == 1 else "replicas"
    yield "replicas", f"{ready} of {deployment.desired} {replicas} ready"
