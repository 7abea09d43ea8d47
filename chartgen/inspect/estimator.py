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

PREPROCESSOR = "_preprocessor"
"""Where a booster of histograms keeps what makes numbers of its features that are categories."""

_SHOWN = 20
_WIDTH = 80
_STEPS_DEPTH = 8
_STEPS = 1000

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
# Where those keep their fitted parts that hand all of their input on.
_PARTS = {"FeatureUnion": "transformer_list", "SelectFromModel": "estimator_"}
_PARTS |= dict.fromkeys(
    ("StackingClassifier", "StackingRegressor", "VotingClassifier", "VotingRegressor"), "estimators_"
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


def steps_of(model: Made) -> list[Made]:
    """The steps of a pipeline, those of pipelines within it too; the model itself when it is none.

    Steps that do nothing are left out, and those behind more than any model has.
    """
    found: list[Made] = []
    _collect(model, found, 0)
    return found


def _collect(model: Made, found: list[Made], depth: int) -> None:
    before = len(found)
    for step in _inside(model) if depth <= _STEPS_DEPTH else ():
        if len(found) < _STEPS:
            _collect(step, found, depth + 1)
    if len(found) == before:
        found.append(model)


def first_step(model: Made) -> Made:
    """The first of the steps of a pipeline; the model itself when it is none."""
    for _ in range(_STEPS_DEPTH):
        inside = _inside(model)
        if not inside:
            break
        model = inside[0]
    return model


def _inside(model: Made) -> list[Made]:
    """What a model asks in its turn: a search its fitted model, a pipeline its steps; nothing for any other."""
    for attribute in DELEGATES:
        inner = model.attributes.get(attribute)
        if isinstance(inner, Made):
            return [inner]
    steps, cls = model.attributes.get("steps"), class_of(model)
    pairs = steps.head if isinstance(steps, Items) and cls is not None and cls.name == "Pipeline" else ()
    inside = [pair[1] for pair in pairs if isinstance(pair, tuple) and len(pair) == 2]  # noqa: PLR2004 - name and estimator
    return [step for step in inside if isinstance(step, Made)]


def parts_of(step: Made) -> list[Made]:
    """The fitted estimators to each of which a step hands all of its input; none for one that works by itself."""
    cls = class_of(step)
    attribute = _PARTS.get(cls.name) if cls is not None else None
    kept = step.attributes.get(attribute) if attribute is not None else None
    parts = kept.head if isinstance(kept, Items) else (kept,)
    # A union has pairs of name and transformer.
    parts = [part[1] if isinstance(part, tuple) and len(part) == 2 else part for part in parts]  # noqa: PLR2004 - a pair
    return [part for part in parts if isinstance(part, Made)]


def first_of(model: Made, steps: list[Made], attribute: str) -> Value:
    """An attribute of the model, or of its first step, or of the first part of that, as scikit-learn looks it up."""
    own = model.attributes.get(attribute)
    return own if own is not None else _leading(steps[0], attribute)


def _leading(step: Made, attribute: str, depth: int = 0) -> Value:
    own = step.attributes.get(attribute)
    parts = parts_of(step) if own is None and depth < _STEPS_DEPTH else []
    return _leading(first_step(parts[0]), attribute, depth + 1) if parts else own


def _is_mixed(step: Made) -> bool:
    """Whether texts may stand beside numbers in what a step takes: the pod asks all parts of a union."""
    waiting, seen = [step], set()
    while waiting:
        each = waiting.pop()
        cls = class_of(each)
        if cls is None or id(each) in seen:
            continue
        if cls.name in _TABLES or isinstance(each.attributes.get(PREPROCESSOR), Made):
            return True
        seen.add(id(each))  # a file may name one part many times over
        if cls.name == "FeatureUnion":
            waiting += [first_step(part) for part in parts_of(each)]
    return False


def _takes_text(step: Made) -> bool:
    """Whether a step takes single texts; a union does where its first part does."""
    for _ in range(_STEPS_DEPTH):
        cls, parts = class_of(step), parts_of(step)
        if cls is None or cls.name != "FeatureUnion" or not parts:
            break
        step = first_step(parts[0])
    return cls is not None and cls.name in _TEXTS


def _inputs(model: Made, steps: list[Made]) -> tuple[Signature, ...]:
    if _takes_text(steps[0]):
        return (Signature("", "string", (None,)),)
    count = _integer(first_of(model, steps, "n_features_in_"))
    count = features(steps[0]) if count is None else count
    if count is None:
        return ()
    # A table may hold texts as well as numbers; the file does not say which.
    return (Signature("", None if _is_mixed(steps[0]) else _number_type(steps[-1]), (None, count)),)


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
