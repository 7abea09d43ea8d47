"""The wheels of chartgen/pins/packages.yaml: which one pip would install on each machine, and its digest."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from chartgen.pins.lockfile import canonical

PINS = Path(__file__).resolve().parent.parent / "chartgen" / "pins"
PYTHON = "3.11"

# python:3.11-slim is Debian 12, whose glibc is 2.36.
GLIBC = [f"manylinux_2_{minor}" for minor in range(36, 16, -1)] + ["manylinux2014"]
# Wheels that name an older policy still install; nobody builds those for arm64.
GLIBC_AMD64 = [*GLIBC, *(f"manylinux_2_{minor}" for minor in range(16, 4, -1)), "manylinux2010", "manylinux1"]
MACHINES = {"amd64": ("x86_64", GLIBC_AMD64), "arm64": ("aarch64", GLIBC)}

# The packages of one machine alone. TensorFlow for the CPU has a name of its own on amd64, where the other one's wheels
# hold what GPUs need as well; on arm64 it has the plain name.
ONLY = {"tensorflow-cpu": "amd64", "tensorflow": "arm64", "tensorflow-cpu-aws": "arm64"}

Wheels = dict[str, dict[str, dict[str, tuple[str, str]]]]
"""name -> version -> machine (`any`, `amd64`, `arm64`) -> (sha256, file name)."""

# What pods get from another index than the public one: https://download.pytorch.org/whl/cpu says these digests.
OWN_WHEELS: Wheels = {
    "torch": {
        "2.13.0": {
            "amd64": (
                "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",
                "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl",
            ),
            "arm64": (
                "84453b69508ec79902f899c5ed9495acb9e2bbe9fda5f1d5d6f19e3c3842e1a7",
                "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_aarch64.whl",
            ),
        }
    }
}


def add_wheels(wheels: Wheels, wanted: set[tuple[str, str]]) -> None:
    """Records the wheels of packages that are not recorded yet.

    Args:
        wheels: The table of wheels, added to.
        wanted: Names and versions.
    """
    missing = sorted((name, version) for name, version in wanted if version not in wheels.get(name, {}))
    while missing:
        batch = dict(reversed(missing))  # pip takes one version of a package at a time
        missing = [pair for pair in missing if pair not in batch.items()]
        for machine in MACHINES:
            here = [name for name in sorted(batch) if ONLY.get(name, machine) == machine]
            pinned = [f"{name}=={batch[name]}" for name in here]
            for item in pip_report(["--no-deps", *pinned], machine):
                add_wheel(wheels, machine, item)


def pip_report(arguments: list[str], machine: str) -> list[dict[str, Any]]:
    """What pip would install from the public index for a machine: the `install` list of its report.

    Args:
        arguments: Requirements and options.
        machine: `amd64` or `arm64`.

    Raises:
        SystemExit: pip found no set that installs.
    """
    architecture, policies = MACHINES[machine]
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        command += ["--only-binary=:all:", f"--python-version={PYTHON}", "--implementation=cp"]
        command += [f"--target={scratch}/target", f"--report={report}"]
        command += [f"--platform={policy}_{architecture}" for policy in policies]
        # Only the public index: a wheel of this computer's own would give a digest that nobody else can install.
        environment = {**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": ""}
        done = subprocess.run([*command, *arguments], env=environment, check=False)
        if done.returncode:
            sys.exit(f"pip cannot install {' '.join(arguments)} on {machine}")
        installed: list[dict[str, Any]] = json.loads(report.read_text())["install"]
        return installed


def add_wheel(wheels: Wheels, machine: str, item: dict[str, Any]) -> None:
    """Records the wheel of one entry of pip's report, as `any` when it fits every machine."""
    name, version = canonical(item["metadata"]["name"]), item["metadata"]["version"]
    file_name = item["download_info"]["url"].rsplit("/", 1)[1]
    digest = item["download_info"]["archive_info"]["hashes"]["sha256"]
    kind = "any" if file_name.endswith("-any.whl") else machine
    wheels.setdefault(name, {}).setdefault(version, {})[kind] = (digest, file_name)


def read_packages() -> Wheels:
    """The wheels that are recorded already."""
    path = PINS / "packages.yaml"
    text = path.read_text() if path.exists() else ""
    names = dict(re.findall(r"([0-9a-f]{64})  # (\S+)", text))
    document: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(text) or {}
    return {
        name: {
            version: {machine: (digest, names[digest]) for machine, digest in kinds.items()}
            for version, kinds in versions.items()
        }
        for name, versions in document.items()
    }


def write_packages(path: Path, wheels: Wheels, header: str, index: str = "the package index") -> None:
    """Writes a packages.yaml: the wheels' digests, each with the file that it is of.

    Args:
        path: The file.
        wheels: What it is to hold.
        header: Its first lines.
        index: Where the wheels lie, in the file's own words.
    """
    lines = [header, f"# The wheels for CPython 3.11 on linux, each with its file on {index}.\n"]
    for name in sorted(wheels):
        lines.append(f"{name}:\n")
        for version in sorted(wheels[name], key=version_key):
            lines.append(f'  "{version}":\n')
            for machine in sorted(wheels[name][version]):
                digest, file_name = wheels[name][version][machine]
                lines.append(f"    {machine}: {digest}  # {file_name}\n")
    path.write_text("".join(lines))


def version_key(version: str) -> tuple[int, ...]:
    """Orders versions by their numbers."""
    return tuple(int(part) for part in re.findall(r"\d+", version))
