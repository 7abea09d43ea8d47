"""Asks uv which packages install together on another computer than this one, and which wheels they have.

uv and not pip: pip judges environment markers by the Python that runs it, uv by the one that is asked for.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from chartgen.errors import LockError, ProgramMissingError
from chartgen.pins.lockfile import canonical
from chartgen.pins.tables import MACHINES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# python:3.11-slim is a Debian whose glibc is at least 2.36.
_GLIBC = 36
_CREDENTIALS = re.compile(r"://[^/@\s]+@")
_UNREACHABLE = re.compile(r"Failed to fetch|error sending request|dns error|client error \(Connect\)|timed out")
_REFUSED = re.compile(r"\b(401|403)\b|invalid peer certificate")


@dataclass(frozen=True)
class Index:
    """Where packages come from; what is empty is left to uv's own settings, and then to the public index.

    Attributes:
        url: The package index.
        extra_urls: Further indexes.
        certificates: A file with the certificates to trust.
    """

    url: str = ""
    extra_urls: tuple[str, ...] = ()
    certificates: str = ""

    def environment(self) -> dict[str, str]:
        """The same for uv; not as arguments, which every user of a computer can see: an address may hold a password."""
        variables = {
            "UV_DEFAULT_INDEX": self.url,
            "UV_INDEX": " ".join(self.extra_urls),
            "SSL_CERT_FILE": self.certificates,
        }
        return {name: value for name, value in variables.items() if value}


@dataclass(frozen=True)
class Package:
    """A package that uv chose.

    Attributes:
        version: Its version.
        hashes: The sha256 digests of its wheels that install there.
    """

    version: str
    hashes: frozenset[str]


def find_uv() -> Path:
    """The uv program: on PATH, or beside this Python.

    Raises:
        ProgramMissingError: There is none.
    """
    beside = Path(sys.executable).with_name("uv")
    found = shutil.which("uv") or (str(beside) if beside.is_file() else None)
    if found is None:
        raise ProgramMissingError(
            "locking needs uv, which is not on PATH",
            hint="pip install 'chartgen[lock]', or see https://docs.astral.sh/uv; or write the lock file with "
            "`pip-compile --generate-hashes` under the pod's Python",
        )
    return Path(found)


def compile_for(
    machine: str,
    requirements: Sequence[str],
    constraints: Mapping[str, str],
    *,
    python: str,
    index: Index,
    overrides: Sequence[str] = (),
) -> dict[str, Package]:
    """The packages that the requirements come to on one kind of machine, wheels only.

    Args:
        machine: `amd64` or `arm64`; the system is Linux.
        requirements: What has to be there, as pip writes requirements.
        constraints: Versions that are settled already, by name.
        python: The Python, as `3.11`.
        index: Where packages come from.
        overrides: Requirements that take the place of what packages say that they need.

    Returns:
        The packages by their normalised names.

    Raises:
        LockError: There is no such set, or the index does not answer.
        ProgramMissingError: There is no uv.
    """
    architecture = MACHINES[machine]
    with tempfile.TemporaryDirectory(prefix="chartgen-") as scratch:
        names = ("requirements.in", "constraints.txt", "overrides.txt", "pylock.toml")
        wanted, settled, replaced, made = (Path(scratch) / name for name in names)
        wanted.write_text("".join(f"{line}\n" for line in requirements), encoding="utf-8")
        settled.write_text("".join(f"{name}=={version}\n" for name, version in constraints.items()), encoding="utf-8")
        replaced.write_text("".join(f"{line}\n" for line in overrides), encoding="utf-8")
        argv = [str(find_uv()), "pip", "compile", str(wanted), "--quiet"]
        argv += ["--constraints", str(settled), "--overrides", str(replaced)]
        argv += ["--python-version", python, "--python-platform", f"{architecture}-manylinux_2_{_GLIBC}"]
        argv += ["--only-binary=:all:", "--format=pylock.toml", "--output-file", str(made), "--color=never"]
        done = subprocess.run(
            argv,
            env=os.environ | index.environment(),
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode:
            raise _error(done.stderr, machine, python)
        document = tomllib.loads(made.read_text(encoding="utf-8"))
    return {canonical(each["name"]): _package(each, architecture, python) for each in document.get("packages", ())}


def _package(entry: dict[str, Any], architecture: str, python: str) -> Package:
    wheels = [wheel for wheel in entry.get("wheels", ()) if _installs(_file_name(wheel), architecture, python)]
    hashes = frozenset(wheel["hashes"]["sha256"] for wheel in wheels if "sha256" in wheel.get("hashes", {}))
    if not hashes:
        raise LockError(
            f"{entry['name']} {entry.get('version', '')} has no wheel with a sha256",
            where=f"Python {python} on linux {architecture}",
            hint="choose another version with --package",
        )
    return Package(entry["version"], hashes)


def _file_name(wheel: dict[str, Any]) -> str:
    path = wheel.get("name") or wheel.get("path") or urlsplit(wheel.get("url", "")).path
    return unquote(PurePosixPath(path).name)


def _installs(name: str, architecture: str, python: str) -> bool:
    """Whether a wheel installs under CPython on Linux with glibc, by the tags in its name (PEP 425, PEP 600)."""
    try:
        pythons, abis, platforms = (part.split(".") for part in name.removesuffix(".whl").rsplit("-", 3)[1:])
    except ValueError:
        return False
    return _fits_python(pythons, abis, python) and any(_fits_platform(each, architecture) for each in platforms)


def _fits_python(pythons: list[str], abis: list[str], python: str) -> bool:
    major, minor = python.split(".")
    if "none" in abis:
        return bool({f"py{major}", f"py{major}{minor}", f"cp{major}{minor}"} & set(pythons))
    if "abi3" in abis:
        found = [re.fullmatch(rf"cp{major}(\d+)", each) for each in pythons]
        return any(match and int(match[1]) <= int(minor) for match in found)
    return f"cp{major}{minor}" in abis


def _fits_platform(platform: str, architecture: str) -> bool:
    if platform == "any":
        return True
    versioned = re.fullmatch(rf"manylinux_2_(\d+)_{architecture}", platform)
    if versioned:
        return int(versioned[1]) <= _GLIBC
    return platform in {f"{old}_{architecture}" for old in ("manylinux1", "manylinux2010", "manylinux2014", "linux")}


def _error(stderr: str, machine: str, python: str) -> LockError:
    """What uv says, with what was asked for; it names the packages and versions itself."""
    # The frame that uv draws around its sentences goes.
    lines = [re.sub(r"^[^\w`]+", "", line).strip() for line in _CREDENTIALS.sub("://***@", stderr).splitlines()]
    said = " ".join(line for line in lines if line and not line.startswith("warning:"))
    said = said.removeprefix("error: ").replace(" cause: ", ": ")
    where = f"Python {python} on linux/{machine}"
    if _UNREACHABLE.search(said) or _REFUSED.search(said):
        return LockError(
            f"the package index could not be asked: {said}",
            where=where,
            hint="see --index-url and --cert; the settings of uv, and PIP_INDEX_URL, PIP_EXTRA_INDEX_URL and PIP_CERT, "
            "are used",
        )
    return LockError(
        f"no set of wheels installs together: {said}",
        where=where,
        expected="wheels for every machine that the pods may run on (see --machine)",
        hint="narrow or replace a version with --package, such as --package 'numpy<2'",
    )
