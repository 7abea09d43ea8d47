"""Finds the helm program: `--helm`, `$CHARTGEN_HELM`, PATH, then chartgen's own folder for programs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from chartgen.errors import HelmNotFoundError

_HINT = (
    "get one with `chartgen helm install-binary`, install Helm 3.18 or newer, or 4 "
    "(https://helm.sh/docs/intro/install), or name it with --helm or $CHARTGEN_HELM"
)


def find_helm(explicit: str | None = None) -> Path:
    """The helm program to run.

    A place that the user names is the only one looked at: running another helm than the one asked for would be worse
    than an error. Whether the program is helm, and new enough, is seen when it is first run (see `version.detect`).

    Args:
        explicit: What `--helm` says: a path, or a name to look for on PATH.

    Returns:
        The absolute path of an executable file.

    Raises:
        HelmNotFoundError: Nothing executable is there; the error says where it was looked for.
    """
    if explicit:
        return _named(explicit, "--helm")
    from_environment = os.environ.get("CHARTGEN_HELM")
    if from_environment:
        return _named(from_environment, "$CHARTGEN_HELM")
    on_path = shutil.which("helm")
    if on_path:
        return Path(on_path).absolute()
    own = own_folder() / "helm"
    if own.is_file() and os.access(own, os.X_OK):
        return own
    raise HelmNotFoundError("no helm program was found", where=None, expected=f"`helm` on PATH, or {own}", hint=_HINT)


def own_folder() -> Path:
    """The folder in which chartgen keeps programs of its own: `$XDG_DATA_HOME/chartgen/bin`."""
    data_home = os.environ.get("XDG_DATA_HOME")
    base = Path(data_home) if data_home else Path.home() / ".local" / "share"
    return base / "chartgen" / "bin"


def _named(text: str, source: str) -> Path:
    """The program that the user named in `source`."""
    path = Path(text).expanduser()
    if path.name == text and not path.exists():
        on_path = shutil.which(text)
        if on_path is None:
            raise HelmNotFoundError(f"there is no program {text!r} on PATH", where=source, hint=_HINT)
        return Path(on_path).absolute()
    problem = None
    if path.is_dir():
        problem = "is a folder, not the helm program"
    elif not path.exists():
        problem = "does not exist"
    elif not os.access(path, os.X_OK):
        problem = "is not executable"
    if problem:
        inside = path / "helm"
        hint = f"name the program itself: {inside}" if inside.is_file() else _HINT
        raise HelmNotFoundError(f"{path} {problem}", where=source, hint=hint)
    return path.absolute()
