"""The functions that a model calls when it is asked: none may make a text of what clients send, or of what it keeps."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import special
from sklearn.cluster import FeatureAgglomeration
from sklearn.compose import TransformedTargetRegressor
from sklearn.experimental import enable_iterative_imputer  # noqa: F401 - it makes the import below work
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.impute import IterativeImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, normalize
from sklearn.utils import Bunch

from chartgen.errors import ModelUnsafeError
from chartgen.inspect import inspect_model
from tests.inspect.test_pickle_calls import estimator
from tests.inspect.test_pickle_unsafe import imported, text

if TYPE_CHECKING:
    from pathlib import Path

ROWS = np.array([[0.0, 1.0], [1.0, np.nan], [2.0, 5.0], [3.0, 7.0]])
FOUL = {
    "the greatest": FunctionTransformer(np.max),
    "the greatest, of a text that it keeps": FunctionTransformer(
        np.max, kw_args={"initial": "/tmp/x?format=csv", "where": False}
    ),
    "the one": FunctionTransformer(np.squeeze),
    "the greatest of Python": FunctionTransformer(max),
    "a text": FunctionTransformer(str),
    "a text of NumPy": FunctionTransformer(np.str_),
    "the greatest afterwards": FunctionTransformer(inverse_func=np.max),
    "the greatest of the answers": TransformedTargetRegressor(LinearRegression(), func=np.log1p, inverse_func=np.max),
    "elsewhere than it says": FunctionTransformer(np.log1p, kw_args={"where": False}),
    "a text for a keyword": FunctionTransformer(np.clip, kw_args={"a_min": "/tmp/x", "a_max": None}),
    "an object for a keyword": FunctionTransformer(np.clip, kw_args={"a_min": LinearRegression()}),
    "an object that can be called": FunctionTransformer(LinearRegression()),
}


@pytest.mark.parametrize("protocol", [0, 2, 5])
@pytest.mark.parametrize("case", FOUL)
def test_a_step_that_may_make_a_text_of_rows_is_refused_unless_it_is_trusted(
    tmp_path: Path, case: str, protocol: int
) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(make_pipeline(FOUL[case], LinearRegression()), protocol))
    with pytest.raises(ModelUnsafeError, match="it may give a text instead of an array of the rows") as refused:
        inspect_model(path)
    assert "`model.trusted: true`" in str(refused.value.hint)
    assert "calls" in inspect_model(path, trusted=True).details["unusual"]


@pytest.mark.parametrize("name", ["numpy.max", "numpy.str_", "builtins.str", "numpy.squeeze"])
def test_such_a_function_in_the_place_of_a_method_is_refused(tmp_path: Path, name: str) -> None:
    module, _, short = name.rpartition(".")
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04" + estimator(text("transform"), imported(module, short)) + b".")
    with pytest.raises(ModelUnsafeError, match="as `transform`: it may give a text"):
        inspect_model(path, format="pickle")


MAX = imported("numpy", "max")
BUNCH = imported("sklearn.utils._bunch", "Bunch")
PLAINLY = imported("copyreg", "_reconstructor") + b"(" + BUNCH + imported("builtins", "dict")
COUNTS = imported("sklearn.feature_extraction.text", "CountVectorizer")
ACTING = {
    "entries": BUNCH + b")\x81(" + text("transform") + MAX + b"u",
    "an entry": BUNCH + b")\x81" + text("transform") + MAX + b"s",
    "entries of protocol 0": PLAINLY + b"}" + text("transform") + MAX + b"stR",
    "the entries of another object": PLAINLY
    + imported("collections", "OrderedDict")
    + b")R"
    + text("transform")
    + MAX
    + b"stR",
    "an entry of a computed name": BUNCH
    + b")\x81"
    + imported("builtins", "str")
    + text("transform")
    + b"\x85R"
    + MAX
    + b"s",
    "slots": estimator()
    + b"0"
    + imported("sklearn.base", "BaseEstimator")
    + b")\x81N}"
    + text("transform")
    + MAX
    + b"s\x86b",
    "slots that are another object's entries": imported("sklearn.base", "BaseEstimator")
    + b")\x81N"
    + imported("collections", "OrderedDict")
    + b")R"
    + text("transform")
    + MAX
    + b"s\x86b",
    "slots that are copied": imported("sklearn.base", "BaseEstimator")
    + b")\x81N"
    + imported("builtins", "dict")
    + b"}"
    + text("transform")
    + MAX
    + b"s\x85R\x86b",
    "a state that is changed afterwards": imported("sklearn.base", "BaseEstimator")
    + b")\x81}\x94b0h\x00"
    + text("transform")
    + MAX
    + b"s",
    "arguments": imported("sklearn.preprocessing._function_transformer", "FunctionTransformer")
    + imported("builtins", "str")
    + b"\x85R",
    "arguments that name a file": COUNTS + text("filename") + b"\x85R",
    "arguments by way of copyreg": imported("copyreg", "__newobj__") + COUNTS + text("filename") + b"\x86R",
    "another class's way to be made": imported("copyreg", "_reconstructor")
    + imported("sklearn.base", "BaseEstimator")
    + COUNTS
    + text("filename")
    + b"\x87R",
}


@pytest.mark.parametrize("case", ACTING)
def test_a_function_that_acts_as_an_attribute_is_refused_wherever_it_stands(tmp_path: Path, case: str) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04" + ACTING[case] + b".")
    with pytest.raises(ModelUnsafeError):
        inspect_model(path, format="pickle")
    assert inspect_model(path, format="pickle", trusted=True).details["unusual"]


@pytest.mark.parametrize("protocol", range(6))
def test_entries_that_hold_no_function_are_read(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(Bunch(a=np.zeros(3), b={"c": LinearRegression()}, dtype=np.float64), protocol))
    assert inspect_model(path, format="pickle").details.get("unusual") is None


GOOD: dict[str, Any] = {
    "nothing": FunctionTransformer(),
    "a logarithm and back": FunctionTransformer(np.log1p, inverse_func=np.expm1),
    "a root without keywords": FunctionTransformer(np.sqrt, kw_args={}),
    "bounds": FunctionTransformer(np.clip, kw_args={"a_min": 0, "a_max": np.float64(1.5)}),
    "gaps": FunctionTransformer(np.nan_to_num, kw_args={"nan": 0.0, "copy": True, "posinf": None}),
    "a type": FunctionTransformer(np.asarray, kw_args={"dtype": np.float32}),
    "a column of texts": FunctionTransformer(np.reshape, kw_args={"shape": (-1, 1)}),
    "flat": FunctionTransformer(np.ravel),
    "a function of SciPy": FunctionTransformer(special.expit, inverse_func=special.logit),
    "a function of scikit-learn": FunctionTransformer(normalize, kw_args={"norm": "l1"}),
    "groups of features": FeatureAgglomeration(pooling_func=np.max),
    "the mean of groups": FeatureAgglomeration(),
    "answers": TransformedTargetRegressor(LinearRegression(), func=np.log1p, inverse_func=np.expm1),
    "types": make_pipeline(OneHotEncoder(dtype=np.float32), CountVectorizer(dtype=np.int64)),
    "types of Python": make_pipeline(OneHotEncoder(dtype=object), OneHotEncoder(dtype=str)),
    "gaps that are predicted": IterativeImputer(max_iter=2, random_state=0).fit(ROWS),
}


@pytest.mark.parametrize("protocol", [0, 2, 5])
@pytest.mark.parametrize("case", GOOD)
def test_steps_that_keep_all_of_the_rows_are_read(tmp_path: Path, case: str, protocol: int) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(make_pipeline(GOOD[case], LinearRegression()), protocol))
    facts = inspect_model(path)
    assert (facts.untrusted, facts.details.get("unusual")) == ((), None)
