"""Pickles of anything with a `predict`: scikit-learn and what follows its conventions, written by pickle or joblib."""

from __future__ import annotations

import importlib.util
import mmap
import pickle
from functools import partial
from numbers import Integral
from typing import TYPE_CHECKING, Any

from ..errors import StartupError, refused_by_model
from ..loader import LoadedModel
from ..signature import Signature, TensorSpec

try:
    from . import pickle_boosters as boosters
except ImportError:  # the chart brings it only where the pickle or a handler may speak of one
    boosters = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..protocol import Reader

# What joblib's files have and plain pickles have not: compression (zlib, gzip, bzip2, xz, lzma, lz4), or its own class.
ZLIB = tuple(b"\x78" + level for level in (b"\x01", b"\x5e", b"\x9c", b"\xda"))
COMPRESSED = (*ZLIB, b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x5d\0\0", b"\x04\x22\x4d\x18")
JOBLIB_CLASS = b"joblib.numpy_pickle"

# The steps that take text (one string an item), and those whose columns may hold strings and booleans beside numbers.
TEXT = frozenset({"CountVectorizer", "HashingVectorizer"})
MIXED = frozenset(
    {"ColumnTransformer", "FunctionTransformer", "SimpleImputer", "MissingIndicator", "DummyClassifier"}
    | {"OneHotEncoder", "OrdinalEncoder", "TargetEncoder", "DummyRegressor"}
)
CLUSTERS = frozenset({"KMeans", "MiniBatchKMeans", "BisectingKMeans"})
NUMERIC_LIBRARIES = frozenset({"sklearn", "xgboost", "lightgbm"})


def load(path: Path, method: str) -> LoadedModel:
    """Loads a pickle, whose digest was verified before: loading one runs what is in it.

    Args:
        path: The model file.
        method: The method to call, such as `predict` or `predict_proba`.

    Raises:
        StartupError: joblib is needed and missing.
    """
    if boosters is not None:
        boosters.find_openmp()
    return _served(_read(path), method)


def _served(model: Any, method: str) -> LoadedModel:
    own = getattr(model, method, None)
    call = own if callable(own) else None
    if boosters is not None:
        call = boosters.on_arrays(model, method) or call
    signature = _signature(model)
    reader: Callable[[bool], Reader] | None = None
    arrange = _as_it_is
    if signature.columns:
        # What a model was fitted on is what it is given: a part that asks for a column by its name finds it, each
        # column keeps its own type, and scikit-learn sees that names and order are those of the fit.
        from .pickle_table import TableReader, arranged

        arrange = partial(arranged, [column.name for column in signature.columns])
        reader = partial(TableReader, signature)

    def predict(arrays: dict[str, Any]) -> dict[str, Any]:
        if call is None:  # a handler that predicts does not ask for it
            raise StartupError(f"the model, a {type(model).__name__}, has no method {method!r}")
        try:
            return {"": call(arrange(arrays[""]))}
        except ValueError as error:  # how scikit-learn and its kin refuse an input
            raise refused_by_model(error) from error
        except (TypeError, AttributeError, LookupError) as error:
            if signature.inputs[0].dtype:  # it is of that type
                raise
            raise refused_by_model(TypeError(repr(error))) from error

    # Python code promises nothing about threads, and holds the interpreter's lock for most of its time anyway.
    wrap = partial(_served, method=method)
    return LoadedModel(model, signature, predict, thread_safe=False, wrap=wrap, reader=reader)


def _as_it_is(array: Any) -> Any:
    return array


def _signature(model: Any) -> Signature:
    # The chart brings what reads tables only for a model that was fitted on one, and pandas with it.
    if importlib.util.find_spec(f"{__package__}.pickle_table") is None or importlib.util.find_spec("pandas") is None:
        return Signature((_spec(model),))
    from .pickle_columns import columns_of

    columns = columns_of(model)
    if not columns:
        return Signature((_spec(model),))
    numeric = all(column.dtype == "float64" for column in columns)
    return Signature((TensorSpec("", "float64" if numeric else None, (None, len(columns))),), columns=columns)


def _read(path: Path) -> Any:
    with path.open("rb") as file:
        if not _needs_joblib(file.fileno()):
            return pickle.load(file)  # noqa: S301 - the digest says that it is the file the chart was made for
    if importlib.util.find_spec("joblib") is None:
        raise StartupError(f"{path} was written by joblib, which is not installed")
    import joblib

    return joblib.load(path)


def _needs_joblib(descriptor: int) -> bool:
    """Whether the file is compressed, or holds arrays the way joblib writes them: raw, between the opcodes."""
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as content:
        return content[:8].startswith(COMPRESSED) or content.find(JOBLIB_CLASS) >= 0


def _spec(model: Any) -> TensorSpec:
    """What the model takes, as far as scikit-learn's conventions tell."""
    first = first_step(model)
    leading = first
    while parts := attribute(leading, "transformer_list"):
        leading = first_step(parts[0][1])
    if _names(leading) & TEXT:
        return TensorSpec("", "string", (None,))
    features = attribute(model, "n_features_in_") or attribute(first, "n_features_in_")
    if not features and boosters is not None:
        features = boosters.features(model)
    if not isinstance(features, Integral):
        return TensorSpec("", None, None)
    numeric = type(first).__module__.partition(".")[0] in NUMERIC_LIBRARIES and not _is_mixed(first)
    return TensorSpec("", _number_type(model) if numeric else None, (None, int(features)))


def _number_type(model: Any) -> str:
    """What of the floats a model takes: scikit-learn converts, but clusters of float32 compare with float32 alone."""
    last = [model, *steps_of(model)][-1]
    kept = str(getattr(attribute(last, "cluster_centers_"), "dtype", ""))
    return kept if kept == "float32" and _names(last) & CLUSTERS else "float64"


def _names(step: Any) -> set[str]:
    return {each.__name__ for each in type(step).__mro__}


def _is_mixed(step: Any) -> bool:
    if _names(step) & MIXED or attribute(step, "_preprocessor") is not None:
        return True
    return any(_is_mixed(first_step(part[1])) for part in attribute(step, "transformer_list") or ())


def first_step(model: Any) -> Any:
    """What the input meets first: through searches over parameters and into pipelines."""
    while True:
        steps = steps_of(model)
        inner = steps[0] if steps else attribute(model, "best_estimator_") or attribute(model, "regressor_")
        if inner is None:
            return model
        model = inner


def attribute(model: Any, name: str) -> Any:
    """The attribute, or None: a property of an estimator may raise anything before it is fitted."""
    try:
        return getattr(model, name, None)
    except Exception:
        return None


def steps_of(model: Any) -> list[Any]:
    """The steps of a pipeline that can be fitted; none of what is no pipeline."""
    return [step for _, step in attribute(model, "steps") or () if hasattr(step, "fit")]
