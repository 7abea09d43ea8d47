"""Where a release is, and how to get there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from chartgen.cluster.reader import ClusterReader
    from chartgen.helm.client import HelmClient

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Place:
    """A namespace of a cluster, as the reader sees it.

    Attributes:
        namespace: The namespace.
        kubeconfig: The kubeconfig file; None leaves it to $KUBECONFIG and the default place.
        kube_context: The context in it; None for the current one.
    """

    namespace: str
    kubeconfig: Path | None = None
    kube_context: str | None = None

    def reader(self) -> ClusterReader:
        """A reader of the namespace, for one thread.

        Raises:
            MissingExtraError: The extra `[cluster]` is not installed (when it is first used).
        """
        from chartgen.cluster.reader import ClusterReader

        return ClusterReader(self.kubeconfig, self.kube_context, namespace=self.namespace)


@dataclass(frozen=True)
class Target:
    """Where releases are: a namespace, and what drives helm there.

    Attributes:
        place: The namespace.
        helm: Drives helm there.
        tell: Tells a person what is going on.
        warn: Tells a person what may be wrong.
    """

    place: Place
    helm: HelmClient
    tell: Tell = lambda _line: None
    warn: Tell = lambda _line: None

    @property
    def namespace(self) -> str:
        """The namespace."""
        return self.place.namespace


@dataclass(frozen=True)
class ReleaseValues:
    """Values of a release over the chart's own.

    Attributes:
        files: Values files; a later one wins.
        assignments: `key=value` as helm's `--set` takes them; they win over the files.
        texts: `key=text` as helm's `--set-string` takes them; they win over the assignments.
    """

    files: Sequence[Path] = ()
    assignments: Sequence[str] = ()
    texts: Sequence[str] = ()
