"""Helm's verbs as methods: typed options in, records out, one typed error for each way to fail."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chartgen.errors import HookFailedError
from chartgen.helm.failures import error_of, lint_error
from chartgen.helm.options import KeptValues, WaitOptions, values_arguments, values_document, wait_arguments
from chartgen.helm.queries import ReleaseQueries
from chartgen.helm.release import Release
from chartgen.helm.version import DryRun

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from chartgen.helm.options import Values
    from chartgen.helm.runner import Completed

# Of a release without tests; helm then ends with 0, as if all had passed (pkg/cmd/status.go).
NO_TEST = re.compile(r"^TEST SUITE:\s+None$", re.MULTILINE)


class HelmClient(ReleaseQueries):
    """Drives one helm program, for one cluster and namespace; made with the arguments of `HelmCommand`.

    Every verb raises a `HelmError` of the class that fits, as `failures` tells them apart, and `HelmVersionError` when
    the program is not a helm that chartgen can drive.
    """

    # Charts: no cluster.

    def lint(
        self, chart: Path, *, strict: bool = True, values_files: Sequence[Path] = (), values: Values | None = None
    ) -> str:
        """Check a chart.

        Args:
            chart: The chart's folder or archive.
            strict: Whether a warning fails it.
            values_files: Values over the chart's own.
            values: Values over those; helm reads them from its standard input.

        Returns:
            Helm's report.

        Raises:
            InvalidManifestError: Something is wrong; the error names each finding.
        """
        arguments = [str(chart.absolute()), *(["--strict"] if strict else [])]
        arguments += values_arguments(values_files, values)
        done = self._run("lint", *arguments, stdin=values_document(values))
        if done.returncode:
            raise lint_error(done, chart)
        return done.stdout

    def template(
        self,
        release: str,
        chart: Path,
        values_files: Sequence[Path] = (),
        values: Values | None = None,
        *,
        include_tests: bool = False,
        kube_version: str | None = None,
        against_cluster: bool = False,
    ) -> str:
        """Render a chart's manifests.

        Args:
            release: The name that the release would have.
            chart: The chart's folder or archive.
            values_files: Values over the chart's own.
            values: Values over those; helm reads them from its standard input.
            include_tests: Whether test hooks are rendered too; `kubectl apply` would run them.
            kube_version: The Kubernetes version to render for.
            against_cluster: Let the API server check the result.

        Returns:
            A stream of YAML documents.
        """
        arguments = ["--namespace", self.namespace or "default", *values_arguments(values_files, values)]
        arguments += [] if include_tests else ["--skip-tests"]
        arguments += ["--kube-version", kube_version] if kube_version else []
        if against_cluster:
            arguments += [*self._connection, self._dialect.template_against_cluster]
        words = [*arguments, "--", release, str(chart.absolute())]
        return self._checked("template", *words, stdin=values_document(values)).stdout

    # Changes of a release.

    def install(
        self,
        name: str,
        chart: Path,
        *,
        values_files: Sequence[Path] = (),
        values: Values | None = None,
        wait: WaitOptions | None = None,
        dry_run: DryRun = DryRun.NONE,
        create_namespace: bool = False,
        description: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Release:
        """Install a chart as a new release.

        Args:
            name: The release's name.
            chart: The chart's folder or archive.
            values_files: Values over the chart's own.
            values: Values over those; helm reads them from its standard input.
            wait: Whether and how long to wait; by default until ready, 5 minutes.
            dry_run: How far to go without changing the cluster.
            create_namespace: Make the namespace if it is missing.
            description: A sentence for the history.
            labels: Labels of the release's own record.

        Returns:
            The release; after a dry run, what it would have been.
        """
        arguments = ["--create-namespace"] if create_namespace else []
        arguments += self._change_arguments(
            values_files, values, wait=wait, dry_run=dry_run, description=description, labels=labels
        )
        words = [*arguments, "--", name, str(chart.absolute())]
        return Release.from_json(self._json("install", *words, stdin=values_document(values)))

    def upgrade(
        self,
        name: str,
        chart: Path,
        *,
        install: bool = False,
        values_files: Sequence[Path] = (),
        values: Values | None = None,
        kept_values: KeptValues = KeptValues.HELM,
        wait: WaitOptions | None = None,
        dry_run: DryRun = DryRun.NONE,
        create_namespace: bool = False,
        force_conflicts: bool = False,
        description: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Release:
        """Bring a release to another chart or other values.

        Args:
            install: Install it when there is none.
            kept_values: What becomes of the values set before.
            create_namespace: With `install`: make the namespace if it is missing.
            force_conflicts: Take over fields that another program has set; Helm 3 always does.
            name: See `install`, as for the other arguments.
            chart: See `install`.
            values_files: See `install`.
            values: See `install`.
            wait: See `install`.
            dry_run: See `install`.
            description: See `install`.
            labels: See `install`.

        Returns:
            The new revision; after a dry run, what it would have been.
        """
        arguments = ["--install"] if install else []
        arguments += ["--create-namespace"] if install and create_namespace else []
        arguments += [kept_values.value] if kept_values.value else []
        arguments += self._dialect.force_conflicts if force_conflicts else ()
        arguments += self._change_arguments(
            values_files, values, wait=wait, dry_run=dry_run, description=description, labels=labels
        )
        words = [*arguments, "--", name, str(chart.absolute())]
        return Release.from_json(self._json("upgrade", *words, stdin=values_document(values)))

    def rollback(
        self,
        name: str,
        revision: int | None = None,
        *,
        wait: WaitOptions | None = None,
        dry_run: DryRun = DryRun.NONE,
        force_conflicts: bool = False,
    ) -> Release:
        """Make a new revision that equals an old one.

        Args:
            name: The release's name.
            revision: The old one; None for the one before the newest.
            wait: Whether and how long to wait; by default until ready, 5 minutes.
            dry_run: How far to go without changing the cluster.
            force_conflicts: Take over fields that another program has set; Helm 3 always does.

        Returns:
            The release as it is then: the new revision, or after a dry run the one that stays.
        """
        waiting = wait_arguments(wait or WaitOptions(), counting_flag=self._dialect.wait_counting)
        arguments = [*waiting, *self._dialect.rollback_dry_run[dry_run]]
        arguments += self._dialect.force_conflicts if force_conflicts else ()
        target = [] if revision is None else [str(revision)]
        self._checked("rollback", *self._on_release(), *arguments, "--", name, *target)
        return self.status(name)

    def uninstall(
        self,
        name: str,
        *,
        keep_history: bool = False,
        ignore_not_found: bool = False,
        wait: WaitOptions | None = None,
        dry_run: bool = False,
    ) -> str:
        """Delete a release's objects.

        Args:
            name: The release's name.
            keep_history: Keep the record, so that it can be rolled back to.
            ignore_not_found: A missing release is a success.
            wait: Whether and how long to wait until the objects are gone; by default 5 minutes.
            dry_run: Only say what would be done.

        Returns:
            What helm says, which names the objects that stay by their resource policy.
        """
        flags = {"--keep-history": keep_history, "--ignore-not-found": ignore_not_found, "--dry-run": dry_run}
        arguments = [*wait_arguments(wait or WaitOptions()), *(flag for flag, given in flags.items() if given)]
        return self._checked("uninstall", *self._on_release(), *arguments, "--", name).stdout.strip()

    def test(self, name: str, *, logs: bool = True, timeout: str = "5m") -> str:
        """Run a release's tests.

        Args:
            name: The release's name.
            logs: Whether the output has the test pods' logs; Helm 3 has none of a test whose pod is deleted when it
                has succeeded.
            timeout: The longest wait, as Go writes durations.

        Returns:
            Helm's report.

        Raises:
            HookFailedError: A test failed; its `stderr` ends with the logs. Or the release has none: Helm says nothing.
        """
        arguments = [*wait_arguments(WaitOptions(wait=False, timeout=timeout)), *(["--logs"] if logs else [])]
        done = self._run("test", *self._on_release(), *arguments, "--", name)
        if done.returncode and not _only_logs_are_gone(done):
            raise error_of(done)
        if NO_TEST.search(done.stdout):
            raise HookFailedError(
                f"release {name} has no test: its chart has no recorded sample",
                argv=done.argv,
                returncode=done.returncode,
                hint="write `sample.input` into the service file, and upgrade",
            )
        return done.stdout

    def _change_arguments(
        self,
        values_files: Sequence[Path],
        values: Values | None,
        *,
        wait: WaitOptions | None,
        dry_run: DryRun,
        description: str | None,
        labels: Mapping[str, str] | None,
    ) -> builtins.list[str]:
        """The arguments that install and upgrade share."""
        arguments = [*self._on_release(), *values_arguments(values_files, values)]
        flags = self._dialect
        arguments += wait_arguments(wait or WaitOptions(), flags.rollback_on_failure, counting_flag=flags.wait_counting)
        arguments += self._dialect.dry_run[dry_run]
        arguments += ["--description", description] if description else []
        arguments += ["--labels", ",".join(f"{key}={value}" for key, value in labels.items())] if labels else []
        return arguments


def _only_logs_are_gone(done: Completed) -> bool:
    """Whether a run of `helm test` failed for no other reason than that the pods of its tests were deleted.

    Helm 3 deletes the pod of a test that has succeeded (hook-delete-policy `hook-succeeded`) before it asks for its
    log, and then fails; Helm 4 asks first.
    """
    phases = re.findall(r"^Phase:\s*(\w+)", done.stdout, re.MULTILINE)
    return "unable to get pod logs" in done.stderr and bool(phases) and set(phases) == {"Succeeded"}
