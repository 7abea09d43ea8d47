"""A virtual environment with the pod's libraries, made once for each set of requirements."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from types import MappingProxyType
from typing import TYPE_CHECKING

from chartgen.caches import cache_folder
from chartgen.errors import LocalRunError
from chartgen.local.environments import COMPLETE, held, lock_of, remove_unused
from chartgen.local.interpreter import ELSEWHERE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from chartgen.local.interpreter import Interpreter

_SHOWN_LINES = 5
# What pip says when it gets no answer; it then adds that it found no version, which is not the cause.
_OUT_OF_REACH = re.compile(
    r"after connection broken by|Connection(?:Error| refused| timed out)|name resolution|SSLError"
)
_NO_WHEEL = re.compile(r"No matching distribution found for ([^\s(;]+)")


def environment_python(
    requirements: str,
    interpreter: Interpreter,
    say: Callable[[str], None],
    *,
    overrides: bool = False,
    indexes: Mapping[str, str] = MappingProxyType({}),
) -> Path:
    """The Python of an environment that holds the requirements; it is made where it is missing.

    Args:
        requirements: Pinned and hashed requirements, as pip reads them.
        interpreter: The Python to make it with.
        say: Tells a person what is going on.
        overrides: Whether a package has another version than one of the others asks for.
        indexes: Packages that lie on an index beside those of pip's own settings, by name, with its address.

    Raises:
        LocalRunError: The libraries cannot be installed.
    """
    wanted = requirements if interpreter.like_the_pod else without_hashes(requirements)
    # The Python itself, not the name that a virtual environment has for it: all of these share what is made.
    key = hashlib.sha256(f"{interpreter.path.resolve()}\n{wanted}".encode()).hexdigest()[:16]
    cache = cache_folder("environments")
    folder = cache / key
    python = folder / "bin" / "python"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with held(lock_of(folder)):
            if (folder / COMPLETE).exists():
                return python
        with held(lock_of(folder), alone=True):  # so that two calls at a time do not make it twice
            if not (folder / COMPLETE).exists():
                say(f"Installing the model's libraries into {folder}")
                _make(folder, interpreter, wanted, overrides=overrides, indexes=indexes)
                (folder / COMPLETE).touch()
        remove_unused(cache, say)
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


def of_package(requirements: str, name: str) -> str:
    """The requirement of one package.

    Args:
        requirements: Pinned requirements, as pip reads them.
        name: The package, as it is written there.
    """
    joined = requirements.replace("\\\n", " ")
    return "".join(f"{line}\n" for line in joined.splitlines() if line.startswith(f"{name}=="))


def _make(
    folder: Path, interpreter: Interpreter, requirements: str, *, overrides: bool, indexes: Mapping[str, str]
) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    made = _run([str(interpreter.path), "-m", "venv", str(folder)])
    if made.returncode:
        raise LocalRunError(
            f"{interpreter} cannot make a virtual environment:\n  {_last_lines(made)}",
            where=str(interpreter.path),
            hint="on Debian and Ubuntu it needs the package python3-venv; or name another Python with --python",
        )
    # Each index is asked for what lies there alone: pip would ask it for every package, and wait long where it is out
    # of reach. What lies there comes first, so that it is there already when others need it.
    for name, url in indexes.items():
        _install(folder, interpreter, of_package(requirements, name), "--no-deps", f"--extra-index-url={url}")
    _install(folder, interpreter, requirements, *(["--no-deps"] if overrides else []))


def _install(folder: Path, interpreter: Interpreter, requirements: str, *options: str) -> None:
    listing = folder / "requirements.txt"
    listing.write_text(requirements, encoding="utf-8")
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    # Nothing is compiled ahead: Python does that for the part that is used, when it is used first.
    pip += ["--only-binary=:all:", "--no-compile", "--requirement", str(listing), *options]
    done = _run(pip + (["--require-hashes"] if interpreter.like_the_pod else []))
    if done.returncode:
        raise _not_installed(done, interpreter)


def _run(argv: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False, stdin=subprocess.DEVNULL)


def _not_installed(done: subprocess.CompletedProcess[str], interpreter: Interpreter) -> LocalRunError:
    """Why pip failed: the index does not answer, there is no such wheel, or what pip says."""
    settings = "pip's own settings (PIP_INDEX_URL, PIP_CERT, pip.conf) are used"
    if _OUT_OF_REACH.search(done.stdout + done.stderr):
        return LocalRunError(
            f"the package index cannot be reached:\n  {_last_lines(done)}",
            hint=f"the model's libraries are installed once and kept, and that needs the network; {settings}",
        )
    missing = _NO_WHEEL.search(done.stderr)
    if missing:
        name, _, version = missing[1].partition("==")
        return LocalRunError(
            f"there is no wheel of {name} {version} for {interpreter}",
            expected="wheels: nothing is compiled, since the pod would not run what comes out of it",
            hint=f"{ELSEWHERE.format(wanted=interpreter.version)}; or name another Python with --python",
        )
    return LocalRunError(f"the model's libraries cannot be installed:\n  {_last_lines(done)}", hint=settings)


def _last_lines(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("WARNING")]
    return "\n  ".join(lines[-_SHOWN_LINES:] or done.stdout.splitlines()[-_SHOWN_LINES:] or ["no message"])
