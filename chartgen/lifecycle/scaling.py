"""Whether an upgrade or a rollback hands the number of pods from the chart to the autoscaler, or back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from chartgen.errors import ChartgenError, ReleaseNotFoundError
from chartgen.lifecycle.values_files import from_files, merged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chartgen.chart.render import RenderedChart
    from chartgen.lifecycle.target import ReleaseValues, Target

_TRUE = frozenset({"true", "yes", "on", "y"})


def upgrade_warning(
    target: Target,
    release: str,
    chart: RenderedChart,
    values: ReleaseValues,
    assigned: Mapping[str, Any],
    *,
    reset_values: bool,
) -> str | None:
    """What happens to the number of pods where an upgrade switches `autoscaling.enabled`.

    Args:
        target: Where the release is.
        release: Its name.
        chart: The chart that it is upgraded to.
        values: The values that it is upgraded with.
        assigned: What the assignments among them amount to.
        reset_values: Whether the values that were set before are forgotten.

    Returns:
        A sentence; None where nothing is switched, or there is no release yet.
    """
    try:
        before = target.helm.get_values(release, computed=True)
        kept = {} if reset_values else target.helm.get_values(release)
    except ReleaseNotFoundError:
        return None
    own = yaml.safe_load(chart.files["values.yaml"])
    after = merged(merged(merged(own, kept), from_files(values.files)), assigned)
    return switch_warning(target, release, before, after)


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
    running = _replicas_now(target, release)
    now = "" if running is None else f" from {running}"
    if is_on:
        minimum = after["autoscaling"].get("minReplicas") or 1
        return (
            f"this switches autoscaling on: the number of pods goes{now} to 1 until the autoscaler raises it to "
            f"autoscaling.minReplicas, {minimum}"
        )
    return f"this switches autoscaling off: the number of pods goes{now} to replicaCount, {after.get('replicaCount')}"


def _is_on(values: Mapping[str, Any]) -> bool:
    autoscaling = values.get("autoscaling")
    enabled = autoscaling.get("enabled") if isinstance(autoscaling, dict) else False
    return enabled.lower() in _TRUE if isinstance(enabled, str) else bool(enabled)


def _replicas_now(target: Target, release: str) -> int | None:
    try:
        with target.place.reader() as reader:
            deployment = reader.snapshot(release).deployment
    except ChartgenError:
        return None  # the warning is right without it
    return deployment.desired if deployment else None
