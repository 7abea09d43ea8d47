"""Writes the tables of chartgen/pins/cuda: the builds for GPUs of the model libraries, and what they need.

For maintainers, after `make_pins.py`, to whose versions these keep; asks the package index::

    python tools/make_gpu_pins.py [RUNTIME ...]

No wheel is fetched, since they have gigabytes: uv reads their metadata, and the digests are the index's own.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import ssl
import sys
import urllib.request
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from conflicts import in_short
from make_pins import Versions, name_of
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename
from pin_libraries import NUMPY, OVERRIDES, RUNTIMES
from pin_wheels import MACHINES, ONLY, OWN_WHEELS, PINS, PYTHON, Wheels, read_packages, write_packages

from chartgen.errors import LockError
from chartgen.pins.uv import Index, compile_for

COMMAND = "python tools/make_gpu_pins.py"
FOLDER = PINS / "cuda"
INDEX = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/")
BOTH = tuple(MACHINES)


@dataclass(frozen=True)
class Build:
    """A model library for GPUs.

    Attributes:
        library: What the models name, by which the set is found.
        wanted: What a pod needs.
        version_of: The package whose version is the set's.
        machines: Those that there are wheels for.
    """

    library: str
    wanted: tuple[str, ...]
    version_of: str
    machines: tuple[str, ...] = BOTH


# Of one library in the order of their versions.
BUILDS = (
    # The same module as onnxruntime; its libraries of CUDA are extras.
    Build("onnxruntime", ("onnxruntime-gpu[cuda,cudnn]", NUMPY), "onnxruntime-gpu"),
    # The public index has the build with CUDA under the plain name.
    Build("torch", ("torch==2.13.0", "numpy>=2"), "torch"),
    # TensorFlow's wheels for arm64 are without CUDA.
    Build("keras", ("keras==2.15.0", "tensorflow[and-cuda]==2.15.1"), "keras", ("amd64",)),
    Build("keras", ("keras==3.15.1", "tensorflow[and-cuda]==2.21.0"), "keras", ("amd64",)),
)


def compiled(build: Build, runtime: str, packages: Versions) -> Versions:
    """What a build needs in a runtime's pod, in the runtime's versions wherever it can.

    Raises:
        LockError: The two do not install together.
    """
    roots, overrides = RUNTIMES[runtime], OVERRIDES.get(runtime, [])
    fixed = {name: packages[name] for name in map(name_of, roots)}
    together: Versions = {}
    for settled in (packages, fixed):
        try:
            together = resolved([*build.wanted, *roots], build.machines, settled, overrides)
        except LockError:
            if settled is fixed:
                raise
        else:
            break
    alone = resolved(list(build.wanted), build.machines, together, overrides)
    other = {name: version for name, version in together.items() if packages.get(name, version) != version}
    return dict(sorted((alone | other).items()))


def resolved(wanted: list[str], machines: tuple[str, ...], settled: Versions, overrides: list[str]) -> Versions:
    """Versions that install together on each of the machines."""
    versions: Versions = {}
    for machine in machines:
        constraints = settled | versions
        found = compile_for(machine, wanted, constraints, python=PYTHON, index=Index(), overrides=overrides)
        versions |= {name: package.version for name, package in found.items()}
    return versions


@cache
def listed(package: str) -> list[dict[str, Any]]:
    """The files of a package, as the index lists them: https://packaging.python.org/specifications/simple-api."""
    request = urllib.request.Request(f"{INDEX}/{package}/", headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    context = ssl.create_default_context(cafile=os.environ.get("PIP_CERT"))
    with urllib.request.urlopen(request, context=context) as answer:
        files: list[dict[str, Any]] = json.load(answer)["files"]
        return files


@cache
def tags(machine: str) -> dict[Tag, int]:
    """The tags of the wheels that pip installs on a machine: the smaller the number, the rather."""
    architecture, policies = MACHINES[machine]
    python = tuple(map(int, PYTHON.split(".")))
    platforms = [f"{policy}_{architecture}" for policy in policies]
    names = [*cpython_tags(python, platforms=platforms), *compatible_tags(python, "cp311", platforms)]
    return {tag: place for place, tag in enumerate(names)}


def wheel(package: str, version: str, machine: str) -> tuple[str, str]:
    """The digest and the name of the wheel that pip would install.

    Raises:
        SystemExit: There is none.
    """
    order, best = tags(machine), None
    for file in listed(package):
        if not file["filename"].endswith(".whl") or file.get("yanked"):
            continue
        _, number, _, its = parse_wheel_filename(file["filename"])
        place = min((order[tag] for tag in its if tag in order), default=None)
        if str(number) == version and place is not None and (best is None or place < best[0]):
            best = place, file
    if best is None:
        sys.exit(f"the index has no wheel of {package} {version} for {machine}")
    return best[1]["hashes"]["sha256"], best[1]["filename"]


def wheels_of(sets: dict[str, Any]) -> Wheels:
    """The wheels of everything that the tables name, those that pods without a GPU have as recorded there."""
    recorded, found = read_packages(), Wheels()
    for table in sets.values():
        for library, versions in table["libraries"].items():
            machines = next(build.machines for build in BUILDS if build.library == library)
            for packages in versions.values():
                for package, version in packages.items():
                    kinds = found.setdefault(package, {}).setdefault(version, {})
                    # What pods without a GPU have is there for both machines, unless it is of another build.
                    if package not in {**OWN_WHEELS, **ONLY}:
                        kinds |= recorded.get(package, {}).get(version, {})
                    for machine in machines:
                        if machine not in kinds and "any" not in kinds:
                            digest, name = wheel(package, version, machine)
                            kinds["any" if name.endswith("-any.whl") else machine] = digest, name
    return found


def table_of(runtime: str) -> str:
    """The content of cuda/RUNTIME.yaml, below its header."""
    packages: Versions = yaml.safe_load((PINS / "sets" / f"{runtime}.yaml").read_text())["packages"]
    lines: dict[str, list[str]] = {}
    left_out: dict[str, list[str]] = {}
    for build in BUILDS:
        try:
            found = compiled(build, runtime, packages)
        except LockError as error:
            pinned = dict(each.split("==") for each in build.wanted if "==" in each)
            left_out.setdefault(build.library, []).append(
                f'    "{pinned.get(build.version_of, "")}": {json.dumps(in_short(error.message))}\n'
            )
            print(f"  left out: {', '.join(build.wanted)}: {error.message}", flush=True)
            continue
        lines.setdefault(build.library, []).append(f'    "{found[build.version_of]}":\n')
        lines[build.library] += [f'      {package}: "{version}"\n' for package, version in found.items()]
    text = "# For each model library and version, what it needs; the rest of the pod is of ../sets.\nlibraries:\n"
    text += "".join(f"  {name}:\n{''.join(lines[name])}" for name in sorted(lines))
    if left_out:
        text += "\n# Versions that do not go with this runtime, and why.\nleft_out:\n"
        text += "".join(f"  {name}:\n{''.join(left_out[name])}" for name in sorted(left_out))
    return text


def main() -> None:
    """Resolves the sets of the runtimes that are named, all of them without a name, and writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runtimes", nargs="*", choices=[[], *RUNTIMES], default=[])
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    header = f"# Generated on {today} by `{COMMAND}`; do not edit.\n#\n"
    FOLDER.mkdir(exist_ok=True)
    for runtime in parser.parse_args().runtimes or list(RUNTIMES):
        print(runtime, flush=True)
        (FOLDER / f"{runtime}.yaml").write_text(header + table_of(runtime))
    paths = [path for path in FOLDER.glob("*.yaml") if path.stem != "packages"]
    wheels = wheels_of({path.stem: yaml.safe_load(path.read_text()) for path in paths})
    write_packages(FOLDER / "packages.yaml", wheels, header, "the public package index")


if __name__ == "__main__":
    main()
