"""What a release goes through: template, install, upgrade, uninstall."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from chartgen.chart.archive import write_archive
from chartgen.chart.render import DIGEST_ANNOTATION
from chartgen.errors import ReleaseNotFoundError, VersionExistsError
from chartgen.helm.options import KeptValues, WaitOptions
from chartgen.helm.release import Release, ReleaseStatus
from chartgen.helm.version import DryRun
from chartgen.lifecycle.assignments import assigned
from chartgen.lifecycle.kept import blaming_kept, in_force, kept_values
from chartgen.lifecycle.origins import blaming_givers
from chartgen.lifecycle.rollback import has_worked
from chartgen.lifecycle.scaling import upgrade_warning
from chartgen.lifecycle.target import ReleaseValues, Target
from chartgen.lifecycle.values_files import from_files, merged
from chartgen.lifecycle.watching import after_an_unfinished_rollout, wait_for_the_pods_of_before, watched

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chartgen.chart.render import RenderedChart
    from chartgen.helm.release import Revision

_CHART_VALUES = ReleaseValues()


def template(
    target: Target,
    chart: RenderedChart,
    release: str,
    values: ReleaseValues = _CHART_VALUES,
    *,
    include_tests: bool = False,
    kube_version: str | None = None,
) -> str:
    """The manifests of a chart, as helm renders them; the cluster is not asked.

    Args:
        target: Where it would go.
        chart: The chart.
        release: The release's name.
        values: Values over the chart's own.
        include_tests: Whether the pods of `helm test` are among them.
        kube_version: The Kubernetes version to render for.

    Raises:
        HelmError: Helm refuses the chart or the values.
    """
    with _packed(chart) as archive, blaming_givers(values):
        return target.helm.template(
            release, archive, values.files, assigned(values), include_tests=include_tests, kube_version=kube_version
        )


def install(
    target: Target,
    chart: RenderedChart,
    release: str,
    values: ReleaseValues = _CHART_VALUES,
    *,
    wait: WaitOptions | None = None,
    dry_run: DryRun = DryRun.NONE,
    create_namespace: bool = False,
) -> Release:
    """Install a chart as a new release.

    Args:
        target: Where it goes.
        chart: The chart.
        release: The release's name.
        values: Values over the chart's own.
        wait: Whether and how long to wait for the pods.
        dry_run: How far to go without changing the cluster.
        create_namespace: Make the namespace if it is missing.

    Raises:
        VersionExistsError: The release's history holds this chart version with other content.
        HelmError: Helm ended with an error; a timeout carries the cause.
    """
    waiting = wait or WaitOptions()
    history = _history(target, release)
    if not history or history[-1].status is ReleaseStatus.UNINSTALLED:  # else helm says that the release exists
        _refuse_republished(target, chart, release, history)
    with _packed(chart) as archive, blaming_givers(values), watched(target, release, waiting, dry_run):
        return target.helm.install(
            release,
            archive,
            values_files=values.files,
            values=assigned(values),
            wait=waiting,
            dry_run=dry_run,
            create_namespace=create_namespace,
        )


def upgrade(
    target: Target,
    chart: RenderedChart,
    release: str,
    values: ReleaseValues = _CHART_VALUES,
    *,
    install: bool = False,
    reset_values: bool = False,
    force_conflicts: bool = False,
    wait: WaitOptions | None = None,
    dry_run: DryRun = DryRun.NONE,
    create_namespace: bool = False,
) -> Release:
    """Bring a release to another chart or other values.

    Values that were set on the release before stay set, over the new chart's own, until they are set anew or reset; it
    is told which. An upgrade that switches autoscaling warns of what happens to the number of pods.

    Args:
        target: Where it is.
        chart: The chart.
        release: The release's name.
        values: Values over the chart's own.
        install: Install it when there is none.
        reset_values: Forget the values that were set before.
        force_conflicts: Take over fields that another program has set.
        wait: Whether and how long to wait for the pods.
        dry_run: How far to go without changing the cluster.
        create_namespace: With `install`: make the namespace if it is missing.

    Raises:
        VersionExistsError: The release's history holds this chart version with other content.
        HelmError: Helm ended with an error; a timeout carries the cause.
    """
    settings = assigned(values)
    history = _history(target, release)
    _refuse_republished(target, chart, release, history)
    kept = {} if reset_values else kept_values(target, release, history)
    anew = merged(from_files(values.files), settings)
    if history and (warning := upgrade_warning(target, release, chart, kept, anew)):
        target.warn(warning)
    waiting = after_an_unfinished_rollout(target, release, wait or WaitOptions(), dry_run)
    blaming = blaming_kept(target, in_force(kept, anew))
    watching = watched(target, release, waiting, dry_run, has_worked=has_worked(history))
    with _packed(chart) as archive, blaming, blaming_givers(values), watching:
        return target.helm.upgrade(
            release,
            archive,
            install=install,
            values_files=values.files,
            values=settings,
            kept_values=KeptValues.RESET if reset_values else KeptValues.RESET_THEN_REUSE,
            force_conflicts=force_conflicts,
            wait=waiting,
            dry_run=dry_run,
            create_namespace=create_namespace,
        )


def uninstall(target: Target, release: str, *, wait: WaitOptions | None = None, dry_run: bool = False) -> str:
    """Remove a release and all that it made.

    Args:
        target: Where the release is.
        release: Its name.
        wait: Whether and how long to wait until everything is gone.
        dry_run: Only say what would be done.

    Returns:
        What helm says, which names what stays.

    Raises:
        HelmError: Helm ended with an error.
    """
    waiting = wait or WaitOptions()
    said = target.helm.uninstall(release, wait=waiting, dry_run=dry_run)
    if waiting.wait and not dry_run:
        wait_for_the_pods_of_before(target, release)
    return said


def holds(target: Target, release: str, chart: RenderedChart) -> bool:
    """Whether the history of a release holds a chart, version and content.

    Args:
        target: Where the release is.
        release: Its name.
        chart: The chart.

    Raises:
        HelmError: Helm cannot say.
    """
    return any(
        target.helm.get_metadata(release, revision.revision).annotations.get(DIGEST_ANNOTATION) == chart.digest
        for revision in reversed(_history(target, release))
        if revision.chart == f"{chart.name}-{chart.version}"
    )


@contextmanager
def _packed(chart: RenderedChart) -> Iterator[Path]:
    """The chart as an archive that exists for a moment."""
    with tempfile.TemporaryDirectory(prefix="chartgen-") as folder:
        yield write_archive(chart, Path(folder))


def _history(target: Target, release: str) -> Sequence[Revision]:
    """The revisions of a release, the oldest first; none where there is no release."""
    try:
        return target.helm.history(release)
    except ReleaseNotFoundError:
        return ()


def _refuse_republished(target: Target, chart: RenderedChart, release: str, history: Sequence[Revision]) -> None:
    """Raise where this chart version was deployed before with other content: a version never changes."""
    for revision in reversed(history):
        if revision.chart != f"{chart.name}-{chart.version}":
            continue
        deployed = target.helm.get_metadata(release, revision.revision).annotations.get(DIGEST_ANNOTATION)
        if deployed and deployed != chart.digest:
            raise VersionExistsError(
                f"revision {revision.revision} has version {chart.version} of the chart with other content",
                where=f"release {release} in namespace {target.namespace}",
                expected=f"digest {deployed[:12]}…, this one has {chart.digest[:12]}…",
                hint="give the service file a new `version`, so that a rollback knows which is which",
            )
        return
