"""What the shell completes: the values that options and arguments have at this moment.

Pressing Tab must never print an error or wait for long: whatever goes wrong gives no values.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click

_SECONDS = 3.0


def releases(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """The releases in the namespace that the command line names, or would take."""
    from chartgen.cluster.kubeconfig import current_namespace
    from chartgen.errors import HelmError
    from chartgen.helm.find import find_helm
    from chartgen.helm.queries import release_names
    from chartgen.helm.runner import SubprocessRunner

    kubeconfig, kube_context = _connection(context)
    namespace = context.params.get("namespace") or os.environ.get("HELM_NAMESPACE")
    try:
        names = release_names(
            find_helm(context.params.get("helm")),
            namespace=namespace or current_namespace(kubeconfig, kube_context),
            kubeconfig=kubeconfig,
            kube_context=kube_context,
            runner=SubprocessRunner(),
            timeout=_SECONDS,
        )
    except (HelmError, OSError):
        return []
    return _that_begin(begun, names)


def namespaces(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """The namespaces of the cluster, where kubectl is there to ask."""
    import shutil
    import subprocess

    kubectl = shutil.which("kubectl")
    if kubectl is None:
        return []
    kubeconfig, kube_context = _connection(context)
    argv = [kubectl, "get", "namespaces", "--output=name", f"--request-timeout={_SECONDS:.0f}s"]
    argv += [f"--kubeconfig={kubeconfig}"] if kubeconfig else []
    argv += [f"--context={kube_context}"] if kube_context else []
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, check=True, timeout=_SECONDS, stdin=subprocess.DEVNULL
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return []
    return _that_begin(begun, [line.removeprefix("namespace/") for line in done.stdout.split()])


def contexts(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """The contexts of the kubeconfig."""
    from chartgen.cluster.kubeconfig import context_names

    return _that_begin(begun, context_names(_connection(context)[0]))


def _connection(context: click.Context) -> tuple[Path | None, str | None]:
    """The kubeconfig and its context, as far as the command line and the environment name them."""
    kubeconfig = context.params.get("kubeconfig")
    kube_context = context.params.get("kube_context") or os.environ.get("HELM_KUBECONTEXT")
    return Path(kubeconfig).expanduser() if kubeconfig else None, kube_context or None


def _that_begin(begun: str, names: Iterable[str]) -> list[str]:
    return [name for name in sorted(names) if name.startswith(begun)]
