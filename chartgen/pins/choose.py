"""Which version of each library a model gets: that which wrote it, or the nearest one that loads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.errors import ModelUnsupportedError
from chartgen.pins.keras import KERAS
from chartgen.pins.lockfile import LOCK_HINT
from chartgen.pins.tables import Versions, beside
from chartgen.pins.versions import numbers
from chartgen.pins.xgboost import XGBOOST, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chartgen.inspect.facts import Library

SCIKIT_LEARN = "scikit-learn"
"""The one library whose pickles only load with the version that wrote them, so that it has many sets."""

Sets = dict[str, Versions]
"""What a library needs, by its version, the newest last."""


def choose(
    libraries: Sequence[Library],
    sets: Mapping[str, Sets],
    runtime: str,
    warnings: list[str],
    *,
    mentioned: bool = True,
) -> Sets:
    """Chooses a version of each library, such that they go together.

    Args:
        libraries: What the model needs, with the versions that wrote it.
        sets: What there is of each, by its name; none of them is empty.
        runtime: The serving runtime, whose table says what goes with which scikit-learn.
        warnings: Gets what a person should know although it will probably work.
        mentioned: Whether objects of scikit-learn itself are in the model, and not only of what is made on its classes.

    Returns:
        The packages that each library needs, by its name.

    Raises:
        ModelUnsupportedError: No version loads the model, or none goes with the others.
    """
    goes_with = {library.name: found for library in libraries if (found := beside(runtime, library.name))}
    base = next((library for library in libraries if library.name == SCIKIT_LEARN), None)
    if base is None or not goes_with:
        return {
            library.name: sets[library.name][_version(library, sets[library.name], warnings)] for library in libraries
        }
    version = _version(base, sets[SCIKIT_LEARN], warnings if mentioned else [])
    chosen = {SCIKIT_LEARN: sets[SCIKIT_LEARN][version]}
    for library in libraries:
        available = sets[library.name]
        if library.name in goes_with:
            available = _beside(library, available, goes_with[library.name], version, chosen[SCIKIT_LEARN])
        if library is not base:
            chosen[library.name] = available[_version(library, available, warnings)]
    return chosen


def _beside(library: Library, sets: Sets, goes_with: Mapping[str, Sequence[str]], version: str, base: Versions) -> Sets:
    """The sets that go with a version of scikit-learn: what both need is as scikit-learn's own set has it.

    Raises:
        ModelUnsupportedError: There is none.
    """
    found = {
        each: {name: base.get(name, pinned) for name, pinned in packages.items()}
        for each, packages in sets.items()
        if version in goes_with.get(each, ())
    }
    if not found:
        raise ModelUnsupportedError(
            f"chartgen has no {library.name} that goes with {SCIKIT_LEARN} {version}, which wrote the model",
            hint=LOCK_HINT,
        )
    return found


def _version(library: Library, sets: Sets, warnings: list[str]) -> str:
    """The version of a library to take, as near to the one that wrote the model as the table has it."""
    newest = list(sets)[-1]
    if library.name == KERAS:
        return library.version or newest
    if library.name == XGBOOST:
        return nearest(library.version, list(sets), warnings)
    if library.name != SCIKIT_LEARN:
        if library.version is not None and numbers(library.version)[:2] > numbers(newest)[:2]:
            warnings.append(f"the model was written by {library}, which is newer; {newest} will load it")
        return newest
    if library.version is None:
        warnings.append(f"the model does not say which {SCIKIT_LEARN} wrote it; {newest} will load it")
        return newest
    if library.version in sets:
        return library.version
    same_minor = [version for version in sets if numbers(version)[:2] == numbers(library.version)[:2]]
    if not same_minor:
        have = list(sets)
        raise ModelUnsupportedError(
            f"the model was written by {SCIKIT_LEARN} {library.version}, and chartgen has {have[0]} to {have[-1]}",
            expected=f"a model of {SCIKIT_LEARN} {', '.join(sorted({_minor(version) for version in have}))}",
            hint=f"train the model again with one of these versions, or {LOCK_HINT}",
        )
    found = min(same_minor, key=lambda version: abs(_patch(version) - _patch(library.version or "")))
    warnings.append(f"the model was written by {SCIKIT_LEARN} {library.version}; {found} will load it")
    return found


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _patch(version: str) -> int:
    return (*numbers(version), 0, 0, 0)[2]
