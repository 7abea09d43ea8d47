"""What a pickle has called while it is loaded, and with what: what no pickler writes is refused, whatever it calls."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import pickle
import uuid
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from chartgen.errors import ModelUnreadableError, ModelUnsafeError
from chartgen.inspect import inspect_model
from tests.inspect.test_pickle_kept import state
from tests.inspect.test_pickle_unsafe import imported, text

if TYPE_CHECKING:
    from pathlib import Path

FUNCTION = imported("sklearn.metrics.pairwise", "pairwise_distances")
UUID = imported("uuid", "UUID")


def instance(module: str, name: str, *entries: bytes) -> bytes:
    return imported(module, name) + b")\x81" + state(*entries) + b"b"


def estimator(*entries: bytes) -> bytes:
    return instance("sklearn.base", "BaseEstimator", *entries)


def table(module: str, name: str, *entries: bytes) -> bytes:
    """An object that is a dictionary as well."""
    return imported(module, name) + b")\x81(" + b"".join(entries) + b"u"


NODES = estimator(text("dtype"), b"N", text("astype"), FUNCTION)
PREDICTOR = imported("sklearn.ensemble._hist_gradient_boosting.predictor", "TreePredictor") + b")\x81"
KERNEL = instance("sklearn.gaussian_process.kernels", "RBF", text("length_scale"), b"K\x01")
METRIC = imported("sklearn.metrics._dist_metrics", "newObj")
EUCLIDEAN = METRIC + imported("sklearn.metrics._dist_metrics", "EuclideanDistance64") + b"\x85R"
TREE = imported("sklearn.neighbors._ball_tree", "BallTree64")
REPLACE = (text("replace"), FUNCTION)
FOUL = {
    "an identifier of an object": UUID + estimator(*REPLACE) + b"\x85R",
    "an identifier of an object without a foul attribute": UUID + estimator(text("x"), b"N") + b"\x85R",
    "an identifier of an object behind many attributes": UUID
    + estimator(*(text(f"k{index}") + b"N" for index in range(600)), *REPLACE)
    + b"\x85R",
    "an identifier of a dictionary with attributes": UUID
    + imported("collections", "OrderedDict") + b")R" + state(*REPLACE) + b"b\x85R",
    "an identifier of a dictionary with slots": UUID
    + imported("collections", "OrderedDict") + b")RN" + state(*REPLACE) + b"\x86b\x85R",
    "an identifier of a dictionary by its keys": UUID + table("sklearn.utils._bunch", "Bunch", *REPLACE) + b"\x85R",
    "a dictionary of an object": imported("builtins", "dict") + estimator(text("keys"), FUNCTION) + b"\x85R",
    "a fraction of an object": imported("fractions", "Fraction")
    + estimator(text("as_integer_ratio"), FUNCTION) + b"\x85R",
    "an object in a tuple": imported("builtins", "list") + estimator(*REPLACE) + b"\x85\x85R",
    "an attribute that loading calls": PREDICTOR + state(text("nodes"), NODES) + b"b",
    "an entry that loading calls": PREDICTOR
    + state(text("nodes"), table("sklearn.utils._bunch", "Bunch", text("dtype"), b"N", text("astype"), FUNCTION))
    + b"b",
    "an attribute that is an object which is called": PREDICTOR
    + state(text("nodes"), estimator(text("dtype"), b"N", text("astype"), KERNEL)) + b"b",
    "a metric of a function": METRIC + imported("sklearn.metrics._dist_metrics", "PyFuncDistance64")
    + b"\x85R(K\x02NN" + FUNCTION + state(text("metric"), text("x")) + b"tb",
    "a metric of an object": METRIC + imported("sklearn.metrics._dist_metrics", "PyFuncDistance64")
    + b"\x85R(K\x02NN" + KERNEL + b"}tb",
    "a function by its place in a state": EUCLIDEAN + b"(K\x02NN" + FUNCTION + b"tb",
    "a tree with a kernel": TREE + b"N" + b"K\x28" + KERNEL + b"\x87R",
    "a tree with a metric": TREE + b"N" + b"K\x28" + EUCLIDEAN + b"\x87R",
    "a tree of a list": TREE + b"]\x85R",
    "a state that is an object": imported("sklearn.base", "BaseEstimator") + b")\x81"
    + table("collections", "OrderedDict", text("x"), b"N") + b"b",
    "more attributes than any object has": estimator(*(text(f"k{index}") + b"N" for index in range(600))),
}  # fmt: skip


@pytest.mark.parametrize("case", FOUL)
def test_a_call_by_way_of_an_object_is_refused(tmp_path: Path, case: str) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04" + FOUL[case] + b"0" + estimator() + b".")
    with pytest.raises(ModelUnsafeError):
        inspect_model(path, format="pickle")


@pytest.mark.parametrize("keywords", [b"}", state(text("model_file"), text("/etc/passwd"))], ids=["none", "a file"])
@pytest.mark.parametrize("name", ["xgboost.core.Booster", "sklearn.base.BaseEstimator", "builtins.dict"])
def test_keywords_of_a_new_object_are_refused(tmp_path: Path, name: str, keywords: bytes) -> None:
    module, _, short = name.rpartition(".")
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04" + imported(module, short) + b")" + keywords + b"\x92.")
    with pytest.raises(ModelUnsafeError, match="keywords"):
        inspect_model(path, format="pickle")


VALUES = {
    "a date": datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
    "numbers": [decimal.Decimal("1.5"), fractions.Fraction(1, 3), 1 + 2j, slice(1, 2), range(3), bytearray(b"\xff")],
    "an identifier": uuid.UUID(int=1),
    "tables": [collections.Counter("aab"), collections.OrderedDict(a=1), collections.defaultdict(list, a=[1])],
    "queues and sets": [collections.deque([1], 3), {1}, frozenset("a")],
    "arrays": [
        np.ma.masked_array([1.0], [True]),
        np.array([{}], dtype=object),
        np.float64(3),
        np.array("2020", "M8[D]"),
    ],
    "generators": [np.random.default_rng(1), np.random.RandomState(1), np.random.Generator(np.random.Philox(1))],
}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("case", VALUES)
def test_what_picklers_write_of_plain_values_is_read(tmp_path: Path, case: str, protocol: int) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(VALUES[case], protocol))
    assert inspect_model(path, format="pickle").untrusted == ()


@pytest.mark.parametrize("protocol", range(6))
def test_trees_of_neighbours_are_read(tmp_path: Path, protocol: int) -> None:
    from sklearn.neighbors import BallTree, KDTree

    rows = np.arange(20.0).reshape(10, 2)
    path = tmp_path / "m.pkl"
    path.write_bytes(
        pickle.dumps([BallTree(rows, metric="minkowski", p=3), KDTree(rows, metric="chebyshev")], protocol)
    )
    assert inspect_model(path, format="pickle").untrusted == ()


CHECK = imported("sklearn.utils.validation", "check_array")
PARTIAL = imported("functools", "partial")
FLOATS = b"]" + imported("numpy", "float64") + b"a"
KEYWORDS = state(text("dtype"), FLOATS, text("ensure_all_finite"), b"\x89")
OWN = PARTIAL + CHECK + b"\x85R(" + CHECK + b")" + KEYWORDS + b"Ntb"
SYSTEM = imported("os", "system")


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("columns", [[0], "from_dtype"])
def test_a_booster_of_histograms_with_categories_is_read(tmp_path: Path, protocol: int, columns: str) -> None:
    rows = np.array([[0, 1.0], [1, 2.0], [0, 3.0], [1, 4.0]] * 5)
    table = pd.DataFrame({"kind": pd.Categorical(["a", "b", "a", "b"] * 5), "size": rows[:, 1]})
    model = HistGradientBoostingRegressor(max_iter=1, categorical_features=columns)
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(model.fit(table if columns == "from_dtype" else rows, rows[:, 1]), protocol))
    assert inspect_model(path, format="pickle").untrusted == ()


OTHER_PARTIALS = {
    "of another function": PARTIAL + FUNCTION + b"\x85R",
    "of what starts a program": PARTIAL + SYSTEM + b"\x85R",
    "with arguments": PARTIAL + CHECK + text("x") + b"\x86R",
    "of nothing": PARTIAL + b")R",
    "whose state is of another function": PARTIAL + CHECK + b"\x85R(" + FUNCTION + b")" + KEYWORDS + b"Ntb",
    "whose state starts a program": PARTIAL + CHECK + b"\x85R(" + SYSTEM + b")" + KEYWORDS + b"Ntb",
    "whose state has arguments": PARTIAL + CHECK + b"\x85R(" + CHECK + b"N\x85" + KEYWORDS + b"Ntb",
    "whose state has attributes": PARTIAL + CHECK + b"\x85R(" + CHECK + b")" + KEYWORDS + b"}tb",
    "whose state has another keyword": PARTIAL + CHECK + b"\x85R(" + CHECK + b")"
    + state(text("dtype"), FLOATS, text("estimator"), b"\x89") + b"Ntb",
    "whose state has an object as a keyword": PARTIAL + CHECK + b"\x85R(" + CHECK + b")"
    + state(text("dtype"), FLOATS, text("ensure_all_finite"), estimator()) + b"Ntb",
    "whose state is a dictionary": PARTIAL + CHECK + b"\x85R" + KEYWORDS + b"b",
    "that is kept": estimator(text("func"), PARTIAL),
    "that is kept in a list": estimator(text("func"), b"]" + PARTIAL + b"a"),
    "that is given to another call": imported("collections", "defaultdict") + PARTIAL + b"\x85R",
    "that is made by copyreg": imported("copyreg", "_reconstructor")
    + PARTIAL + imported("builtins", "object") + b"N\x87R",
    "by its place in a state": EUCLIDEAN + b"(K\x02NN" + OWN + b"tb",
    "in the place of a method": estimator(text("astype"), OWN),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHER_PARTIALS)
def test_any_other_partial_function_is_refused(tmp_path: Path, case: str) -> None:
    path = tmp_path / "m.pkl"
    # One that is scikit-learn's own beside it changes nothing, before it or after it.
    for content in (
        OTHER_PARTIALS[case] + b"0",
        OWN + b"0" + OTHER_PARTIALS[case] + b"0",
        OTHER_PARTIALS[case] + b"0" + OWN + b"0",
    ):
        path.write_bytes(b"\x80\x04" + content + estimator() + b".")
        with pytest.raises(ModelUnsafeError):
            inspect_model(path, format="pickle")


def test_a_partial_function_of_scikit_learns_own_passes_and_its_keywords_cannot_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04" + OWN + b"0" + estimator() + b".")
    assert inspect_model(path, format="pickle").untrusted == ()
    kept = OWN.replace(KEYWORDS, KEYWORDS + b"\x940h\x00")
    path.write_bytes(b"\x80\x04" + kept + b"0h\x00" + text("estimator") + b"Ns0" + estimator() + b".")
    with pytest.raises(ModelUnreadableError, match="changes what is already made"):
        inspect_model(path, format="pickle")


def builtin(name: str) -> bytes:
    return imported("builtins", name)


RANGE = builtin("range") + b"I100000000000\n\x85R"
COSTLY = {
    "a fraction of endless digits": imported("fractions", "Fraction") + text("1e9999999999") + b"\x85R",
    "a fraction of a decimal": imported("fractions", "Fraction")
    + imported("decimal", "Decimal") + text("1e999999999") + b"\x85R\x85R",
    "a whole number of a decimal": builtin("int")
    + imported("decimal", "Decimal") + text("1e999999999") + b"\x85R\x85R",
    "bytes by their number": builtin("bytearray") + b"I100000000000\n\x85R",
    "fixed bytes by their number": builtin("bytes") + b"I100000000000\n\x85\x81",
    "bytes made plainly": imported("copyreg", "_reconstructor")
    + builtin("bytearray") + builtin("bytearray") + b"I100000000000\n\x87R",
    "a list of a range": builtin("list") + RANGE + b"\x85R",
    "a list of a range made plainly": imported("copyreg", "_reconstructor")
    + builtin("list") + builtin("list") + RANGE + b"\x87R",
    "a set of a range": builtin("set") + RANGE + b"\x85R",
    "bytes of a range": builtin("bytes") + RANGE + b"\x85R",
    "a queue of a range": imported("collections", "deque") + RANGE + b"\x85R",
    "a pool of seeds": imported("numpy.random.bit_generator", "SeedSequence") + b"(K\x01I100000000\ntR",
}  # fmt: skip


@pytest.mark.parametrize("case", COSTLY)
def test_a_call_that_takes_as_long_as_the_file_says_is_refused(tmp_path: Path, case: str) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04" + COSTLY[case] + b".")
    with pytest.raises(ModelUnsafeError, match="how long it takes"):
        inspect_model(path, format="pickle")
