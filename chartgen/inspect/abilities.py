"""What a pickled object can be asked for: told by its class and its state, without making it.

Only what is certain is said. The table of classes is made from scikit-learn itself (`tools/make_estimator_table.py`); a
class that is not in it may be able to do anything.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from chartgen.inspect.boosters import ABILITIES, is_unfitted, takes_categories
from chartgen.inspect.estimator import FEATURE_NAMES, PREPROCESSOR, first_of, kind_of, steps_of
from chartgen.inspect.facts import METHODS, Abilities
from chartgen.inspect.picklearrays import from_value
from chartgen.inspect.picklevalues import Entries, Global, Items, Made, Value, class_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TABLE = "estimators.yaml"

# Nothing of these libraries has a `predict`.
_NO_MODELS = frozenset(sys.stdlib_module_names | {"numpy", "scipy"})

_PIPELINE = "sklearn.pipeline.Pipeline"
_FROZEN = "sklearn.frozen._frozen.FrozenEstimator"
_ANSWERS = frozenset({"predict", "predict_proba", "predict_log_proba", "decision_function"})
# The fitted estimators that a class asks for some of its methods, and those methods.
_DELEGATES = {
    "sklearn.ensemble._stacking.StackingClassifier": ("final_estimator_", _ANSWERS),
    "sklearn.feature_selection._rfe.RFE": ("estimator_", _ANSWERS),
    "sklearn.feature_selection._rfe.RFECV": ("estimator_", _ANSWERS),
    "sklearn.multiclass.OneVsRestClassifier": ("estimators_", _ANSWERS - {"predict"}),
    "sklearn.multioutput.MultiOutputClassifier": ("estimators_", frozenset({"predict_proba"})),
}
_ENCODERS = ("OneHotEncoder", "OrdinalEncoder", "TargetEncoder")
_COLUMN_TRANSFORMER = "sklearn.compose._column_transformer.ColumnTransformer"
# How a step was told, with `set_output`, to answer.
_OUTPUT_CONFIG = "_sklearn_output_config"
# The default of a parameter that a release is about to remove: as good as false.
_DEPRECATED = "deprecated"
_DEPTH = 8
# How many values are looked at in the search for steps that need a table; models hold few outside of arrays.
_VISITED = 20_000


@cache
def _table() -> Mapping[str, Any]:
    # The C loader reads the table in a tenth of the time; not every build of PyYAML has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    table: Mapping[str, Any] = yaml.load(files(__package__).joinpath(TABLE).read_text("utf-8"), Loader=loader)  # noqa: S506 - safe loaders both
    return table


def abilities(value: Value) -> Abilities:
    """What can be asked of the value that loading a pickle would give.

    Args:
        value: The value.
    """
    if not isinstance(value, Made):
        # A name is a function or a class, of which no object was made.
        return Abilities(instead=f"{value} itself" if isinstance(value, Global) else kind_of(value))
    if class_of(value) is not None and kind_of(value).partition(".")[0] in _NO_MODELS:
        return Abilities(instead=kind_of(value))
    steps = steps_of(value)
    return Abilities(
        lacks={method: reason for method in METHODS if (reason := _lacks(value, method, 0))},
        unfitted=next((kind_of(step) for step in steps if _is_unfitted(step)), None),
        needs_table=first_of(value, steps, FEATURE_NAMES) is not None
        or any(_needs_table(part) for part in _parts(value)),
        takes_texts=_takes_texts(steps[0]),
        takes_categories=takes_categories(value),
    )


def _lacks(model: Made, method: str, depth: int) -> str | None:
    """Why the model has no such method; None where it has, or where nobody knows."""
    name = str(class_of(model))
    entry: Mapping[str, Any] | None = _table().get(name) or ABILITIES.get(name)
    if name == _FROZEN:
        entry = {"methods": METHODS}
    if entry is None or depth > _DEPTH:
        return None
    short = name.rpartition(".")[2]
    last = _last_step(model) if name == _PIPELINE else model
    if last in (None, "passthrough"):  # It hands on what comes into it, which only `transform` does.
        return None if method == "transform" else f"{short} that ends with {last!r}"
    if method not in entry["methods"]:
        return short
    for parameter, values in entry.get("without", {}).get(method, {}).items():
        have = model.attributes.get(parameter)
        if parameter in model.attributes and isinstance(have, bool | str | None) and have in values:
            return f"{short} with {parameter}={have!r}" if have != _DEPRECATED else f"{short} without {parameter}=True"
    inner = _asked(model, name, method)
    return _lacks(inner, method, depth + 1) if inner is not None else None


def _asked(model: Made, name: str, method: str) -> Made | None:
    """The estimator that the model asks in its turn: its last step, the best of a search, the first of several."""
    asked: Value
    if name == _PIPELINE:
        asked = last if (last := _last_step(model)) is not model else None
    elif name == _FROZEN:
        asked = model.attributes.get("estimator")
    elif name in _DELEGATES:
        attribute, methods = _DELEGATES[name]
        asked = model.attributes.get(attribute) if method in methods else None
    else:
        asked = model.attributes.get("best_estimator_")
    if isinstance(asked, Items) and asked.head:
        asked = asked.head[0]
    return asked if isinstance(asked, Made) else None


def _last_step(model: Made) -> Value:
    """What stands as the last step of a pipeline; the pipeline itself where that is not known."""
    steps = model.attributes.get("steps")
    if not isinstance(steps, Items) or not steps.head or steps.count != len(steps.head):
        return model
    last = steps.head[-1]
    return last[1] if isinstance(last, tuple) and len(last) == 2 else model  # noqa: PLR2004 - name and estimator


def _takes_texts(step: Made) -> bool:
    """Whether it is certain that a step was fitted with texts, and so cannot answer numbers."""
    inner = step.attributes.get(PREPROCESSOR)
    fitted = inner.attributes.get("transformers_") if isinstance(inner, Made) else None
    if isinstance(fitted, Items):
        rows = [row for row in fitted.head if isinstance(row, tuple) and len(row) == 3]  # noqa: PLR2004 - name, transformer, columns
        return any(
            _takes_texts(row[1]) for row in rows if isinstance(row[1], Made) and PREPROCESSOR not in row[1].attributes
        )
    cls, categories = class_of(step), step.attributes.get("categories_")
    if cls is None or cls.name not in _ENCODERS or not isinstance(categories, Items):
        return False
    arrays = [array for one in categories.head if (array := from_value(one)) is not None]
    return any(
        (array.dtype or "").startswith("U")
        or (array.items is not None and any(isinstance(item, str) for item in array.items.head))
        for array in arrays
    )


def _is_unfitted(step: Made) -> bool:
    """Whether it is certain that the estimator was never fitted: what it learns is kept in names that end with `_`."""
    name, state = str(class_of(step)), step.attributes
    if is_unfitted(name, step):
        return True
    entry = _table().get(name, {})
    if not entry.get("needs_fit") or not isinstance(step.state, Entries) or step.state.count != len(state):
        return False
    return not any(name.endswith("_") and not name.startswith("__") for name in state)


def _needs_table(part: Made) -> bool:
    """Whether a part of the model works on tables with named columns, as pandas has them, and not on arrays."""
    config = part.attributes.get(_OUTPUT_CONFIG)
    if isinstance(config, Entries) and "pandas" in config.head.values():
        return True
    if str(class_of(part)) != _COLUMN_TRANSFORMER:
        return False
    transformers = part.attributes.get("transformers")
    rows = transformers.head if isinstance(transformers, Items) else ()
    return any(_by_name(row[2]) for row in rows if isinstance(row, tuple) and len(row) == 3)  # noqa: PLR2004 - name, transformer, columns


def _by_name(columns: Value) -> bool:
    """Whether columns are chosen by their names, or by a function of the table."""
    if isinstance(columns, Items):
        return any(isinstance(one, str) for one in columns.head)
    if isinstance(columns, Made):
        return str(class_of(columns)).endswith(".make_column_selector")
    return isinstance(columns, str)


def _parts(model: Made) -> Iterator[Made]:
    """The objects that a model is made of, itself first, as far as they were kept."""
    waiting: list[Value] = [model]
    seen: set[int] = set()
    while waiting and len(seen) < _VISITED:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        match value:
            case Made():
                yield value
                waiting += [value.state, value.entries]
            case Entries():
                waiting += value.head.values()
            case Items():
                waiting += value.head
            case tuple():
                waiting += value
            case _:
                pass
