"""What a model needs, locked: versions and hashes for `requirements.lock`, from a package index."""

from __future__ import annotations

import itertools
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chartgen.errors import LockError
from chartgen.inspect.packages import is_known
from chartgen.pins.gpu import gpu_machines, gpu_requirements
from chartgen.pins.keras import KERAS
from chartgen.pins.keras import requirements as keras_requirements
from chartgen.pins.lockfile import Requirement, canonical, requirements_text
from chartgen.pins.tables import (
    MACHINES,
    digests,
    extra_indexes,
    is_pinned,
    library_sets,
    runtime_overrides,
    runtime_roots,
    runtime_set,
)
from chartgen.pins.uv import Index, Package, compile_for
from chartgen.pins.xgboost import CPU_BUILD, XGBOOST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from chartgen.inspect.facts import ModelFacts

_MARK = "# Written by `chartgen lock"
_HEADER = (
    "# Written by `{command}`, for Python {python} on Linux ({machines}).\n"
    "# Run that again, in this folder, instead of changing this.\n"
)
_COMMAND = re.compile(r"# Written by `(chartgen lock.*)`, for Python ")
_HEAD_MAX = 1 << 16
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
# What the pickle itself says of numpy, whose arrays are written differently by its two majors.
_NUMPY = {"1": "numpy<2", "2 or newer": "numpy>=2"}


@dataclass(frozen=True)
class Locked:
    """A lock.

    Attributes:
        text: The lock file's content.
        packages: How many packages it holds.
        warnings: What a person should know although it will probably work.
    """

    text: str
    packages: int
    warnings: tuple[str, ...]


def lock(
    facts: ModelFacts,
    runtime: str,
    *,
    python: str,
    roots: Sequence[str] | None = None,
    more: Sequence[str] = (),
    machines: Sequence[str] = tuple(MACHINES),
    command: str = "chartgen lock",
    index: Index | None = None,
    gpu: bool = False,
) -> Locked:
    """Choose and hash the libraries of a pod; the package index is asked.

    Args:
        facts: What the model file says of itself.
        runtime: The serving runtime's name.
        python: The pod's Python, as `3.11`.
        roots: What the adapter imports; None for what the table of the runtime says.
        more: Further requirements; one for a library of the model takes the place of the model's own version.
        machines: The machines that the pods may run on, `amd64` or `arm64`.
        command: What makes the same again, on one line, for the file's head.
        index: Where packages come from.
        gpu: Whether the model's library is to compute on a GPU; its build for GPUs is the public index's.

    Raises:
        LockError: A package or a wheel is missing, or no set installs together.
        ProgramMissingError: There is no uv.
    """
    wanted, warnings = _wanted(facts, runtime_roots(runtime) or () if roots is None else roots, more, gpu=gpu)
    own, wanted = ([], wanted) if gpu else _own_builds(wanted, runtime)
    machines = [machine for machine in machines if not gpu or machine in gpu_machines(facts, runtime)]
    if not machines:
        raise LockError(
            "the build for GPUs of the model's library has no wheels for these machines",
            expected=", ".join(gpu_machines(facts, runtime)),
            hint="leave --machine out, or `gpu`",
        )
    settled = runtime_set(runtime)
    overrides = [f"{name}=={settled[name]}" for name in runtime_overrides(runtime)]
    replaced = {_name_of(each) for each in more}
    constraints = {name: version for name, version in settled.items() if name not in replaced}
    found: dict[str, dict[str, Package]] = {}
    for machine in machines:
        found[machine] = compile_for(
            machine, wanted, constraints, python=python, index=index or Index(), overrides=overrides
        )
        # One version on all machines: a model must not answer differently by the node that it is on.
        constraints |= {name: package.version for name, package in found[machine].items()}
    pinned = sorted([*_merged(found), *own], key=lambda each: each.name)
    header = _HEADER.format(command=command, python=python, machines=", ".join(machines))
    return Locked(header + requirements_text(pinned), len(pinned), tuple(warnings))


def is_ours(path: Path) -> bool:
    """Whether a lock file was written by `lock`, and not by a person or another program."""
    with path.open("rb") as file:
        return file.read(len(_MARK)) == _MARK.encode()


def dropped(path: Path, more: Sequence[str]) -> list[str]:
    """The requirements that a lock file of ours was made with, by the command in its head, and that are gone now.

    Args:
        path: The file; none are found where there is none, or one of somebody else.
        more: What is asked for now, besides the model's.
    """
    try:
        with path.open(encoding="utf-8") as file:
            match = _COMMAND.match(file.readline(_HEAD_MAX))
        words = shlex.split(match[1]) if match else []
    except (OSError, ValueError):
        return []
    named = {_name_of(each) for each in more}
    before = [value for option, value in itertools.pairwise(words) if option == "--package"]
    return [each for each in before if _name_of(each) not in named]


def _wanted(facts: ModelFacts, roots: Sequence[str], more: Sequence[str], *, gpu: bool) -> tuple[list[str], list[str]]:
    """The requirements, and a warning for each import that no package is known for."""
    named = {_name_of(each) for each in more}
    wanted = [*more, *(name for name in roots if canonical(name) not in {*named, "numpy"})]
    warnings = []
    for library in facts.libraries:
        name = canonical(library.name)
        if name in named or name == "numpy":
            continue
        if not is_pinned(library.name) and not is_known(library.name):
            warnings.append(f"the model imports `{library.name}`: add its package with --package, if it needs one")
            continue
        if gpu and (builds := gpu_requirements(library)) is not None:
            wanted += builds
            continue
        if name == KERAS and facts.format == "keras":
            wanted += keras_requirements(library.version)
            continue
        if name == XGBOOST:
            if CPU_BUILD in named:
                continue
            name = CPU_BUILD  # The plain package brings the code for GPUs along.
        wanted.append(f"{name}=={library.version}" if library.version else name)
    if "numpy" not in named:
        wanted.append(_NUMPY.get(facts.details.get("numpy", ""), "numpy"))
    return sorted(wanted), warnings


def _own_builds(wanted: list[str], runtime: str) -> tuple[list[Requirement], list[str]]:
    """The packages whose pinned wheels are of another index, and what remains to be asked for in their place.

    The public index has another build of them, which needs more: torch with all of CUDA.
    """
    own, asked = [], []
    for each in wanted:
        name, _, version = each.partition("==")
        sets = library_sets(runtime, name) if extra_indexes([name]) else {}
        version = version or next(reversed(sets), "")
        if version not in sets:
            asked.append(each)
            continue
        own.append(Requirement(name, version, "", tuple(digests(name, version))))
        asked += [package for package in sets[version] if package != name]
    return own, asked


def _name_of(requirement: str) -> str:
    """The normalised name of the package that a requirement is about.

    Raises:
        LockError: It does not begin with one.
    """
    match = _NAME.match(requirement)
    if match is None or not requirement.isprintable():
        raise LockError(f"not a requirement: {requirement!r}", expected="such as `pandas`, `pandas==2.2.3`, `numpy<2`")
    return canonical(match[0])


def _merged(found: Mapping[str, Mapping[str, Package]]) -> list[Requirement]:
    """One requirement for each package, with the hashes for all machines; a marker where not all of them need it."""
    names = sorted({name for packages in found.values() for name in packages})
    return [
        _requirement(name, {machine: each[name] for machine, each in found.items() if name in each}, len(found))
        for name in names
    ]


def _requirement(name: str, by_machine: Mapping[str, Package], machines: int) -> Requirement:
    hashes = sorted({digest for package in by_machine.values() for digest in package.hashes})
    version = next(iter(by_machine.values())).version
    needing = [f"platform_machine == '{MACHINES[machine]}'" for machine in by_machine]
    marker = "" if len(needing) == machines else " or ".join(needing)
    return Requirement(name, version, marker, tuple(hashes))
