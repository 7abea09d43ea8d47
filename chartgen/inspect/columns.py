"""The columns of the table that a pickled scikit-learn model was fitted on, and what may stand in each.

The pod tells the same of the loaded model (`chartgen_runtime/formats/pickle_columns.py`); a test holds the two against
each other.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from chartgen.inspect.estimator import (
    DELEGATES,
    FEATURE_NAMES,
    PREPROCESSOR,
    elements_of,
    first_of,
    parts_of,
    steps_of,
    texts_of,
)
from chartgen.inspect.facts import Column
from chartgen.inspect.picklearrays import from_value
from chartgen.inspect.picklevalues import Global, Items, Made, Value, class_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TEXT = frozenset({"CountVectorizer", "HashingVectorizer", "TfidfVectorizer"})
_ENCODERS = frozenset({"OneHotEncoder", "OrdinalEncoder", "TargetEncoder"})
# The modules of scikit-learn whose estimators take numbers alone, and ask no other estimator first.
_NUMERIC = frozenset(
    {"cluster", "cross_decomposition", "decomposition", "discriminant_analysis", "gaussian_process"}
    | {"kernel_approximation", "kernel_ridge", "linear_model", "mixture", "naive_bayes", "neighbors", "neural_network"}
    | {"random_projection", "svm", "tree", "ensemble._forest", "ensemble._gb", "ensemble._iforest", "impute._knn"}
    | {"preprocessing._data", "preprocessing._discretization", "preprocessing._polynomial"}
)
_CHECK_ARRAY = Global("sklearn.utils.validation", "check_array")
_REMAINDER = "sklearn.compose._column_transformer._RemainderColsList"
_ASKED = (*DELEGATES, PREPROCESSOR)
_DEPTH = 8
_ROW = 3  # name, transformer, columns


class _Found(dict[str, Column]):
    """What is known of the columns, by their names.

    Attributes:
        left: How many columns may still be looked at, one for each step that has a say: a file may name a step many
            times over.
    """

    left = 100_000


def columns_of(value: Value) -> tuple[Column, ...]:
    """The columns in the order of the fit; none for a model that was fitted on arrays, or whose names are too many.

    Args:
        value: The value that loading a pickle would give.
    """
    if not isinstance(value, Made):
        return ()
    steps = steps_of(value)
    names = texts_of(first_of(value, steps, FEATURE_NAMES))
    if not names or len(set(names)) != len(names):
        return ()
    found = _Found({name: Column(name) for name in names})
    _learn(value, names, found, 0)
    if _name(steps[0]) == "ColumnTransformer":
        for name in _dropped(steps[0], names):
            found[name] = replace(found[name], needed=False)
    return tuple(found.values())


def _name(step: Value) -> str:
    cls = class_of(step)
    return cls.name if cls is not None else ""


def _learn(step: Made, names: list[str], found: _Found, depth: int) -> None:
    """Notes what a step that is given these columns says of them."""
    asked = next((each for name in _ASKED if isinstance(each := step.attributes.get(name), Made)), None)
    found.left -= 1 + len(names)
    if depth > _DEPTH or found.left < 0:
        return
    if asked is not None:
        _learn(asked, names, found, depth + 1)
        return
    if _name(step) == "Pipeline":
        _learn_of_steps(step, names, found, depth)
    elif _name(step) == "ColumnTransformer":
        for inner, wanted in _parts(step):
            chosen = _chosen(wanted, names)
            if chosen and isinstance(inner, Made):
                _learn(inner, chosen, found, depth + 1)
    elif inside := parts_of(step):
        for inner in inside:
            _learn(inner, names, found, depth + 1)
    else:
        _learn_of_one(step, _name(step), names, found)


def _learn_of_one(step: Made, kind: str, names: list[str], found: _Found) -> None:
    if kind == "SimpleImputer":
        _learn_of_imputer(step, names, found)
    elif kind in _ENCODERS:
        categories = step.attributes.get("categories_")
        for column, values in zip(names, categories.head if isinstance(categories, Items) else (), strict=False):
            _note(found, column, elements_of(values))
    elif kind in _TEXT or _is_numeric(step) or _checks_numbers(step):
        for column in names:
            _merge(found, Column(column, "string" if kind in _TEXT else "float64"))


def _learn_of_steps(step: Made, names: list[str], found: _Found, depth: int) -> None:
    steps = step.attributes.get("steps")
    for pair in steps.head if isinstance(steps, Items) else ():
        inner = pair[1] if isinstance(pair, tuple) and len(pair) == 2 else None  # noqa: PLR2004 - name and estimator
        if not isinstance(inner, Made):
            continue  # it hands on what comes into it
        _learn(inner, names, found, depth + 1)
        if _name(inner) != "SimpleImputer" or inner.attributes.get("add_indicator"):
            return  # what comes after it has other columns


def _learn_of_imputer(step: Made, names: list[str], found: _Found) -> None:
    """Notes what kind of value fills the gaps; a text also serves as an example, a mean would be an odd one."""
    statistics = step.attributes.get("statistics_")
    array, values = from_value(statistics), elements_of(statistics)
    if array is None or array.shape != (len(values),):
        return
    for name, value in zip(names, values, strict=False):
        _note(found, name, [value], with_example=isinstance(value, str))


def _is_numeric(step: Made) -> bool:
    cls = class_of(step)
    library, *parts = cls.module.split(".") if cls is not None else [""]
    return library == "sklearn" and bool(parts) and bool({parts[0], ".".join(parts[:2])} & _NUMERIC)


def _checks_numbers(step: Made) -> bool:
    """Whether it is what a booster of histograms gives the features that are no categories."""
    made = step.attributes.get("func")
    return isinstance(made, Made) and isinstance(made.arguments, tuple) and made.arguments[:1] == (_CHECK_ARRAY,)


def _note(found: _Found, name: str, values: Sequence[bool | float | str], *, with_example: bool = True) -> None:
    """Notes what stands in a column, by values that did."""
    there = [each for each in values if not (isinstance(each, float) and math.isnan(each))]
    if not there:
        return
    kinds = {isinstance(each, str) for each in there}
    dtype = None if len(kinds) > 1 else "string" if True in kinds else "float64"
    fits = with_example and (not isinstance(there[0], float) or math.isfinite(there[0]))
    _merge(found, Column(name, dtype, there[0] if fits else None))


def _merge(found: _Found, new: Column) -> None:
    """Adds what one step says of a column to what others have said; where they disagree either may stand in it."""
    old = found[new.name]
    agreed = new.dtype if old.dtype in {None, new.dtype} else None
    found[new.name] = replace(old, dtype=agreed, example=old.example if new.example is None else new.example)


def _parts(step: Made) -> Iterator[tuple[Value, Value]]:
    """The parts of a fitted ColumnTransformer, each with its choice of columns."""
    fitted = step.attributes.get("transformers_")
    for row in fitted.head if isinstance(fitted, Items) else ():
        if isinstance(row, tuple) and len(row) == _ROW:
            yield row[1], row[2]


def _dropped(step: Made, names: list[str]) -> list[str]:
    """The columns that no part of a ColumnTransformer takes; none where that is not certain."""
    kept: set[str] = set()
    fitted = step.attributes.get("transformers_")
    if not isinstance(fitted, Items) or fitted.count != sum(1 for _ in _parts(step)):
        return []
    for inner, wanted in _parts(step):
        chosen = _chosen(wanted, names)
        if chosen is None:
            return []
        if inner != "drop":
            kept.update(chosen)
    return [name for name in names if name not in kept]


def _chosen(wanted: Value, names: list[str]) -> list[str] | None:
    """The names of columns that are chosen by name, by position or by a mask; None for another way."""
    if isinstance(wanted, str) or (isinstance(wanted, int) and not isinstance(wanted, bool)):
        return _looked_up([wanted], names)
    if isinstance(wanted, Made) and str(wanted.maker) == "builtins.slice" and isinstance(wanted.arguments, tuple):
        ends = [end for end in wanted.arguments if end is None or isinstance(end, int)]
        return names[slice(*ends)] if len(ends) == len(wanted.arguments) == _ROW and ends[2] != 0 else None
    array = from_value(wanted)
    if array is not None:
        elements = elements_of(wanted)
        return _looked_up(elements, names) if array.shape == (len(elements),) else None
    if isinstance(wanted, Made) and str(class_of(wanted)) == _REMAINDER:
        wanted = wanted.attributes.get("data")
    if not isinstance(wanted, Items) or wanted.kind != "list" or len(wanted.head) != wanted.count:
        return None
    return _looked_up(wanted.head, names)


def _looked_up(wanted: Sequence[Value], names: list[str]) -> list[str] | None:
    if wanted and all(isinstance(each, bool) for each in wanted):
        return [name for name, is_wanted in zip(names, wanted, strict=False) if is_wanted]
    known, chosen = set(names), []
    for each in wanted:
        if isinstance(each, int) and not isinstance(each, bool) and -len(names) <= each < len(names):
            chosen.append(names[each])
        elif isinstance(each, str) and each in known:
            chosen.append(each)
        else:
            return None
    return chosen
