"""What a few bytes of a pickle would make: what is hashed, copied or given a size is bounded by what the file holds."""

from __future__ import annotations

import collections
import pickle
import random
import struct
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_regression
from sklearn.ensemble import RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Hyperparameter
from sklearn.preprocessing import FunctionTransformer

from chartgen.errors import ModelUnreadableError, ModelUnsafeError
from chartgen.inspect import inspect_model
from tests.inspect.test_pickle_calls import RANGE, builtin, estimator
from tests.inspect.test_pickle_kept import state
from tests.inspect.test_pickle_unsafe import imported, text

if TYPE_CHECKING:
    from pathlib import Path

DOUBLED = text("a") + b"2\x86" * 40
LARGE = b"B" + struct.pack("<I", 300_000) + b"a" * 300_000
FLOATS = imported("numpy", "dtype") + text("f8") + b"\x89\x88\x87R(K\x03" + text("<") + b"NNN"
FLOATS += b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
ARRAY = imported("numpy._core.multiarray", "_reconstruct") + imported("numpy", "ndarray") + b"K\x00\x85C\x01b\x87R"
MANY = state(*(text(f"k{index}") + b"K\x01" for index in range(500)))
ENDLESS = {
    "a key of doubled tuples": b"}" + DOUBLED + b"Ns",
    "keys of doubled tuples": b"}(" + DOUBLED + b"Nu",
    "an element of doubled tuples": b"\x8f(" + DOUBLED + b"\x90",
    "a frozen set of doubled tuples": b"(" + DOUBLED + b"\x91",
    "a set of a list that ends in doubled tuples": builtin("set") + b"](" + b"N" * 600 + DOUBLED + b"e\x85R",
    "a tuple of names of doubled tuples": imported("copyreg", "_reconstructor")
    + imported("sklearn.utils._metadata_requests", "MethodPair") + builtin("tuple") + DOUBLED + b"\x87R",
    "tuples within each other": b")" + b"\x85" * 5000,
    "bytes that are copied": LARGE + b"\x940(" + builtin("bytearray") + b"\x94" + b"h\x01h\x00\x85R" * 100 + b"l",
    "a list that is copied": b"](" + b"N" * 50_000 + b"e\x940(" + builtin("set") + b"\x94"
    + b"h\x01h\x00\x85R" * 100 + b"l",
    "one state of many objects": MANY + b"\x940" + imported("sklearn.base", "BaseEstimator") + b"\x940("
    + b"h\x01)\x81h\x00b" * 5000 + b"l",
    "an array of another size": ARRAY + b"(K\x01J\x00\xca\x9a\x3b\x85" + FLOATS + b"\x89C\x10" + bytes(16) + b"tb",
    "a number of NumPy without its bytes": imported("numpy._core.multiarray", "scalar") + FLOATS + b"\x85R",
    "a parameter of many values": imported("sklearn.gaussian_process.kernels", "Hyperparameter")
    + b"(" + text("a") + text("numeric") + b"K\x01I400000000\nt\x81",
}  # fmt: skip


@pytest.mark.parametrize("case", ENDLESS)
def test_more_than_the_file_holds_is_not_made(tmp_path: Path, case: str) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04" + ENDLESS[case] + b".")
    with pytest.raises(ModelUnreadableError):
        inspect_model(path, format="pickle")


OVERSIZED = {
    "a masked array of a range": imported("numpy.ma.core", "MaskedArray") + RANGE + b"\x85R",
    "a masked array of a large type": imported("numpy.ma.core", "MaskedArray") + b"N\x89" + text("S1000000") + b"\x87R",
    "an empty array of a large type": imported("numpy._core.multiarray", "_reconstruct")
    + imported("numpy", "ndarray") + b"K\x00\x85" + text("S1000000000") + b"\x87R",
    "a matrix of a range": imported("scipy.sparse._csr", "csr_matrix") + RANGE + b"\x85R",
    "splits of a range": imported("sklearn.model_selection._split", "_CVIterableWrapper") + RANGE + b"\x85R",
    "a tree with outputs that are not there": imported("sklearn.tree._tree", "Tree")
    + b"K\x02" + ARRAY + b"(K\x01K\x01\x85" + FLOATS + b"\x89C\x08" + bytes(8) + b"tbI400000\n\x87R",
    "a list of a text": builtin("list") + text("abc") + b"\x85R",
    "a slice of tuples": builtin("slice") + b"))\x86R",
    "a tuple of a tuple": builtin("tuple") + b"NN\x86\x85R",
    "a number of NumPy with a state of nothing": imported("numpy._core.multiarray", "scalar")
    + FLOATS + b"C\x08" + bytes(8) + b"\x86R)b)b",
    "a version that is no text": estimator(text("_sklearn_version"), DOUBLED),
}  # fmt: skip


@pytest.mark.parametrize("case", OVERSIZED)
def test_a_size_is_given_only_as_picklers_give_it(tmp_path: Path, case: str) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04" + OVERSIZED[case] + b".")
    with pytest.raises(ModelUnsafeError, match="does what no program that writes models does"):
        inspect_model(path, format="pickle")


@pytest.mark.parametrize(
    ("module", "name"), [("_ball_tree", "NeighborsHeap64"), ("_kd_tree", "NodeHeap"), ("_quad_tree", "_QuadTree")]
)
def test_what_a_search_counts_with_is_in_no_model(tmp_path: Path, module: str, name: str) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04" + imported(f"sklearn.neighbors.{module}", name) + b"K\x09K\x00\x86R.")
    with pytest.raises(ModelUnsafeError, match=f"would import sklearn.neighbors.{module}.{name}"):
        inspect_model(path, format="pickle")


def test_keywords_that_many_objects_share_are_looked_at_once(tmp_path: Path) -> None:
    cls = imported("sklearn.preprocessing._function_transformer", "FunctionTransformer")
    shared = state(text("kw_args"), MANY) + b"\x940" + cls + b"\x940("
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04" + shared + b"h\x01)\x81h\x00b" * 5000 + b"l.")
    assert inspect_model(path, format="pickle").details.get("unusual") is None
    as_state = imported("sklearn.base", "BaseEstimator") + b")\x81" + state(text("out"), b"N") + b"\x94b0"
    path.write_bytes(b"\x80\x04" + as_state + cls + b")\x81" + state(text("kw_args"), b"h\x00") + b"b.")
    with pytest.raises(ModelUnsafeError, match="`out`"):
        inspect_model(path, format="pickle")


X, Y = make_regression(40, 3, n_targets=2, random_state=0)
WORDS = {f"word {index}": np.int64(index) for index in range(3000)}
GOOD: dict[str, Any] = {
    "a forest of two outputs": RandomForestRegressor(5, random_state=0).fit(X, Y),
    "a process": GaussianProcessRegressor().fit(X, Y),
    "a parameter": Hyperparameter("a", "numeric", (1e-5, 1e5), 3),
    "tables": [sparse.csr_matrix(X), sparse.dok_matrix(np.eye(3)), np.ma.masked_less(X, 0), np.asfortranarray(X)],
    "arrays": [np.array(["a", None], dtype=object), np.zeros((0, 5)), np.float64(1), np.array("ä"), np.str_("ä")],
    "bytes": [b"\xff\n\\" * 5000, bytearray(b"\x80" * 9000), np.full(9000, 0x80, np.uint8), np.full(500, 0xE4, "u1")],
    "structures": np.zeros(300, [("a", "f4"), ("b", "O")]),
    "keys": {(index, ("a", (index,))): (index,) * 20 for index in range(2000)},
    "words": WORDS,
    "containers": [collections.OrderedDict(WORDS), collections.Counter("ab"), set(WORDS), frozenset(WORDS), slice(1)],
    "chance": [np.random.default_rng(0), np.random.RandomState(0), random.Random(0).getstate()],
    "a long tuple": tuple((index, index) for index in range(2000)),
    "steps": [FunctionTransformer(np.clip, kw_args={"a_min": 0, "a_max": 1})] * 50,
}  # fmt: skip


@pytest.mark.parametrize("protocol", [0, 2, 5])
@pytest.mark.parametrize("case", GOOD)
def test_what_picklers_write_is_never_too_much(tmp_path: Path, case: str, protocol: int) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(GOOD[case], protocol))
    assert inspect_model(path, format="pickle").details.get("unusual") is None
    joblib.dump(GOOD[case], path, protocol=protocol, compress=protocol % 2)
    assert inspect_model(path, format="pickle").details.get("unusual") is None
