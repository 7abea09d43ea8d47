"""What the kubeconfig says of namespaces, read as YAML: cheap, and without the extra `[cluster]`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

DEFAULT_NAMESPACE = "default"


def current_namespace(kubeconfig: Path | str | None = None, context: str | None = None) -> str:
    """The namespace that kubectl and helm would use.

    A kubeconfig that is missing or broken gives `default` here; the program that needs it tells what is wrong with it.

    Args:
        kubeconfig: The file; None for those of $KUBECONFIG (a list joined by the path separator), else ~/.kube/config.
        context: The context; None for the current one.

    Returns:
        The context's namespace, else `default`.
    """
    documents = [_read(path) for path in _paths(kubeconfig)]
    # As kubectl merges: the first file that says something wins.
    wanted = context or next((text for data in documents if (text := data.get("current-context"))), None)
    for data in documents:
        for entry in _list(data.get("contexts")):
            if isinstance(entry, dict) and entry.get("name") == wanted:
                namespace = (entry.get("context") or {}).get("namespace")
                return str(namespace or DEFAULT_NAMESPACE)
    return DEFAULT_NAMESPACE


def context_names(kubeconfig: Path | str | None = None) -> list[str]:
    """The names of the contexts, sorted; none where the kubeconfig is missing or broken.

    Args:
        kubeconfig: See `current_namespace`.
    """
    entries = [entry for path in _paths(kubeconfig) for entry in _list(_read(path).get("contexts"))]
    return sorted({str(entry["name"]) for entry in entries if isinstance(entry, dict) and entry.get("name")})


def _paths(kubeconfig: Path | str | None) -> list[Path]:
    if kubeconfig is not None:
        return [Path(kubeconfig).expanduser()]
    listed = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return [Path(part) for part in listed] or [Path.home() / ".kube" / "config"]


def _read(path: Path) -> dict[str, Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        data = yaml.load(path.read_bytes(), Loader=loader)  # noqa: S506 - one of the two safe loaders
    except (OSError, yaml.YAMLError):
        return {}
    return data if isinstance(data, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
