"""A virtual environment with the pod's libraries, made once for each set of requirements."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chartgen.errors import LocalRunError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MARKER = "complete"
_SHOWN_LINES = 5


@dataclass(frozen=True)
class Interpreter:
    """A Python of this computer.

    Attributes:
        path: The program.
        like_the_pod: Whether it is the pod's Python on the pod's platform, so that the hashes of its wheels hold here.
    """

    path: Path
    like_the_pod: bool


def find_interpreter(wanted: str) -> Interpreter:
    """The pod's Python where this computer has it, else the one that runs chartgen.

    Args:
        wanted: The pod's Python, as `3.11`.
    """
    on_the_platform = sys.platform == "linux" and platform.machine() in ("x86_64", "aarch64")
    if ".".join(map(str, sys.version_info[:2])) == wanted:
        return Interpreter(Path(sys.executable), on_the_platform)
    found = shutil.which(f"python{wanted}")
    if found:
        return Interpreter(Path(found), on_the_platform)
    return Interpreter(Path(sys.executable), False)


def environment_python(requirements: str, interpreter: Interpreter, say: Callable[[str], None]) -> Path:
    """The Python of an environment that holds the requirements; it is made where it is missing.

    Args:
        requirements: Pinned and hashed requirements, as pip reads them.
        interpreter: The Python to make it with.
        say: Tells a person what is going on.

    Raises:
        LocalRunError: The libraries cannot be installed.
    """
    wanted = requirements if interpreter.like_the_pod else without_hashes(requirements)
    key = hashlib.sha256(f"{interpreter.path}\n{wanted}".encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chartgen" / "environments"
    folder = cache / key
    python = folder / "bin" / "python"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(cache / f"{key}.lock"):
            if not (folder / _MARKER).exists():
                say(f"Installing the model's libraries into {folder}")
                _make(folder, interpreter.path, wanted, hashed=interpreter.like_the_pod)
                (folder / _MARKER).touch()
    except OSError as error:
        raise LocalRunError(
            f"the libraries' folder cannot be made: {error.strerror}", where=str(error.filename)
        ) from error
    return python


def without_hashes(requirements: str) -> str:
    """The versions alone, for a platform whose wheels have other hashes.

    Args:
        requirements: Pinned and hashed requirements, as pip reads them.
    """
    joined = requirements.replace("\\\n", " ")
    return "".join(f"{line}\n" for line in re.sub(r"\s+--hash=\S+", "", joined).splitlines() if line.strip())


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock, so that two calls at a time do not make the same environment twice."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(folder: Path, python: Path, requirements: str, *, hashed: bool) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _run([str(python), "-m", "venv", str(folder)], "the virtual environment cannot be made")
    listing = folder / "requirements.txt"
    listing.write_text(requirements, encoding="utf-8")
    pip = [
        str(folder / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--quiet",
    ]
    pip += ["--only-binary=:all:", "--requirement", str(listing)]
    _run(pip + (["--require-hashes"] if hashed else []), "the model's libraries cannot be installed")


def _run(argv: list[str], failure: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("WARNING")]
        raise LocalRunError(
            failure + ":\n  " + "\n  ".join(lines[-_SHOWN_LINES:] or ["no message"]),
            hint="is the package index reachable? pip's own settings (PIP_INDEX_URL, PIP_CERT, pip.conf) are used",
        )
