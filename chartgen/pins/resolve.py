"""Chooses the libraries of a pod: what the model was written with, what the runtime needs, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chartgen.errors import ModelUnsupportedError
from chartgen.inspect.boosters import LIGHTGBM_FORMAT
from chartgen.inspect.facts import Library
from chartgen.inspect.keraswriter import writer
from chartgen.inspect.packages import is_known
from chartgen.pins.choose import SCIKIT_LEARN, choose
from chartgen.pins.gpu import CPU_ONLY, GPU_PACKAGES, gpu_machines
from chartgen.pins.keras import KERAS, TENSORFLOW, nearest
from chartgen.pins.lockfile import LOCK, LOCK_HINT, Requirement, canonical, read_lock, requirements_text
from chartgen.pins.onnxlimits import check_onnx
from chartgen.pins.tables import (
    MACHINES,
    RUNTIMES,
    Versions,
    digests,
    extra_indexes,
    is_pinned,
    left_out,
    library_sets,
    machines,
    runtime_overrides,
    runtime_roots,
    runtime_set,
)
from chartgen.pins.versions import numbers
from chartgen.pins.xgboost import XGBOOST, version_in

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from chartgen.inspect.facts import ModelFacts


_ONNXRUNTIME = "onnxruntime"
# The pod's adapter works on arrays, whatever the model is.
_ALWAYS = ("numpy",)


@dataclass(frozen=True)
class Requirements:
    """The libraries of a pod.

    Attributes:
        text: A pip requirements file: `name==version` with the hashes of the wheels for linux on amd64 and arm64.
        warnings: What a person should know although it will probably work.
        versions: The version of each package by its normalised name.
        overrides: Packages in another version than one of the others asks for, so that pip must not compare.
        gpu: Whether the model's library is its build for GPUs.
        machines: The machines that there are wheels for.
    """

    text: str
    warnings: tuple[str, ...]
    versions: dict[str, str]
    overrides: tuple[str, ...] = ()
    gpu: bool = False
    machines: tuple[str, ...] = tuple(MACHINES)

    @property
    def indexes(self) -> tuple[str, ...]:
        """The indexes that the wheels lie on beside the public one, which has the builds for GPUs."""
        return () if self.gpu else extra_indexes(self.versions)


def resolve(
    facts: ModelFacts, runtime: str, lock: Path | None, *, roots: Sequence[str] | None = None, gpu: bool = False
) -> Requirements:
    """Chooses the libraries for a model and a serving runtime; the network is not asked.

    Args:
        facts: What the model file says of itself.
        runtime: The serving runtime's name.
        lock: A `requirements.lock`, which is used instead of chartgen's own tables; None for none.
        roots: What the adapter imports; None for what the table of the runtime says.
        gpu: Whether the model's library is to compute on a GPU.

    Returns:
        The requirements of the pod, as small a set as serves this model.

    Raises:
        ModelUnsupportedError: No set is known that loads this model, or that goes with the runtime.
        ServiceFileError: The lock file is not pinned and hashed, line by line.
    """
    pinned_roots, overrides = runtime_roots(runtime), tuple(runtime_overrides(runtime))
    usable = gpu_machines(facts, runtime) if gpu else tuple(MACHINES)
    if lock is not None:
        found = _from_lock(facts, roots or pinned_roots or [], overrides, read_lock(lock), str(lock))
        return replace(found, gpu=gpu, machines=usable, warnings=found.warnings + (_without_gpu(found) if gpu else ()))
    if pinned_roots is None:
        raise ModelUnsupportedError(f"chartgen has no versions for the runtime {runtime}", hint=LOCK_HINT)
    warnings: list[str] = []
    chosen: Versions = {}
    for library, versions in _model_sets(facts, runtime, warnings, gpu=gpu):
        _merge(chosen, versions, library, runtime)
    chosen = runtime_set(runtime) | chosen
    check_onnx(facts, _onnxruntime(chosen))
    pinned = [_pinned(name, version, gpu=gpu) for name, version in chosen.items()]
    return replace(_requirements(pinned, warnings, overrides), gpu=gpu, machines=usable)


def _onnxruntime(versions: Versions) -> str | None:
    """The version of onnxruntime, in either of its builds; None where there is none."""
    return versions.get(_ONNXRUNTIME, versions.get(GPU_PACKAGES[_ONNXRUNTIME]))


def _pinned(name: str, version: str, *, gpu: bool) -> Requirement:
    """The requirement for a package, with a marker where only one kind of machine needs it."""
    needing = machines(name, version, gpu=gpu)
    marker = f"platform_machine == '{MACHINES[needing[0]]}'" if len(needing) < len(MACHINES) else ""
    return Requirement(name, version, marker, tuple(digests(name, version, gpu=gpu)))


def _model_sets(facts: ModelFacts, runtime: str, warnings: list[str], *, gpu: bool) -> list[tuple[str, Versions]]:
    """The sets of the libraries that the model needs; one that is part of another one's set is left to that."""
    named = [*(library.name for library in facts.libraries), *_ALWAYS]
    sets = {name: library_sets(runtime, name, gpu=gpu) for name in named}
    libraries = [
        _with_keras(library, {*sets[library.name], *left_out(runtime, KERAS, gpu=gpu)}, warnings)
        if library.name == KERAS
        else library
        for library in facts.libraries
    ]
    for library in libraries:
        _check_goes_along(library, sets[library.name], runtime, gpu=gpu)
    unknown = [name for name, versions in sets.items() if not versions]
    if unknown:
        raise ModelUnsupportedError(
            f"the model needs {', '.join(sorted(unknown))}, for which chartgen has no versions",
            expected=f"{_ONNXRUNTIME}, {KERAS}, {SCIKIT_LEARN}, {XGBOOST}, lightgbm, torch, numpy, scipy, pandas, "
            "joblib or cloudpickle",
            hint=f"{LOCK_HINT}; a module of your own gets into the file by `cloudpickle.register_pickle_by_value`",
        )
    _check_lightgbm(facts)
    mentioned = not facts.imports or any(name.startswith("sklearn.") for name in facts.imports)
    chosen = choose(libraries, sets, runtime, warnings, mentioned=mentioned)
    found = [*chosen.items(), *((name, _newest(sets[name])) for name in _ALWAYS)]
    covered = {name for library, versions in found for name in versions if name != library}
    kept = {library: versions for library, versions in found if library not in covered}
    return sorted(kept.items())


def _check_lightgbm(facts: ModelFacts) -> None:
    """Refuses models of LightGBM 3 and older: LightGBM 4 loads them, but some cannot answer.

    Raises:
        ModelUnsupportedError: It is one.
    """
    old = sorted({"v2", "v3"} & set(facts.details.get(LIGHTGBM_FORMAT, "").split(", ")))
    if old:
        raise ModelUnsupportedError(
            f"the model is kept in LightGBM's format {old[0]}, as LightGBM 3 and older write it; chartgen has 4",
            expected="a model of LightGBM 4",
            hint=f"train the model again with LightGBM 4, or {LOCK_HINT} and `--package 'lightgbm<4'`",
        )


def _check_goes_along(library: Library, sets: dict[str, Versions], runtime: str, *, gpu: bool) -> None:
    """Refuses a version of a library that does not go with the runtime.

    Raises:
        ModelUnsupportedError: It does not; the message names what the two disagree on, and runtimes that it goes with.
    """
    reasons = left_out(runtime, library.name, gpu=gpu)
    reason = reasons.get(library.version or "") or (next(iter(reasons.values()), None) if not sets else None)
    if reason is None:
        return
    others = [other for other in RUNTIMES if library.version in library_sets(other, library.name, gpu=gpu)]
    names = " or ".join(f"`runtime: {other}`" for other in others if other != runtime)
    raise ModelUnsupportedError(
        f"{library} does not install together with the runtime {runtime}: {reason}",
        expected=f"a model of {library.name} {', '.join(sets)}" if sets else None,
        hint=f"take {names or 'another `runtime`'}, whose own libraries it goes with"
        + (f"; or save the model with {library.name} {list(sets)[-1]}" if sets else ""),
    )


def _with_keras(library: Library, available: set[str], warnings: list[str]) -> Library:
    """Keras of the version that loads the model.

    Raises:
        ModelUnsupportedError: There is none; the message names the versions.
    """
    version = nearest(library.version, available)
    if version is None:
        raise ModelUnsupportedError(
            f"the model was written by {library}, and chartgen has {' and '.join(sorted(available, key=numbers))}",
            expected="a model of one of these, or of an older one with the same first number",
            hint=f"save the model with one of these versions, or {LOCK_HINT}",
        )
    if version != library.version:
        warnings.append(f"the model was written by {writer(library.version)}; {KERAS} {version} will load it")
    return Library(KERAS, version)


def _newest(sets: dict[str, Versions]) -> Versions:
    return list(sets.values())[-1]


def _merge(chosen: Versions, versions: Versions, library: str, runtime: str) -> None:
    """Adds a library's set to those of the others.

    Raises:
        ModelUnsupportedError: They need different versions of one package.
    """
    for name, version in versions.items():
        if chosen.setdefault(name, version) != version:
            raise ModelUnsupportedError(
                f"{library} needs {name} {version}, but what else is in the pod of {runtime} needs {chosen[name]}",
                hint=LOCK_HINT,
            )


def _from_lock(
    facts: ModelFacts, roots: Sequence[str], overrides: tuple[str, ...], pinned: list[Requirement], where: str
) -> Requirements:
    """The requirements that a lock file gives.

    Raises:
        ModelUnsupportedError: A package is missing that the runtime or the model cannot do without.
    """
    versions = {requirement.name: requirement.version for requirement in pinned}
    needed = {canonical(name) for name in (*roots, *_ALWAYS)}
    needed |= {canonical(one.name) for one in facts.libraries if is_pinned(one.name) or is_known(one.name)}
    if KERAS in needed and not versions.keys() & set(TENSORFLOW):
        needed.add(TENSORFLOW[0])
    missing = sorted(
        name for name in needed if version_in(versions, name) is None and GPU_PACKAGES.get(name) not in versions
    )
    if missing:
        raise ModelUnsupportedError(
            f"the lock file lacks {', '.join(missing)}, which the runtime or the model needs",
            where=where,
            hint="make the file again: with `chartgen lock`, or from a list that names what is missing",
        )
    warnings = [
        f"the model imports `{one.name}`, and {LOCK} has no package of that name; it may come from another one"
        for one in facts.libraries
        if version_in(versions, canonical(one.name)) is None and GPU_PACKAGES.get(one.name) not in versions
    ]
    for one in facts.libraries:
        have = version_in(versions, canonical(one.name))
        same = {SCIKIT_LEARN: 2, XGBOOST: 2, KERAS: 1}.get(one.name, 0)  # how many numbers of the version must agree
        if one.version and have and numbers(have)[:same] != numbers(one.version)[:same]:
            warnings.append(f"the model was written by {one}, and {LOCK} has {have}")
    check_onnx(facts, _onnxruntime(versions) if facts.format == "onnx" else None)
    return _requirements(pinned, warnings, overrides)


def _without_gpu(found: Requirements) -> tuple[str, ...]:
    """A warning for each package of a lock file that has no code for GPUs, by its name or its version."""
    names = [name for name, version in found.versions.items() if name in CPU_ONLY or version.endswith("+cpu")]
    return tuple(
        f"{LOCK} has {name} {found.versions[name]}, a build without GPUs: with `gpu` the pod would end with an error; "
        "run `chartgen lock` again, which takes the other one"
        for name in names
    )


def _requirements(pinned: list[Requirement], warnings: list[str], overrides: tuple[str, ...]) -> Requirements:
    versions = {one.name: one.version for one in pinned}
    return Requirements(requirements_text(pinned), tuple(warnings), versions, overrides)
