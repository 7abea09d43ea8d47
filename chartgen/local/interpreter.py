"""The Python that serves a model on this computer: the pod's version, or the one that the user names."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chartgen.errors import ProgramMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator

ELSEWHERE = (
    "serve it in a cluster (`chartgen install`), such as one of kind or minikube, "
    "or run chartgen in a Linux container that has Python {wanted}"
)
_SECONDS = 30


@dataclass(frozen=True)
class Interpreter:
    """A Python of this computer.

    Attributes:
        path: The program.
        version: Its version, as `3.11`.
        like_the_pod: Whether it is the pod's Python on the pod's platform, so that the hashes of its wheels hold here.
    """

    path: Path
    version: str
    like_the_pod: bool

    def __str__(self) -> str:
        return f"Python {self.version} on {platform.system()} {platform.machine()}"


def find_interpreter(wanted: str, named: str | None = None) -> Interpreter:
    """The pod's Python on this computer, or the one that the user names.

    Args:
        wanted: The pod's Python, as `3.11`.
        named: What `--python` says: a path, or a name to look for on PATH; its version may be another one.

    Raises:
        ProgramMissingError: It is not there; the message names the alternatives.
    """
    on_the_platform = sys.platform == "linux" and platform.machine() in ("x86_64", "aarch64")
    if named is not None:
        path = shutil.which(Path(named).expanduser())
        version = _version(path) if path else None
        if path is None or version is None:
            raise ProgramMissingError(f"{named} is not a Python that runs", where="--python")
        return Interpreter(Path(path), version, on_the_platform and version == wanted)
    for candidate in _candidates(wanted):
        if _version(candidate) == wanted:
            return Interpreter(Path(candidate), wanted, on_the_platform)
    raise ProgramMissingError(
        f"this computer has no Python {wanted}, which is the pod's",
        expected=f"`python{wanted}` on PATH, or one that uv has installed",
        hint=f"install it (`uv python install {wanted}`, or with your package manager); pass --python PATH to try it "
        f"with another version; or {ELSEWHERE.format(wanted=wanted)}",
    )


def _candidates(wanted: str) -> Iterator[str]:
    """Where the pod's Python may be: here, on PATH, among those that uv has installed."""
    if ".".join(map(str, sys.version_info[:2])) == wanted:
        yield sys.executable
    if found := shutil.which(f"python{wanted}"):
        yield found
    if uv := shutil.which("uv"):
        yield _said([uv, "python", "find", "--no-python-downloads", "--no-project", wanted])


def _version(python: str) -> str | None:
    """The version of a Python, as `3.11`; None where it is none: a name on PATH may be a stub that starts nothing."""
    return _said([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]) or None


def _said(argv: list[str]) -> str:
    """What a program prints; nothing where it fails."""
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, check=True, timeout=_SECONDS, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return ""
    return done.stdout.strip()
