"""A release as it was: which revision that is, and what it would become."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chartgen.errors import ReleaseNotFoundError
from chartgen.helm.options import WaitOptions
from chartgen.helm.release import ReleaseStatus
from chartgen.helm.version import DryRun
from chartgen.lifecycle.scaling import switch_warning
from chartgen.lifecycle.watching import after_an_unfinished_rollout, watched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chartgen.helm.release import Release, Revision
    from chartgen.lifecycle.target import Target

_WORKED = frozenset({ReleaseStatus.DEPLOYED, ReleaseStatus.SUPERSEDED})
# A rollback that fails makes helm call the revision before it superseded, also one that had failed; what was said of it
# then stays (performRollback in helm's pkg/action/rollback.go).
_FAILED = re.compile(r'(?:Upgrade|Release|Rollback) ".*" failed', re.DOTALL)


@dataclass(frozen=True)
class Earlier:
    """The revision to go back to where none is named.

    Attributes:
        revision: The newest revision before the last one that was deployed with success.
        passed_over: Those between it and the last one, the newest first.
    """

    revision: Revision
    passed_over: tuple[Revision, ...]

    def __str__(self) -> str:
        left = ", ".join(f"{each.revision} ({_outcome(each)})" for each in self.passed_over)
        chosen = f"revision {self.revision.revision} ({self.revision.chart})"
        return f"{chosen}, which passes over revision {left}" if left else chosen


def earlier(history: Sequence[Revision], release: str) -> Earlier:
    """The revision to go back to where none is named.

    Args:
        history: The revisions, the oldest first.
        release: The release's name.

    Raises:
        ReleaseNotFoundError: No revision before the last one was deployed with success.
    """
    passed_over: list[Revision] = []
    for each in reversed(history[:-1]):
        if _outcome(each) in _WORKED:
            return Earlier(each, tuple(passed_over))
        passed_over.append(each)
    tried = ", ".join(f"revision {each.revision} ({_outcome(each)})" for each in passed_over)
    raise ReleaseNotFoundError(
        f"release {release} has no earlier revision that was deployed with success" + (f": {tried}" if tried else ""),
        hint=f"`chartgen history {release}` lists what there is; `chartgen rollback {release} REVISION` takes any",
    )


def rollback(
    target: Target,
    release: str,
    revision: int | None = None,
    *,
    wait: WaitOptions | None = None,
    dry_run: DryRun = DryRun.NONE,
    force_conflicts: bool = False,
) -> Release:
    """Make a new revision that equals an old one.

    A rollback that switches autoscaling warns of what happens to the number of pods.

    Args:
        target: Where the release is.
        release: Its name.
        revision: The old revision; None for the newest before the last one that was deployed with success.
        wait: Whether and how long to wait for the pods.
        dry_run: How far to go without changing the cluster.
        force_conflicts: Take over fields that another program has set.

    Returns:
        The new revision; after a dry run, what it would have been.

    Raises:
        ReleaseNotFoundError: There is no such revision, or none to go back to.
        HelmError: Helm ended with an error; a timeout carries the cause.
    """
    newest = 0
    if revision is None or dry_run is not DryRun.NONE:
        history = target.helm.history(release)
        newest = history[-1].revision
        if revision is None:
            chosen = earlier(history, release)
            revision = chosen.revision.revision
            target.tell(f"Going back to {chosen}")
    if warning := _switch(target, release, revision):
        target.warn(warning)
    waiting = after_an_unfinished_rollout(target, release, wait or WaitOptions(), dry_run)
    with watched(target, release, waiting, dry_run):
        made = target.helm.rollback(release, revision, wait=waiting, dry_run=dry_run, force_conflicts=force_conflicts)
    return made if dry_run is DryRun.NONE else _planned(target, release, revision, newest + 1)


def has_worked(history: Sequence[Revision]) -> bool:
    """Whether any of these revisions was deployed with success."""
    return any(_outcome(each) in _WORKED for each in history)


def _outcome(revision: Revision) -> ReleaseStatus:
    return ReleaseStatus.FAILED if _FAILED.match(revision.description) else revision.status


def _planned(target: Target, release: str, revision: int, becomes: int) -> Release:
    """The revision that a rollback would make; helm's own dry run answers with the one that is there."""
    return dataclasses.replace(
        target.helm.status(release, revision),
        revision=becomes,
        status=ReleaseStatus.PENDING_ROLLBACK,
        last_deployed=None,
        description=f"Rollback to {revision}",
    )


def _switch(target: Target, release: str, revision: int) -> str | None:
    """The warning of a rollback that switches autoscaling."""
    before = target.helm.get_values(release, computed=True)
    try:
        after = target.helm.get_values(release, revision, computed=True)
    except ReleaseNotFoundError:
        return None  # helm says it of the rollback
    return switch_warning(target, release, before, after)
