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
    from chartgen.helm.options import WaitOptions
    from chartgen.lifecycle.target import Target


# Longer than a pod's grace period by default.
_OLD_PODS_SECONDS = 45
_LOOK_EVERY_SECONDS = 0.5
_REFUSED_BY_THEN_SECONDS = 0.7


@contextmanager
def watched(target: Target, release: str, waiting: WaitOptions, dry_run: DryRun) -> Iterator[None]:
    """Tell what is being waited for, and put the cause of a failure into its error."""
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
        _explain(error, cause or final or next(reversed(causes), None))
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

    # What helm refuses at once is not waited for.
    if stop.wait(_REFUSED_BY_THEN_SECONDS):
        return
    target.tell(f"Waiting up to {waiting.timeout} for the pods of {release} in namespace {target.namespace}")
    try:
        with target.place.reader() as reader:
            for line in progress(reader, release, stop, on_cause=causes.append):
                target.tell(f"  {line}")
    except MissingExtraError as error:
        target.tell(f"  (what the pods do is not shown: {error}; {error.hint})")
    except ChartgenError:
        return


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
        error.hint = cause.hint or error.hint
