"""Says why a pickle is refused that would import what is not on the allow-list, and what to do about it."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from chartgen.errors import ModelUnsafeError
from chartgen.inspect.allowlist import known_versions
from chartgen.inspect.packages import distribution
from chartgen.inspect.printable import SHOWN, listed, printable

if TYPE_CHECKING:
    from chartgen.inspect.modelfile import ModelFile
    from chartgen.inspect.pickletrace import Trace
    from chartgen.inspect.picklevalues import Global

_MACHINERY = frozenset({"builtins.type", "types.CellType", "types.CodeType", "types.FunctionType", "types.ModuleType"})
_TRUSTED_HINT = (
    "if you know where the file comes from and trust it, say so in the service file with `model.trusted: true`; "
    "the chart then records it"
)
_EXPECTED = (
    "only names on the allow-list of chartgen: those of NumPy, SciPy, scikit-learn, XGBoost and LightGBM "
    "that models hold"
)
# The libraries of the allow-list, what writes pickles, and what is in the pods of models that were fitted on tables.
_KNOWN = frozenset(
    {"cloudpickle", "joblib", "lightgbm", "numpy", "pandas", "scikit-learn", "scipy", "xgboost", "-main-"}
)
_SCIKIT_LEARN = "scikit-learn"
_VERSION = re.compile(r"[0-9]{1,3}(?:\.[0-9a-z]{1,8}){1,3}")
# What makes and keeps a frozen distribution, and the searches that are given some.
_DISTRIBUTIONS = (
    "scipy.stats._distn_infrastructure.",
    "scipy.stats._continuous_distns.",
    "scipy.stats._discrete_distns.",
)
_SEARCHES = ("RandomizedSearchCV", "HalvingRandomSearchCV")


def unsafe(file: ModelFile, untrusted: list[Global], trace: Trace) -> ModelUnsafeError:
    """The error that lists all that is refused.

    Args:
        file: The file.
        untrusted: The names that may not be imported or called, sorted; none where something else is odd.
        trace: What walking the pickle found.
    """
    names = [printable(str(found)) for found in untrusted]
    if any(found.module.startswith("cloudpickle") for found in untrusted):
        return _own_code(file, untrusted)
    parts = [f"would import {listed(names)}"] if names else []
    parts += sorted(f"does what no program that writes models does: {oddity}" for oddity in trace.oddities)
    said, hint = "; it ".join(parts), _TRUSTED_HINT
    before, expected = "", _EXPECTED
    if version := _other_version(untrusted, trace):
        first, *_, last = (_release(known) for known in known_versions(_SCIKIT_LEARN))
        before = (
            f"the model was written by scikit-learn {version}, and chartgen knows the classes of {first} to {last}; "
        )
        expected = f"a model of scikit-learn {first} to {last}"
        hint = (
            f"train the model again with one of these and write it anew; or, {_TRUSTED_HINT}; and pin scikit-learn "
            f"{version} with `chartgen lock`"
        )
    elif any(name.startswith(_DISTRIBUTIONS) for name in names):
        # The rest follows from it: the state of a distribution has more than one thing that is refused.
        said = f"would import {listed(names)}, and a distribution of scipy.stats runs a text out of the file as Python"
        hint = f"write the file without it; or, {_TRUSTED_HINT}"
        if any(found.name in _SEARCHES for found in trace.imports):
            hint = (
                "the search keeps the distributions that it was to try: write the model that it found, "
                f"`search.best_estimator_`, which gives the same answers; or, {_TRUSTED_HINT}"
            )
    elif libraries := _unknown(untrusted):
        are = "is not among the libraries" if len(libraries) == 1 else "are not among the libraries"
        said += f"; {listed(libraries)} {are} whose classes chartgen knows and whose versions it pins"
        hint = (
            f"{_TRUSTED_HINT}; and pin its libraries with `chartgen lock` (`--package NAME` where a package has "
            "another name than its module)"
        )
    return ModelUnsafeError(
        f"{before}loading this pickle could run any program: it {said}",
        names,
        shortened=len(names) > SHOWN,
        where=str(file.path),
        expected=expected,
        hint=hint,
    )


def _other_version(untrusted: list[Global], trace: Trace) -> str | None:
    """The scikit-learn that wrote a model, where all that is refused is of scikit-learn and its release is not known.

    Args:
        untrusted: What is refused.
        trace: What walking the pickle found.
    """
    said = next(iter(trace.sklearn_versions), "")
    if not _VERSION.fullmatch(said) or trace.oddities:
        return None
    if any(distribution(found.module.partition(".")[0]) != _SCIKIT_LEARN for found in untrusted):
        return None
    return None if _release(said) in map(_release, known_versions(_SCIKIT_LEARN)) else said


def _release(version: str) -> str:
    """The first two numbers of a version."""
    return ".".join(version.split(".")[:2])


def _unknown(untrusted: list[Global]) -> list[str]:
    """The packages that names are of and that chartgen has no versions of, in order."""
    modules = {found.module.partition(".")[0] for found in untrusted} - sys.stdlib_module_names
    return sorted(printable(package) for package in map(distribution, modules) if package not in _KNOWN)


def _own_code(file: ModelFile, untrusted: list[Global]) -> ModelUnsafeError:
    """The error about a function or class that cloudpickle wrote as code, since no library has it."""
    others = [printable(str(found)) for found in untrusted if not _is_machinery(found)]
    beside = f"; it would import {', '.join(others[:SHOWN])} as well" if others else ""
    return ModelUnsafeError(
        "the pickle holds Python code of its own: cloudpickle writes a function or class that no library has as code, "
        f"and loading the file runs it{beside}",
        [printable(str(found)) for found in untrusted],
        shortened=len(others) > SHOWN,
        where=str(file.path),
        expected="an object of classes that a library has, such as a scikit-learn estimator",
        hint="keep your own code in a handler (`runtime.handler`, a Python file that is reviewed with the service) and "
        f"write only the library's object to the file; or, {_TRUSTED_HINT}",
    )


def _is_machinery(found: Global) -> bool:
    """Whether it is one of the names by which cloudpickle makes functions and classes."""
    return found.module.split(".")[0] == "cloudpickle" or str(found) in _MACHINERY
