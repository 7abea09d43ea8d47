"""The columns of the table that a scikit-learn model was fitted on, and what may stand in each."""

from __future__ import annotations

import math
from collections import UserList
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .pickle import attribute, first_step, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TEXT = frozenset({"CountVectorizer", "HashingVectorizer", "TfidfVectorizer"})
ENCODERS = frozenset({"OneHotEncoder", "OrdinalEncoder", "TargetEncoder"})
# The modules of scikit-learn whose estimators take numbers alone, and ask no other estimator first.
NUMERIC = frozenset(
    {
        "cluster",
        "cross_decomposition",
        "decomposition",
        "discriminant_analysis",
        "gaussian_process",
        "kernel_approximation",
    }
    | {"kernel_ridge", "linear_model", "mixture", "naive_bayes", "neighbors", "neural_network", "random_projection"}
    | {"svm", "tree", "ensemble._forest", "ensemble._gb", "ensemble._iforest", "impute._knn"}
    | {"preprocessing._data", "preprocessing._discretization", "preprocessing._polynomial"}
)
ASKED = ("best_estimator_", "regressor_", "_preprocessor")
# Where those keep their fitted parts that hand all of their input on.
PARTS = {"FeatureUnion": "transformer_list", "SelectFromModel": "estimator_"}
PARTS |= dict.fromkeys(
    ("StackingClassifier", "StackingRegressor", "VotingClassifier", "VotingRegressor"), "estimators_"
)
NAMES = "feature_names_in_"


@dataclass(frozen=True)
class Column:
    """A column of the table that a model was fitted on.

    Attributes:
        name: Its name.
        dtype: `float64` where only numbers and booleans will do, `string` where only text will; None where either may.
        example: A value that the model knows, where it keeps some.
        needed: Whether the model looks at it.
    """

    name: str
    dtype: str | None = None
    example: str | float | bool | None = None
    needed: bool = True


def columns_of(model: Any) -> tuple[Column, ...]:
    """The columns in the order of the fit; none for a model that was fitted on arrays.

    Only names that an estimator keeps in its own state count: some libraries make names up for the columns of arrays.

    Args:
        model: The model.
    """
    first = first_step(model)
    states = (_state(each) for each in (model, first, _leading(first)))
    names = next((list(state[NAMES]) for state in states if state.get(NAMES) is not None), [])
    if not names or len(set(names)) != len(names) or not all(isinstance(name, str) for name in names):
        return ()
    found = {name: Column(name) for name in map(str, names)}
    _learn(model, list(found), found)
    if type(first).__name__ == "ColumnTransformer":
        for name in _dropped(first, list(found)):
            found[name] = replace(found[name], needed=False)
    return tuple(found.values())


def _leading(step: Any) -> Any:
    """The first of a step's parts, and so on: where scikit-learn looks for what the step does not say."""
    parts = _parts(step)
    return _leading(first_step(parts[0])) if parts else step


def _parts(step: Any) -> list[Any]:
    """The fitted estimators to each of which a step hands all of its input; none for one that works by itself."""
    kept = attribute(step, PARTS.get(type(step).__name__, ""))
    parts = (each[1] if isinstance(each, tuple) else each for each in (kept if isinstance(kept, list) else [kept]))
    return [part for part in parts if hasattr(part, "fit")]


def _state(model: Any) -> dict[str, Any]:
    return getattr(model, "__dict__", {})


def _learn(step: Any, names: list[str], found: dict[str, Column]) -> None:
    """Notes what a step that is given these columns says of them."""
    # A booster of histograms has some of its columns made numbers first.
    asked = next((one for name in ASKED if (one := attribute(step, name)) is not None), None)
    kind = type(step).__name__
    if asked is not None:
        _learn(asked, names, found)
    elif kind == "Pipeline":
        _learn_of_steps(steps_of(step), names, found)
    elif kind == "ColumnTransformer":
        for _, inner, wanted in attribute(step, "transformers_") or ():
            chosen = _chosen(wanted, names)
            if chosen and hasattr(inner, "fit"):
                _learn(inner, chosen, found)
    elif parts := _parts(step):
        for inner in parts:
            _learn(inner, names, found)
    else:
        _learn_of_one(step, names, found)


def _learn_of_one(step: Any, names: list[str], found: dict[str, Column]) -> None:
    kind = type(step).__name__
    if kind == "SimpleImputer":
        statistics = attribute(step, "statistics_")
        for name, value in zip(names, () if statistics is None else statistics.tolist(), strict=False):
            # What fills the gaps of text serves as an example, a mean would be an odd one.
            _note(found, name, [value], with_example=isinstance(value, str))
    elif kind in ENCODERS:
        for name, values in zip(names, attribute(step, "categories_") or (), strict=False):
            _note(found, name, values.tolist())
    elif kind in TEXT or _is_numeric(step) or _checks_numbers(step):
        for name in names:
            _merge(found, Column(name, "string" if kind in TEXT else "float64"))


def _learn_of_steps(steps: list[Any], names: list[str], found: dict[str, Column]) -> None:
    for inner in steps:
        _learn(inner, names, found)
        if type(inner).__name__ != "SimpleImputer" or attribute(inner, "add_indicator"):
            return  # what comes after it has other columns


def _is_numeric(step: Any) -> bool:
    library, *parts = type(step).__module__.split(".")
    return library == "sklearn" and bool({parts[0], ".".join(parts[:2])} & NUMERIC if parts else False)


def _checks_numbers(step: Any) -> bool:
    """Whether it is what a booster of histograms gives the features that are no categories."""
    return getattr(getattr(attribute(step, "func"), "func", None), "__name__", "") == "check_array"


def _note(found: dict[str, Column], name: str, values: Sequence[Any], *, with_example: bool = True) -> None:
    """Notes what stands in a column, by values that did."""
    there = [each for each in values if isinstance(each, (str, int, float)) and each == each]  # noqa: PLR0124 - NaN
    if not there:
        return
    kinds = {isinstance(each, str) for each in there}
    dtype = None if len(kinds) > 1 else "string" if True in kinds else "float64"
    fits = with_example and (not isinstance(there[0], float) or math.isfinite(there[0]))
    _merge(found, Column(name, dtype, there[0] if fits else None))


def _merge(found: dict[str, Column], new: Column) -> None:
    """Adds what one step says of a column to what others have said; where they disagree either may stand in it."""
    old = found[new.name]
    agreed = new.dtype if old.dtype in {None, new.dtype} else None
    found[new.name] = replace(old, dtype=agreed, example=old.example if new.example is None else new.example)


def _dropped(step: Any, names: list[str]) -> list[str]:
    """The columns that no part of a ColumnTransformer takes; none where that is not certain."""
    kept: set[str] = set()
    for _, inner, wanted in attribute(step, "transformers_") or ():
        chosen = _chosen(wanted, names)
        if chosen is None:
            return []
        if inner is not None and not (isinstance(inner, str) and inner == "drop"):
            kept.update(chosen)
    return [name for name in names if name not in kept]


def _chosen(wanted: Any, names: list[str]) -> list[str] | None:
    """The names of columns that are chosen by name, by position or by a mask; None for another way."""
    if isinstance(wanted, (str, int)) and not isinstance(wanted, bool):
        wanted = [wanted]
    if isinstance(wanted, slice):
        ends = (wanted.start, wanted.stop, wanted.step)
        return names[wanted] if all(end is None or isinstance(end, int) for end in ends) else None
    wanted = wanted.data if isinstance(wanted, UserList) else wanted.tolist() if hasattr(wanted, "tolist") else wanted
    if not isinstance(wanted, list):
        return None
    if wanted and all(isinstance(each, bool) for each in wanted):
        return [name for name, is_wanted in zip(names, wanted, strict=False) if is_wanted]
    return _looked_up(wanted, names)


def _looked_up(wanted: Iterable[Any], names: list[str]) -> list[str] | None:
    chosen = []
    for each in wanted:
        if isinstance(each, int) and not isinstance(each, bool) and -len(names) <= each < len(names):
            chosen.append(names[each])
        elif isinstance(each, str) and each in names:
            chosen.append(each)
        else:
            return None
    return chosen
