"""How releases and revisions are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chartgen.cli import output as out

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from chartgen.cluster.exposure import Autoscaler
    from chartgen.helm.release import Release, ReleaseSummary, Revision
    from chartgen.lifecycle.status import ServiceStatus


def show_change(done: str, release: Release, form: str, *, dry_run: bool, notes: bool = True) -> None:
    """Show what an operation made of a release.

    Args:
        done: What was done, as `installed`.
        release: The release afterwards.
        form: The form of the output.
        dry_run: Whether nothing was changed.
        notes: Whether the chart's notes are about this revision; after a rollback they are about the old one.
    """
    if form == "name":
        click.echo(release.name)
    elif form != "table":
        planned = {"manifest": release.manifest} if dry_run else {}
        out.data("Release", _release(release) | {"dryRun": dry_run} | planned, form)
    elif dry_run:
        click.echo(release.manifest, nl=False)
        what = f"revision {release.revision}, {release.chart.name} {release.chart.version}"
        out.say(f"{release.name} would be {done}: {what}; nothing was changed")
    else:
        out.say(f"{release.name} is {done}: revision {release.revision} in namespace {release.namespace}")
        if notes and release.notes and not out.is_quiet():
            click.echo(release.notes.rstrip())


def _release(release: Release) -> dict[str, Any]:
    return {
        "name": release.name,
        "namespace": release.namespace,
        "revision": release.revision,
        "status": str(release.status),
        "chart": release.chart.name,
        "version": release.chart.version,
        "appVersion": release.chart.app_version,
        "updated": _time(release.last_deployed),
        "description": release.description,
    }


def show_list(releases: Sequence[ReleaseSummary], form: str, *, headers: bool) -> None:
    """Show a list of releases.

    Args:
        releases: The releases.
        form: The form of the output.
        headers: Whether a table names its columns.
    """
    if form == "name":
        for release in releases:
            click.echo(release.name)
    elif form == "table":
        rows = [
            [
                each.name,
                each.namespace,
                str(each.revision),
                str(each.status),
                each.chart,
                each.app_version,
                _time(each.updated),
            ]
            for each in releases
        ]
        out.table(["name", "namespace", "revision", "status", "chart", "model", "updated"], rows, headers=headers)
    else:
        items = [
            {
                "name": each.name,
                "namespace": each.namespace,
                "revision": each.revision,
                "status": str(each.status),
                "chart": each.chart,
                "appVersion": each.app_version,
                "updated": _time(each.updated),
            }
            for each in releases
        ]
        out.data("ReleaseList", {"releases": items}, form)


def show_history(revisions: Sequence[Revision], form: str, *, headers: bool) -> None:
    """Show the revisions of a release, the oldest first.

    Args:
        revisions: The revisions.
        form: The form of the output.
        headers: Whether a table names its columns.
    """
    if form == "table":
        rows = [
            [str(each.revision), _time(each.updated), str(each.status), each.chart, each.app_version, each.description]
            for each in revisions
        ]
        out.table(["revision", "updated", "status", "chart", "model", "description"], rows, headers=headers)
        return
    items = [
        {
            "revision": each.revision,
            "updated": _time(each.updated),
            "status": str(each.status),
            "chart": each.chart,
            "appVersion": each.app_version,
            "description": each.description,
        }
        for each in revisions
    ]
    out.data("ReleaseHistory", {"revisions": items}, form)


def show_status(status: ServiceStatus, form: str) -> None:
    """Show how a release is.

    Args:
        status: How it is.
        form: The form of the output.
    """
    release = status.release
    if form != "table":
        content = _release(release) | {
            "state": str(status.state),
            "reason": status.reason,
            "hint": status.hint,
            "replicas": {"desired": status.desired, "ready": status.ready},
            "endpoint": status.endpoint,
            "urls": list(status.urls),
            "autoscaling": vars(status.autoscaler) if status.autoscaler else None,
        }
        out.data("ServiceStatus", content, form)
        return
    rows = [
        ("name", release.name),
        ("namespace", release.namespace),
        ("state", str(status.state)),
        ("reason", status.reason),
        ("next", status.hint),
        ("replicas", f"{status.ready} of {status.desired} ready"),
        ("autoscaling", _autoscaling(status.autoscaler)),
        ("endpoint", status.endpoint),
        *(("url", url) for url in status.urls),
        ("chart", f"{release.chart.name} {release.chart.version}"),
        ("model", release.chart.app_version),
        ("revision", f"{release.revision} ({release.status})"),
        ("updated", _time(status.updated)),
    ]
    out.pairs([(name, value) for name, value in rows if value])


def _autoscaling(autoscaler: Autoscaler | None) -> str:
    if autoscaler is None:
        return ""
    numbers = f"{autoscaler.current} now, {autoscaler.desired} wanted, {autoscaler.minimum} to {autoscaler.maximum}"
    return f"{numbers}; it cannot scale: {autoscaler.reason}" if autoscaler.reason else numbers


def _time(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""
