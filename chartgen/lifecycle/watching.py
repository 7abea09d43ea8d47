"""Tells what an operation waits for, and why it failed."""

from __future__ import annotations

import dataclasses
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chartgen.errors import ChartgenError, HelmError, HelmTimeoutError, MissingExtraError, RolledBackError
from chartgen.helm.version import DryRun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chartgen.cluster.diagnose import Diagnosis
    from chartgen.cluster.reader import ClusterReader
    from chartgen.helm.options import WaitOptions
    from chartgen.lifecycle.target import Target


# Longer than a pod's grace period by default.
_OLD_PODS_SECONDS = 45
_LOOK_EVERY_SECONDS = 0.5
_REFUSED_BY_THEN_SECONDS = 0.7
# On a cluster that cannot be read; helm may ask it longer before it refuses, and what is said then is wrong.
_BEGUN_BY_THEN_SECONDS = 5.0
_KEEP_PODS = "the pods that failed are gone with their logs; without --rollback-on-failure they stay"


@contextmanager
def watched(
    target: Target, release: str, waiting: WaitOptions, dry_run: DryRun, *, has_worked: bool = False
) -> Iterator[None]:
    """Tell what is being waited for, and put the cause of a failure into its error.

    Args:
        target: Where the release is.
        release: Its name.
        waiting: How the operation waits.
        dry_run: How far it goes; a dry run waits for nothing.
        has_worked: Whether there is a revision to go back to when it fails.
    """
    if dry_run is not DryRun.NONE:
        yield
        return
    stop = threading.Event()
    causes: list[Diagnosis] = []
    watcher = threading.Thread(target=_watch, args=(target, release, waiting, stop, causes), daemon=True)
    waits = waiting.wait or waiting.rollback_on_failure
    if waits:
        watcher.start()
    try:
        yield
        if waits:
            wait_for_the_pods_of_before(target, release)
    except (HelmTimeoutError, RolledBackError) as error:
        # After a rollback the pods that failed are gone: what was seen before is all there is.
        cause = _cause_now(target, release) if isinstance(error, HelmTimeoutError) else None
        final = next((each for each in reversed(causes) if each.is_final), None)
        cause = cause or final or next(reversed(causes), None)
        _explain(error, cause)
        if isinstance(error, HelmTimeoutError):
            error.hint = _ways(target, release, cause, has_worked=has_worked)
        raise
    finally:
        stop.set()
        if waits:
            watcher.join(timeout=5)


def after_an_unfinished_rollout(target: Target, release: str, waiting: WaitOptions, dry_run: DryRun) -> WaitOptions:
    """How to wait where a rollout of before has not ended: its verdict must not be taken for that on the next one.

    Kubernetes keeps the verdict (`ProgressDeadlineExceeded`) until the next rollout makes progress, which takes a pod
    that could not mount its volumes up to two minutes.

    Args:
        target: Where the release is.
        release: Its name.
        waiting: How it was asked to wait.
        dry_run: How far it goes; a dry run waits for nothing.
    """
    waits = waiting.wait or waiting.rollback_on_failure
    if not waits or dry_run is not DryRun.NONE or not target.helm.judges_rollouts:
        return waiting
    try:
        with target.place.reader() as reader:
            deployment = reader.snapshot(release).deployment
    except ChartgenError:
        return waiting  # helm tells what is wrong with the cluster
    if deployment is None or deployment.is_rolled_out:
        return waiting
    return dataclasses.replace(waiting, counts_pods=True)


def _watch(target: Target, release: str, waiting: WaitOptions, stop: threading.Event, causes: list[Diagnosis]) -> None:
    from chartgen.cluster.watch import progress

    lasting: set[str] = set()

    def noted(cause: Diagnosis) -> None:
        causes.append(cause)
        if cause.is_lasting and cause.cause not in lasting:
            lasting.add(cause.cause)
            target.tell(f"Waiting longer will hardly help, Ctrl-C ends it: time and again {cause}")

    try:
        with target.place.reader() as reader:
            if not _begins(reader, release, stop):
                return
            target.tell(f"Waiting up to {waiting.timeout} for the pods of {release} in namespace {target.namespace}")
            for line in progress(reader, release, stop, on_cause=noted):
                target.tell(f"  {line}")
    except MissingExtraError as error:
        target.tell(f"  (what the pods do is not shown: {error}; {error.hint})")
    except ChartgenError:
        return


def _begins(reader: ClusterReader, release: str, stop: threading.Event) -> bool:
    """Wait until there is something to wait for; what helm refuses, such as a missing namespace, never is."""
    begun = time.monotonic()
    while not stop.wait(_REFUSED_BY_THEN_SECONDS):
        try:
            if reader.snapshot(release).deployment is not None:
                return True
        except MissingExtraError:
            return True  # the first look tells it
        except ChartgenError:
            pass
        if time.monotonic() - begun > _BEGUN_BY_THEN_SECONDS:
            return True
    return False


def wait_for_the_pods_of_before(target: Target, release: str) -> None:
    """Wait until no pod of another revision is left, after an uninstall none at all.

    Until then a request may still be answered by the old model. Helm does not wait for pods, which it has not made.

    Args:
        target: Where the release is.
        release: Its name.
    """
    deadline = time.monotonic() + _OLD_PODS_SECONDS
    told = False
    try:
        with target.place.reader() as reader:
            while time.monotonic() < deadline and (old := reader.pods_of_before(release)):
                if not told:
                    target.tell(f"  waiting for the pods of before to end: {', '.join(old)}")
                    told = True
                time.sleep(_LOOK_EVERY_SECONDS)
    except ChartgenError:
        return  # the operation has worked; what cannot be read is no reason to call it failed


def _cause_now(target: Target, release: str) -> Diagnosis | None:
    from chartgen.cluster.diagnose import diagnose

    try:
        with target.place.reader() as reader:
            return diagnose(reader.snapshot(release))
    except ChartgenError:
        return None  # what helm said is all there is to say


def _explain(error: HelmError, cause: Diagnosis | None) -> None:
    """Put the cause into a failure's message: the pods know it, helm does not."""
    if cause is not None:
        error.message = f"{error.message}: {cause}"
        error.args = (error.message,)
        gone = isinstance(error, RolledBackError) and "`kubectl logs" in cause.hint
        error.hint = _KEEP_PODS if gone else cause.hint or error.hint


def _ways(target: Target, release: str, cause: Diagnosis | None, *, has_worked: bool) -> str:
    """What to do when the time is up: about the cause, to look on, and to go back."""
    where = f"{release} -n {target.namespace}"
    ways = (
        cause.hint if cause else "",
        "--timeout sets how long to wait" if cause is None or not cause.is_a_cause else "",
        f"`chartgen status {where}` shows what its pods are waiting for",
        f"`chartgen rollback {where}` goes back to what was before" if has_worked else "",
    )
    return "; ".join(filter(None, ways))
