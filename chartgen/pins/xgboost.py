"""Which XGBoost loads a pickled model, and which build of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.errors import ModelUnsupportedError
from chartgen.pins.lockfile import LOCK_HINT
from chartgen.pins.versions import numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

XGBOOST = "xgboost"
CPU_BUILD = "xgboost-cpu"
"""The package with the same module as `xgboost`, without the code for GPUs: a fiftieth of the size, and no NCCL."""

# The newest release whose models XGBoost 3.2 was seen to answer for with the numbers of their writer.
_READ_BY_NEWEST = (3, 4)


def nearest(version: str | None, available: Sequence[str], warnings: list[str]) -> str:
    """The release to load a model with.

    An older XGBoost loads the pickles of a newer one and answers with other numbers, without a word: 3.0 takes the
    `base_score` of 3.1's for zero. So it is the writer's own minor release, or else the next one that there is.

    Args:
        version: The release that wrote the model; None where it does not say.
        available: What there is, the newest last.
        warnings: Gets what a person should know.

    Raises:
        ModelUnsupportedError: The model was written by a release that is too new for all of them.
    """
    newest = available[-1]
    if version is None:
        warnings.append(f"the model does not say which {XGBOOST} wrote it; {newest} will load it")
        return newest
    if version in available:
        return version
    if numbers(version)[:2] > max(list(_READ_BY_NEWEST), numbers(newest)[:2]):
        raise ModelUnsupportedError(
            f"the model was written by {XGBOOST} {version}, and chartgen has {available[0]} to {newest}, which may "
            "give other numbers without saying so",
            expected=f"a model of {XGBOOST} 3.4 or older",
            hint=f"train the model again with {XGBOOST} {newest}, or {LOCK_HINT}",
        )
    found = next((one for one in available if numbers(one)[:2] >= numbers(version)[:2]), newest)
    warnings.append(f"the model was written by {XGBOOST} {version}; {found} will load it")
    return found


def version_in(versions: Mapping[str, str], library: str) -> str | None:
    """The version of a library among the packages of a pod, where XGBoost may come by either of its names.

    Args:
        versions: The version of each package by its normalised name.
        library: The library, by its normalised name.
    """
    found = versions.get(library)
    return versions.get(CPU_BUILD) if found is None and library == XGBOOST else found
