"""Whether an upgrade or a rollback hands the number of pods from the chart to the autoscaler, or back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from chartgen.errors import ChartgenError, ReleaseNotFoundError
from chartgen.lifecycle.values_files import merged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chartgen.chart.render import RenderedChart
    from chartgen.cluster.records import DeploymentState
    from chartgen.lifecycle.target import Target

_TRUE = frozenset({"true", "yes", "on", "y"})


def upgrade_warning(
    target: Target, release: str, chart: RenderedChart, kept: Mapping[str, Any], anew: Mapping[str, Any]
) -> str | None:
    """What happens to the number of pods where an upgrade switches `autoscaling.enabled`.

    Args:
        target: Where the release is.
        release: Its name.
        chart: The chart that it is upgraded to.
        kept: The values that were set before, and stay.
        anew: The values that the upgrade sets.

    Returns:
        A sentence; None where nothing is switched, or there is no release yet.
    """
    try:
        before = target.helm.get_values(release, computed=True)
    except ReleaseNotFoundError:
        return None
    own = yaml.safe_load(chart.files["values.yaml"])
    return switch_warning(target, release, before, merged(merged(own, kept), anew))


def switch_warning(target: Target, release: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """What happens to the number of pods where `autoscaling.enabled` changes.

    Args:
        target: Where the release is.
        release: Its name.
        before: All values of the release as it is.
        after: All values of what it becomes.

    Returns:
        A sentence; None where nothing is switched.
    """
    was_on, is_on = _is_on(before), _is_on(after)
    if was_on == is_on:
        return None
    deployment = _deployment(target, release)
    running = deployment.desired if deployment else None
    holders = " and ".join(deployment.scaled_by) if deployment else ""
    if is_on:
        return _switched_on(running, after["autoscaling"].get("minReplicas") or 1, holders)
    return _switched_off(running, after.get("replicaCount"), holders)


def _switched_on(running: int | None, minimum: int, holders: str) -> str | None:
    if holders:
        return (
            f"this switches autoscaling on: {holders} has set the number of pods, so it stays {running} until the "
            "autoscaler changes it"
        )
    if running == minimum == 1:
        return None
    return (
        f"this switches autoscaling on: the number of pods {_goes(running, 1)}1 until the autoscaler raises it to "
        f"autoscaling.minReplicas, {minimum}"
    )


def _switched_off(running: int | None, wanted: object, holders: str) -> str:
    said = f"this switches autoscaling off: the number of pods {_goes(running, wanted)}replicaCount, {wanted}"
    return f"{said}; {holders} has set it, which Helm 4 only takes over with --force-conflicts" if holders else said


def _goes(running: int | None, wanted: object) -> str:
    if running is None:
        return "goes to "
    return "stays " if running == wanted else f"goes from {running} to "


def _is_on(values: Mapping[str, Any]) -> bool:
    autoscaling = values.get("autoscaling")
    enabled = autoscaling.get("enabled") if isinstance(autoscaling, dict) else False
    return enabled.lower() in _TRUE if isinstance(enabled, str) else bool(enabled)


def _deployment(target: Target, release: str) -> DeploymentState | None:
    try:
        with target.place.reader() as reader:
            return reader.snapshot(release).deployment
    except ChartgenError:
        return None  # the warning is right without it
