"""What a pickled scikit-learn estimator says of itself: its version, its features, its classes."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chartgen.inspect.boosters import LIGHTGBM, XGBOOST, classes, features
from chartgen.inspect.facts import Library, Signature
from chartgen.inspect.picklearrays import from_value
from chartgen.inspect.picklevalues import Entries, Global, Items, Made, Value, class_of

if TYPE_CHECKING:
    from chartgen.inspect.pickletrace import Trace

SCIKIT_LEARN = "scikit-learn"
_SCALARS = {Global("numpy.core.multiarray", "scalar"), Global("numpy._core.multiarray", "scalar")}

DELEGATES = ("best_estimator_", "regressor_")
"""Where a search, or a regressor on a transformed target, keeps the fitted estimator that it asks for everything."""

FEATURE_NAMES = "feature_names_in_"
"""Where an estimator keeps the names of the columns of the table that it was fitted on."""

_SHOWN = 20
_WIDTH = 80
_STEPS_DEPTH = 8

# struct's codes for the element types in which classes are written.
_FORMATS = {"i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "i8": "q", "u8": "Q", "b1": "?"}
_FORMATS |= {"f4": "f", "f8": "d"}

# What comes in front of the features: a table whose columns differ in type, or single texts.
_TABLES = (
    "ColumnTransformer",
    "OneHotEncoder",
    "OrdinalEncoder",
    "TargetEncoder",
    "SimpleImputer",
    "FunctionTransformer",
)
_CLUSTERS = ("KMeans", "MiniBatchKMeans", "BisectingKMeans")
_TEXTS = ("CountVectorizer", "TfidfVectorizer", "HashingVectorizer")


@dataclass
class Description:
    """What was found.

    Attributes:
        producer: The library that wrote the model.
        inputs: The input, where the number of features is known.
        outputs: Always empty so far: what comes out depends on the method that is called.
        details: Facts for people, by label.
    """

    producer: Library | None = None
    inputs: tuple[Signature, ...] = ()
    outputs: tuple[Signature, ...] = ()
    details: dict[str, str] = field(default_factory=dict)


def describe(value: Value, trace: Trace) -> Description:
    """Describes the value that loading would give.

    Args:
        value: The value.
        trace: What walking the pickle found.
    """
    found = Description()
    found.details["object"] = kind_of(value)
    model = value if isinstance(value, Made) else None
    found.producer = _producer(model, trace)
    if len(trace.sklearn_versions) > 1:
        found.details["scikit-learn versions"] = ", ".join(trace.sklearn_versions)
    if model is None:
        return found
    steps = steps_of(model)
    if len(steps) > 1:
        found.details["steps"] = " → ".join(kind_of(step).rpartition(".")[2] for step in steps)
    found.inputs = _inputs(model, steps)
    told_apart = steps[-1].attributes.get("classes_", model.attributes.get("classes_")) or classes(steps[-1])
    names = texts_of(told_apart)
    if names:
        found.details["classes"] = _shortened(names)
    return found


def kind_of(value: Value) -> str:
    """The name of a value's class."""
    if isinstance(value, Items):
        return value.kind
    if isinstance(value, Entries):
        return "dict"
    if from_value(value) is not None:
        return "numpy.ndarray"
    if isinstance(value, Made):
        cls = class_of(value)
        return str(cls) if cls else "object"
    return "NoneType" if value is None else type(value).__name__ if not isinstance(value, Global) else str(value)


def _producer(model: Made | None, trace: Trace) -> Library | None:
    """The library that wrote the model; the version is that of the outermost estimator."""
    if model is not None and (own := _of_booster(model, trace)):
        return own
    version = model.attributes.get("_sklearn_version") if model is not None else None
    if not isinstance(version, str):
        version = next(iter(trace.sklearn_versions), None)
    if version is not None or any(found.module.split(".")[0] == "sklearn" for found in trace.imports):
        return Library(SCIKIT_LEARN, version)
    return None


def _of_booster(model: Made, trace: Trace) -> Library | None:
    """XGBoost or LightGBM, where the model itself is of one of them."""
    library = str(class_of(model)).partition(".")[0]
    if library == XGBOOST:
        return Library(XGBOOST, next(iter(trace.xgboost_versions), None))
    return Library(LIGHTGBM) if library == LIGHTGBM else None


def steps_of(model: Made, depth: int = 0) -> list[Made]:
    """The steps of a pipeline, those of pipelines within it too; the model itself when it is none.

    Steps that do nothing are left out.
    """
    for attribute in DELEGATES:
        inner = model.attributes.get(attribute)
        if isinstance(inner, Made) and depth < _STEPS_DEPTH:
            return steps_of(inner, depth + 1)
    steps = model.attributes.get("steps")
    cls = class_of(model)
    if not isinstance(steps, Items) or cls is None or cls.name != "Pipeline" or depth > _STEPS_DEPTH:
        return [model]
    found: list[Made] = []
    for pair in steps.head:
        step = pair[1] if isinstance(pair, tuple) and len(pair) == 2 else None  # noqa: PLR2004 - name and estimator
        if isinstance(step, Made):
            found += steps_of(step, depth + 1)
    return found or [model]


def first_of(model: Made, steps: list[Made], attribute: str) -> Value:
    """An attribute of the model, or else of its first step, as a pipeline looks it up."""
    own = model.attributes.get(attribute)
    return own if own is not None else steps[0].attributes.get(attribute)


def _inputs(model: Made, steps: list[Made]) -> tuple[Signature, ...]:
    first = class_of(steps[0])
    name = first.name if first else ""
    if name in _TEXTS:
        return (Signature("", "string", (None,)),)
    count = _integer(first_of(model, steps, "n_features_in_"))
    count = features(steps[0]) if count is None else count
    if count is None:
        return ()
    # A table may hold texts as well as numbers; the file does not say which.
    return (Signature("", None if name in _TABLES else _number_type(steps[-1]), (None, count)),)


def _number_type(last: Made) -> str:
    """What of the floats a model takes: scikit-learn converts, but clusters of float32 compare with float32 alone."""
    cls, centers = class_of(last), from_value(last.attributes.get("cluster_centers_"))
    return "float32" if cls and cls.name in _CLUSTERS and centers is not None and centers.dtype == "f4" else "float64"


def _integer(value: Value) -> int | None:
    if isinstance(value, Made) and value.maker in _SCALARS and isinstance(value.arguments, tuple):
        dtype, data = (*value.arguments, None, None)[:2]
        code = dtype.arguments[0] if isinstance(dtype, Made) and isinstance(dtype.arguments, tuple) else None
        numbers = _decoded(code, "<", data) if isinstance(code, str) and isinstance(data, bytes) else []
        value = int(numbers[0]) if numbers and isinstance(numbers[0], int | float) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def texts_of(value: Value) -> list[str]:
    """The elements of a small flat array, as text; empty where they were not kept."""
    array = from_value(value)
    elements = elements_of(value)
    return [str(each) for each in elements] if array is not None and array.shape == (len(elements),) else []


def elements_of(value: Value) -> list[bool | int | float | str]:
    """The numbers and texts of a small flat array; the first ones where not all were kept."""
    array = from_value(value)
    if array is None or len(array.shape) != 1:
        return []
    if array.items is not None:
        return [item for item in array.items.head if isinstance(item, str | int | float)]
    if array.dtype is None or array.data is None:
        return []
    return _decoded(array.dtype, array.order, array.data)


def _decoded(code: str, order: str, data: bytes) -> list[bool | int | float | str]:
    """The elements of an array's bytes; empty for types that are not needed."""
    if code in _FORMATS:
        size = struct.calcsize("<" + _FORMATS[code])
        prefix = ">" if order == ">" else "<"
        return list(struct.unpack(f"{prefix}{len(data) // size}{_FORMATS[code]}", data[: len(data) // size * size]))
    if code.startswith("U") and code[1:].isdigit() and int(code[1:]):
        width = 4 * int(code[1:])
        codec = "utf-32-be" if order == ">" else "utf-32-le"
        parts = (data[start : start + width] for start in range(0, len(data) - width + 1, width))
        return [str(part, codec, "replace").rstrip("\0") for part in parts]
    return []


def _shortened(values: list[str]) -> str:
    """A few values for people: the first ones, and how many there are."""
    text = ", ".join(value if value.isprintable() else ascii(value) for value in values[:_SHOWN])
    text = text if len(text) <= _WIDTH * 4 else text[: _WIDTH * 4] + "…"
    return text if len(values) <= _SHOWN else f"{text} and {len(values) - _SHOWN} more"
