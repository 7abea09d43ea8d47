"""Writes the tables of chartgen/pins: which versions install together, and the digests of their wheels.

For maintainers; asks the package index, so the result changes from day to day::

    python tools/make_pins.py [RUNTIME ...]

uv resolves each set, for the pod's Python on linux and amd64, and once more for arm64 with the versions settled; pip
then names the wheel that it would install on each. A runtime that lacks a wheel on either of them is an error: the
pods are of both kinds. A version of a library that does not go with a runtime is left out of that runtime's table,
with what uv says of it, which is the message that a user gets.
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
from dataclasses import dataclass, field
from typing import Any

import yaml
from conflicts import in_short
from packaging.specifiers import SpecifierSet
from pin_libraries import LIBRARIES, NUMPY, OVERRIDES, RUNTIMES, SCIKIT_LEARN
from pin_wheels import (
    MACHINES,
    OWN_WHEELS,
    PINS,
    PYTHON,
    Wheels,
    add_wheels,
    read_packages,
    version_key,
    write_packages,
)

from chartgen.errors import LockError
from chartgen.pins.lockfile import canonical
from chartgen.pins.uv import Index, compile_for

COMMAND = "python tools/make_pins.py"

Versions = dict[str, str]


@dataclass
class RuntimeTable:
    """What is written of one runtime.

    Attributes:
        packages: The versions of what it needs, by normalised name.
        libraries: The sets of each library by its version.
        beside: The versions of scikit-learn that a library goes with, by the library and its version.
        left_out: Why there is none, by library and version.
    """

    packages: Versions
    libraries: dict[str, dict[str, Versions]] = field(default_factory=dict)
    beside: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    left_out: dict[str, dict[str, str]] = field(default_factory=dict)


def compiled(requirements: list[str], settled: Versions, overrides: list[str]) -> Versions:
    """Versions that install together on both machines.

    Args:
        requirements: What has to be there.
        settled: Versions that are settled already, by name.
        overrides: What takes the place of a requirement of the packages.

    Raises:
        LockError: There is no such set.
    """
    versions: Versions = {}
    for machine in MACHINES:
        constraints = settled | versions
        found = compile_for(machine, requirements, constraints, python=PYTHON, index=Index(), overrides=overrides)
        versions |= {name: package.version for name, package in found.items()}
    return dict(sorted(versions.items()))


def library_set(requirements: list[str], runtime: str, packages: Versions, preferred: Versions) -> Versions:
    """What a library needs in a runtime's pod, and what of the runtime's it needs in another version.

    Args:
        requirements: The library and what is beside it.
        runtime: The runtime, what whose adapter imports stays as it is.
        packages: The runtime's versions.
        preferred: Versions of other libraries that may meet this one in a pod.

    Raises:
        LockError: It does not go with the runtime.
    """
    roots, overrides = RUNTIMES[runtime], OVERRIDES.get(runtime, [])
    fixed = {name: packages[name] for name in map(name_of, roots)}
    for settled in (packages | preferred, packages, fixed):
        try:
            together = compiled([*requirements, *roots], settled, overrides)
        except LockError:
            if settled is fixed:
                raise
        else:
            break
    alone = compiled(requirements, together, overrides)
    other = {name: version for name, version in together.items() if packages.get(name, version) != version}
    return dict(sorted((alone | other).items()))


def beside_scikit_learn(
    requirements: list[str], allowed: str, runtime: str, table: RuntimeTable, found: Versions
) -> list[str]:
    """The versions of scikit-learn beside whose sets a library installs, whose versions of what both need it takes.

    Args:
        requirements: The library and what is beside it.
        allowed: Which versions of scikit-learn are tried, such as `>=1.5,<1.8`.
        runtime: The runtime.
        table: What is known of the runtime; with the sets of scikit-learn.
        found: The library's own set.
    """
    goes_with, tried = [], {}
    for version, base in table.libraries[SCIKIT_LEARN].items():
        if not SpecifierSet(allowed).contains(version):
            continue
        shared = tuple((name, pinned) for name, pinned in base.items() if name != SCIKIT_LEARN)
        if shared not in tried:  # the patch releases of one minor version, mostly
            wanted = [requirements[0], f"{SCIKIT_LEARN}=={version}", *RUNTIMES[runtime]]
            try:
                compiled(wanted, table.packages | found | base, OVERRIDES.get(runtime, []))
            except LockError as error:
                print(f"  {requirements[0]} does not go with {SCIKIT_LEARN} {version}: {error.message}", flush=True)
                tried[shared] = False
            else:
                tried[shared] = True
        if tried[shared]:
            goes_with.append(version)
    return goes_with


def make_table(runtime: str) -> RuntimeTable:
    """Resolves a runtime and every library beside it."""
    packages = compiled(RUNTIMES[runtime], {}, OVERRIDES.get(runtime, []))
    table = RuntimeTable({name: version for name, version in packages.items() if name != NUMPY})
    preferred: Versions = {}
    for name, each in LIBRARIES.items():
        for library in each:
            for version in library.versions or ("",):
                package = library.package or name
                wanted = [*(library.needs or [f"{package}=={version}" if version else package]), *library.beside]
                others = preferred if library.scikit_learn or not version else {}
                try:
                    found = library_set(wanted, runtime, table.packages, others)
                except LockError as error:
                    table.left_out.setdefault(name, {})[version] = in_short(error.message)
                    print(f"  left out: {name} {version}: {error.message}", flush=True)
                    continue
                if library.needs:
                    found = dict(sorted((found | {name: version}).items()))
                table.libraries.setdefault(name, {})[found[package]] = found
                if library.scikit_learn:
                    goes_with = beside_scikit_learn(wanted, library.scikit_learn, runtime, table, found)
                    table.beside.setdefault(name, {}).setdefault(found[package], []).extend(goes_with)
                preferred = found | preferred if not version else preferred
    return table


def name_of(requirement: str) -> str:
    """The normalised name of the package that a requirement is about."""
    return canonical(re.split(r"[<>=!~\[ ]", requirement, maxsplit=1)[0])


def write_table(runtime: str, table: RuntimeTable, header: str) -> None:
    """Writes sets/RUNTIME.yaml: what installs together."""
    roots = ", ".join(dict.fromkeys(map(name_of, RUNTIMES[runtime])))
    replaced = ", ".join(map(name_of, OVERRIDES.get(runtime, [])))
    lines = [header, f"# `roots` are what the adapter imports.\nroots: [{roots}]\n"]
    if replaced:
        lines.append(f"# In another version than a package says that it needs.\noverrides: [{replaced}]\n")
    lines.append("packages:\n")
    lines += [f'  {package}: "{version}"\n' for package, version in table.packages.items()]
    lines.append(
        "\n# For each model library and version, what it needs; the rest of the pod is `packages`.\nlibraries:\n"
    )
    for name, versions in sorted(table.libraries.items()):
        lines.append(f"  {name}:\n")
        for version in sorted(versions, key=version_key):
            lines.append(f'    "{version}":\n')
            lines += [f'      {package}: "{pinned}"\n' for package, pinned in versions[version].items()]
    lines.append(
        "\n# The versions of scikit-learn that a library goes with; what both need is as scikit-learn's set has it.\n"
    )
    lines.append("beside:\n")
    for name, goes_with in sorted(table.beside.items()):
        lines.append(f"  {name}:\n")
        lines += [
            f'    "{version}": [{", ".join(json.dumps(one) for one in sorted(goes_with[version], key=version_key))}]\n'
            for version in sorted(goes_with, key=version_key)
        ]
    lines.append("\n# Versions that do not go with this runtime, and why.\nleft_out:\n" if table.left_out else "")
    for name, reasons in sorted(table.left_out.items()):
        lines.append(f"  {name}:\n")
        lines += [f'    "{version}": {json.dumps(reasons[version])}\n' for version in sorted(reasons, key=version_key)]
    (PINS / "sets" / f"{runtime}.yaml").write_text("".join(lines))


def used(tables: dict[str, Any]) -> set[tuple[str, str]]:
    """Every package and version that a table names.

    Args:
        tables: The content of sets/*.yaml by the runtime.
    """
    sets = [each["packages"] for each in tables.values()]
    sets += [
        found for each in tables.values() for versions in each["libraries"].values() for found in versions.values()
    ]
    return {pair for each in sets for pair in each.items()}


def main() -> None:
    """Resolves the sets of the runtimes that are named, all of them without a name, and writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runtimes", nargs="*", choices=[[], *RUNTIMES], default=[])
    chosen = parser.parse_args().runtimes or list(RUNTIMES)
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    header = f"# Generated on {today} by `{COMMAND}`; do not edit.\n#\n"
    for runtime in chosen:
        print(runtime, flush=True)
        write_table(runtime, make_table(runtime), header)
    wanted = used({path.stem: yaml.safe_load(path.read_text()) for path in (PINS / "sets").glob("*.yaml")})
    wheels = read_packages()
    for name, versions in OWN_WHEELS.items():
        wheels[name] = {**wheels.get(name, {}), **versions}
    add_wheels(wheels, wanted)
    kept: Wheels = {}
    for name, version in wanted:
        kept.setdefault(name, {})[version] = wheels[name][version]
    write_packages(PINS / "packages.yaml", kept, header)


if __name__ == "__main__":
    main()
