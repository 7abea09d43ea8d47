"""What helm knows of releases: the verbs that only read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chartgen.helm.command import HelmCommand
from chartgen.helm.release import ChartMetadata, Release, ReleaseSummary, Revision

if TYPE_CHECKING:
    import builtins
    from pathlib import Path

    from chartgen.helm.runner import Runner

# `list` hides some states on Helm 3 and none on Helm 4 unless every one is asked for.
_EVERY_STATUS = ("--deployed", "--failed", "--pending", "--superseded", "--uninstalled", "--uninstalling")
_RFC_3339 = "2006-01-02T15:04:05.999999Z07:00"


def release_names(
    helm: Path,
    *,
    namespace: str,
    kubeconfig: Path | None = None,
    kube_context: str | None = None,
    runner: Runner,
    timeout: float,
) -> list[str]:
    """The names of the releases in a namespace, as quickly as helm can say them: its version is not asked for first.

    Args:
        helm: The program.
        namespace: The namespace.
        kubeconfig: The kubeconfig file; None leaves it to $KUBECONFIG and the default place.
        kube_context: The context in it; None for the current one.
        runner: Runs the program.
        timeout: Seconds after which it is stopped.

    Returns:
        The names; none where helm fails.

    Raises:
        HelmNotFoundError: The program cannot be started.
        HelmTimeoutError: It did not end in time.
    """
    connection = [f"--kubeconfig={kubeconfig}"] if kubeconfig else []
    connection += [f"--kube-context={kube_context}"] if kube_context else []
    argv = [str(helm), "list", "--short", "--max=0", f"--namespace={namespace}", *_EVERY_STATUS, *connection]
    done = runner.run(argv, timeout=timeout)
    return [] if done.returncode else done.stdout.split()


class ReleaseQueries(HelmCommand):
    """The verbs that read; see `HelmClient`."""

    def status(self, name: str, revision: int | None = None) -> Release:
        """A release as it is.

        Args:
            name: The release's name.
            revision: One of its revisions; None for the newest.
        """
        data = self._json("status", *self._on_release(), *_revision(revision), "--", name)
        # `status` leaves the chart out; the revision is named so that both answers are of the same one.
        return Release.from_json(data, self.get_metadata(name, int(data["version"])))

    def history(self, name: str) -> builtins.list[Revision]:
        """A release's revisions, the oldest first."""
        return [Revision.from_json(data) for data in self._json("history", *self._on_release(), "--", name)]

    def list(
        self, *, all_namespaces: bool = False, selector: str | None = None, name_pattern: str | None = None
    ) -> builtins.list[ReleaseSummary]:
        """The releases, in whatever state they are.

        Args:
            all_namespaces: In every namespace, not only this client's.
            selector: Labels of the release's record, as `key=value`.
            name_pattern: A regular expression that the name has to match.
        """
        arguments = ["--all-namespaces", *self._connection] if all_namespaces else self._on_release()
        arguments += ["--selector", selector] if selector else []
        arguments += ["--filter", name_pattern] if name_pattern else []
        # `--max 0`: helm stops at 256 otherwise, without a word.
        arguments += [*_EVERY_STATUS, "--max", "0", "--time-format", _RFC_3339]
        return [ReleaseSummary.from_json(data) for data in self._json("list", *arguments)]

    def get_values(self, name: str, revision: int | None = None, *, computed: bool = False) -> dict[str, Any]:
        """The values of a revision.

        Args:
            name: The release's name.
            revision: Which one; None for the newest.
            computed: With the chart's own values underneath, not only what was set.
        """
        arguments = [*self._on_release(), *_revision(revision), *(["--all"] if computed else [])]
        return self._json("get values", *arguments, "--", name) or {}

    def get_metadata(self, name: str, revision: int | None = None) -> ChartMetadata:
        """The chart of a revision, with its annotations.

        Args:
            name: The release's name.
            revision: Which one; None for the newest.
        """
        arguments = [*self._on_release(), *_revision(revision), "--", name]
        return ChartMetadata.from_json(self._json("get metadata", *arguments))


def _revision(revision: int | None) -> list[str]:
    return [] if revision is None else ["--revision", str(revision)]
