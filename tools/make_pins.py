"""Writes the tables of chartgen/pins: which versions install together, and the digests of their wheels.

For maintainers; asks the package index, so the result changes from day to day. Run it under Python 3.11, whose
environment markers are the pod's::

    python3.11 tools/make_pins.py

pip itself resolves each set, for linux on amd64, and then names the wheel of the same version for arm64. A set that
lacks a wheel for CPython 3.11 on either of them is an error: the pods are of both kinds.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PINS = Path(__file__).resolve().parent.parent / "chartgen" / "pins"
COMMAND = "python3.11 tools/make_pins.py"

# python:3.11-slim is Debian 12, whose glibc is 2.36.
GLIBC = [f"manylinux_2_{minor}" for minor in range(36, 16, -1)] + ["manylinux2014"]
# Wheels that name an older policy still install; nobody builds those for arm64.
GLIBC_AMD64 = [*GLIBC, *(f"manylinux_2_{minor}" for minor in range(16, 4, -1)), "manylinux2010", "manylinux1"]
MACHINES = {"amd64": ("x86_64", GLIBC_AMD64), "arm64": ("aarch64", GLIBC)}

# What the server and chartgen's adapter import; the rest of a runtime's set is what these need.
RUNTIMES = {"fastapi": ["fastapi", "uvicorn", "httptools", "uvloop", "orjson", "prometheus-client"]}

# Libraries that are pinned at their newest version, and what a pod needs beside them.
NEWEST = {"cloudpickle": [], "joblib": [], "numpy": [], "onnxruntime": ["numpy"], "scipy": ["numpy"]}

# scikit-learn by minor version: every patch release that has wheels for both machines, and the numpy and scipy of its
# time. A newer scipy would often install, but these are the pairs that the release was tested with.
SCIKIT_LEARN = {
    "1.5": (["1.5.0", "1.5.1", "1.5.2"], ["numpy>=2,<2.2", "scipy<1.15"]),
    "1.6": (["1.6.0", "1.6.1"], ["numpy>=2,<2.3", "scipy<1.16"]),
    "1.7": (["1.7.0", "1.7.1", "1.7.2"], ["numpy>=2,<2.4", "scipy<1.17"]),
    "1.8": (["1.8.0"], ["numpy>=2", "scipy<1.18"]),
    "1.9": (["1.9.0", "1.9.1"], ["numpy>=2"]),
}

Wheels = dict[str, dict[str, dict[str, tuple[str, str]]]]
"""name -> version -> machine (`any`, `amd64`, `arm64`) -> (sha256, file name)."""


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
        command += ["--only-binary=:all:", "--python-version=3.11", "--implementation=cp"]
        command += [f"--target={scratch}/target", f"--report={report}"]
        command += [f"--platform={policy}_{architecture}" for policy in policies]
        # Only the public index: a wheel of this computer's own would give a digest that nobody else can install.
        environment = {**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": ""}
        done = subprocess.run([*command, *arguments], env=environment, check=False)
        if done.returncode:
            sys.exit(f"pip cannot install {' '.join(arguments)} on {machine}")
        installed: list[dict[str, Any]] = json.loads(report.read_text())["install"]
        return installed


def resolve(roots: list[str], constraints: dict[str, str], wheels: Wheels) -> dict[str, str]:
    """Versions that install together on both machines; adds their wheels to `wheels`.

    Args:
        roots: Requirements.
        constraints: Versions that are settled already, by name.
        wheels: The table of wheels, added to.

    Returns:
        Versions by normalised name.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.writelines(f"{name}=={version}\n" for name, version in constraints.items())
        file.flush()
        found = pip_report(["--constraint", file.name, *roots], "amd64")
    versions = {canonical(item["metadata"]["name"]): item["metadata"]["version"] for item in found}
    pinned = [f"{name}=={version}" for name, version in versions.items()]
    for machine, items in (("amd64", found), ("arm64", pip_report(["--no-deps", *pinned], "arm64"))):
        for item in items:
            add_wheel(wheels, machine, item)
    return dict(sorted(versions.items()))


def add_wheel(wheels: Wheels, machine: str, item: dict[str, Any]) -> None:
    """Records the wheel of one entry of pip's report, as `any` when it fits every machine."""
    name, version = canonical(item["metadata"]["name"]), item["metadata"]["version"]
    file_name = item["download_info"]["url"].rsplit("/", 1)[1]
    digest = item["download_info"]["archive_info"]["hashes"]["sha256"]
    kind = "any" if file_name.endswith("-any.whl") else machine
    wheels.setdefault(name, {}).setdefault(version, {})[kind] = (digest, file_name)


def canonical(name: str) -> str:
    """A project name as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def write_packages(wheels: Wheels, header: str) -> None:
    """Writes packages.yaml: the wheels' digests, each with the file that it is of."""
    lines = [header, "# The wheels for CPython 3.11 on linux, each with its file on the package index.\n"]
    for name in sorted(wheels):
        lines.append(f"{name}:\n")
        for version in sorted(wheels[name], key=version_key):
            lines.append(f'  "{version}":\n')
            for machine in sorted(wheels[name][version]):
                digest, file_name = wheels[name][version][machine]
                lines.append(f"    {machine}: {digest}  # {file_name}\n")
    (PINS / "packages.yaml").write_text("".join(lines))


def write_sets(
    runtimes: dict[str, dict[str, str]], libraries: dict[str, dict[str, dict[str, str]]], header: str
) -> None:
    """Writes sets.yaml: what installs together, by runtime and by library and version."""
    lines = [header, "# What pip resolved for each serving runtime; `roots` are what the adapter imports.\nruntimes:\n"]
    for name, packages in sorted(runtimes.items()):
        lines.append(f"  {name}:\n    roots: [{', '.join(RUNTIMES[name])}]\n    packages:\n")
        lines += [f'      {package}: "{version}"\n' for package, version in packages.items()]
    lines.append(
        "\n# What pip resolved for each model library and version, the runtimes' versions given.\nlibraries:\n"
    )
    for name, versions in sorted(libraries.items()):
        lines.append(f"  {name}:\n")
        for version in sorted(versions, key=version_key):
            lines.append(f'    "{version}":\n')
            lines += [f'      {package}: "{pinned}"\n' for package, pinned in versions[version].items()]
    (PINS / "sets.yaml").write_text("".join(lines))


def version_key(version: str) -> tuple[int, ...]:
    """Orders versions by their numbers."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def main() -> None:
    """Resolves every set and writes both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    if sys.version_info[:2] != (3, 11):
        sys.exit("run this with Python 3.11, the pod's: environment markers are those of the running Python")
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    header = f"# Generated on {today} by `{COMMAND}`; do not edit.\n#\n"
    wheels: Wheels = {}
    runtimes = {name: resolve(roots, {}, wheels) for name, roots in RUNTIMES.items()}
    settled = {name: version for packages in runtimes.values() for name, version in packages.items()}
    libraries: dict[str, dict[str, dict[str, str]]] = {}
    # Together first, so that the libraries that may meet in one pod have one numpy.
    together = resolve(sorted(NEWEST), settled, wheels)
    for name, beside in sorted(NEWEST.items()):
        packages = resolve([name, *beside], {**settled, **together}, wheels)
        libraries[name] = {packages[name]: packages}
    for patches, beside in SCIKIT_LEARN.values():
        for version in patches:
            packages = resolve([f"scikit-learn=={version}", *beside], settled, wheels)
            libraries.setdefault("scikit-learn", {})[version] = packages
    write_packages(wheels, header)
    write_sets(runtimes, libraries, header)


if __name__ == "__main__":
    main()
