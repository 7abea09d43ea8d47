"""NumPy believes the state of a `numpy.dtype`: what contradicts itself is refused, and what is real passes."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.extra import numpy as hnp
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier

from chartgen.errors import ModelUnreadableError, ModelUnsafeError
from chartgen.inspect import inspect_model
from tests.inspect.conftest import Call

if TYPE_CHECKING:
    from pathlib import Path

RECONSTRUCT = np.zeros(1).__reduce__()[0]


class Stated(Call):
    """Pickles as a call of `function`, on whose result `state` is set."""

    def __init__(self, function: Any, arguments: tuple[Any, ...], state: Any) -> None:
        super().__init__(function, *arguments)
        self.state = state

    def __reduce__(self) -> Any:
        return self.function, self.arguments, self.state


def dtype(code: str, *state: Any) -> Stated:
    return Stated(np.dtype, (code, False, True), state)


def record(fields: Any, *, size: int = 8, alignment: int = 1, flags: int = 16, names: Any = None) -> Stated:
    names = tuple(fields) if names is None and fields is not None else names
    return dtype(f"V{size}", 3, "|", None, names, fields, size, alignment, flags)


def array(element: Any, data: Any = b"AAAAAAAA", shape: tuple[int, ...] = (1,)) -> Stated:
    return Stated(RECONSTRUCT, (np.ndarray, (0,), b"b"), (1, shape, element, False, data))


OBJECT, FLOAT, INT = np.dtype(object), np.dtype("f8"), np.dtype("i4")

LIES = {
    **{f"an object field with the flags {flags}": record({"a": (OBJECT, 0)}, flags=flags) for flags in (0, 1, 16, 63)},
    "a field beyond the element": record({"a": (FLOAT, 10**9)}),
    "a field that ends beyond the element": record({"a": (FLOAT, 1)}),
    "a field before the element": record({"a": (FLOAT, -8)}),
    "an element smaller than its field": record({"a": (FLOAT, 0)}, size=1),
    "a size that is not that of the code": dtype("V1", 3, "|", None, ("a",), {"a": (FLOAT, 0)}, 8, 1, 16),
    "a size of text that is not that of the code": dtype("S1", 3, "|", None, None, None, 1000, 1, 0),
    "objects over each other": record({"a": (OBJECT, 0), "b": (OBJECT, 4)}, size=16, flags=27),
    "an object under a number": record({"a": (OBJECT, 0), "b": (INT, 4)}, flags=27),
    "no alignment": record({"a": (FLOAT, 0)}, alignment=0),
    "a wrong alignment": record({"a": (FLOAT, 0)}, alignment=64),
    "a name without a field": record({"a": (FLOAT, 0)}, names=("a", "b")),
    "a field without a name": record({"a": (FLOAT, 0), "b": (FLOAT, 0)}, names=("a",)),
    "a name twice": record({"a": (FLOAT, 0)}, names=("a", "a")),
    "another title's field": record({"a": (FLOAT, 0, "t"), "t": (OBJECT, 0, "t")}, names=("a",)),
    "fields without names": dtype("V8", 3, "|", None, None, {"a": (FLOAT, 0)}, 8, 1, 16),
    "fields of a number": dtype("f8", 3, "<", None, ("a",), {"a": (OBJECT, 0)}, -1, -1, 0),
    "a number with an object's flags": dtype("f8", 3, "<", None, None, None, -1, -1, 63),
    "an object with no flags": dtype("O8", 3, "|", None, None, None, -1, -1, 0),
    "an object with the flags of fields": dtype("O8", 3, "|", None, None, None, -1, -1, 27),
    "an object the other way round": dtype("O8", 3, ">", None, None, None, -1, -1, 63),
    "another size of numbers": dtype("i3", 3, "<", None, None, None, -1, -1, 0),
    "a flag that nobody knows": dtype("f8", 3, "<", None, None, None, -1, -1, 1 << 20),
    "an empty state": dtype("f8"),
    "an older version": dtype("f8", 2, "<", None, None, None, -1, -1, 0),
    "subarrays of another size": dtype("V8", 3, "|", (FLOAT, (100,)), None, None, 8, 8, 0),
    "subarrays of objects without flags": dtype("V8", 3, "|", (OBJECT, (1,)), None, None, 8, 8, 0),
    "subarrays of a negative shape": dtype("V8", 3, "|", (FLOAT, (-1, -1)), None, None, 8, 8, 0),
    "subarrays with fields": dtype("V8", 3, "|", (FLOAT, (1,)), ("a",), {"a": (OBJECT, 0)}, 8, 8, 0),
    "a time without its unit": dtype("M8", 3, "<", None, None, None, -1, -1, 0),
    "a time of no unit": dtype("M8", 4, "<", None, None, None, -1, -1, 0, {}),
    "a time of zero units": dtype("M8", 4, "<", None, None, None, -1, -1, 0, ({}, (b"s", 0, 1, 1))),
    "a lie within a record": record({"a": (record({"b": (OBJECT, 0)}, flags=16), 0)}),
    "metadata that is no dictionary": dtype("f8", 4, "<", None, None, None, -1, -1, 0, 7),
}  # fmt: skip


@pytest.mark.parametrize("case", LIES)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_an_element_type_that_contradicts_itself_needs_trust(tmp_path: Path, case: str, protocol: int) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(array(LIES[case]), protocol))
    with pytest.raises(ModelUnsafeError, match="element type"):
        inspect_model(path)


def test_an_array_of_objects_is_not_made_from_raw_bytes(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    for element in (OBJECT, np.dtype([("a", "O")])):
        for data in (b"AAAAAAAA", b"A" * 8 * 1000):
            path.write_bytes(pickle.dumps(array(element, data, (len(data) // 8,))))
            with pytest.raises(ModelUnsafeError, match="array of objects is made from raw bytes"):
                inspect_model(path)


def test_the_elements_of_an_array_are_no_arrays(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(array(np.dtype(("f8", (1,))))))
    with pytest.raises(ModelUnsafeError, match="elements are arrays themselves"):
        inspect_model(path)


def _numpy_dtype(code: bytes) -> bytes:
    return b"cnumpy\ndtype\n(V" + code + b"\nI00\nI01\ntR"


LATE = {
    "the state of an element type that an array has": (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntVb\ntR(I1\n(I1\nt"
        + _numpy_dtype(b"V8") + b"p0\nI00\nC\x08AAAAAAAAtb"
        + b"g0\n(I3\nV|\nN(Va\nt(dVa\n(" + _numpy_dtype(b"O8") + b"(I3\nV|\nNNNI-1\nI-1\nI63\ntbI0\ntsI8\nI1\nI27\ntb."
    ),
    "fields that are set afterwards": (
        _numpy_dtype(b"V8") + b"(I3\nV|\nN(Va\nt(dp1\nVa\n(" + _numpy_dtype(b"f8")
        + b"(I3\nV<\nNNNI-1\nI-1\nI0\ntbI0\ntsI8\nI1\nI16\ntb" + b"g1\nVa\nNs."
    ),
    "an element type made by another function": (
        b"ccopyreg\n__newobj__\n(cnumpy\ndtype\nVV8\nI00\nI01\ntR(I3\nV|\nNNNI8\nI1\nI63\ntb."
    ),
    "an element type that is no copy": b"cnumpy\ndtype\n(Vf8\nI00\nI00\ntR(I3\nV<\nNNNI-1\nI-1\nI0\ntb.",
    "an element type of a description": b"cnumpy\ndtype\n((dI00\nI01\ntR.",
}  # fmt: skip


@pytest.mark.parametrize("case", LATE)
def test_an_element_type_is_whole_before_it_is_used_and_never_changes(tmp_path: Path, case: str) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(LATE[case])
    with pytest.raises((ModelUnsafeError, ModelUnreadableError), match="element type"):
        inspect_model(path, format="pickle")


def test_element_types_that_double_in_each_other_take_no_time(tmp_path: Path) -> None:
    element = np.dtype([(f"f{index}", "u1") for index in range(100)])
    for _ in range(3):
        element = np.dtype([("a", element), ("b", element)])
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(np.zeros(2, element)))
    assert inspect_model(path).untrusted == ()


ALIGNED = np.dtype([("a", "u1"), ("b", "f8"), ("c", [("d", "U2"), ("e", "c16")])], align=True)
WITH_OBJECTS = np.dtype([("a", "O"), ("b", "i4"), ("c", "O", (2,))])
REAL = [
    *[np.zeros(3, code) for code in ("f8", ">f8", "u1", "?", "S5", "U5", "V8", "S0", "V0", "g", "G", "F", "D", "e")],
    *[np.zeros(3, code) for code in ("M8[ns]", "m8", ">M8[25s]")],
    *[np.zeros(2, element) for element in (ALIGNED, WITH_OBJECTS, [("a", "U3"), ("b", "i4", (2, 3))], [])],
    np.zeros(2, [("x", "M8[D]"), ("y", [("z", "O")])]),
    np.zeros(2, [(("title", "a"), "f8"), ("b", "i2")]),
    np.zeros(2, {"names": ["a", "b"], "formats": ["f8", "i4"], "offsets": [0, 4], "itemsize": 32}),
    np.zeros(2, ALIGNED)[["b"]],
    np.zeros(2, WITH_OBJECTS)[["b"]],
    np.zeros(2, [("append", "f8")]),
    np.zeros(2, np.dtype([("a", "f8")], metadata={"of": "a"})),
    np.array([], object),
    np.zeros((2, 2), [("a", "f8")])[0, 0],
    np.float64(1),
    np.datetime64("2020-01-01"),
    np.ma.array([1, 2], mask=[0, 1]),
    np.ma.array(["a", None], mask=[0, 1], dtype=object),
    np.dtype(("f8", (2,))),
    np.dtype((WITH_OBJECTS, (2, 2))),
    np.dtype((ALIGNED, (2, 2))),
]  # fmt: skip


@pytest.mark.parametrize("value", REAL, ids=lambda value: repr(value)[:60])
def test_what_numpy_and_joblib_write_is_let_pass(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "m.pkl"
    for protocol in range(6):
        path.write_bytes(pickle.dumps(value, protocol))
        assert inspect_model(path, format="pickle").untrusted == ()
        if getattr(value, "itemsize", 1):  # joblib cannot write elements of no bytes.
            joblib.dump(value, path, protocol=protocol)
        assert inspect_model(path, format="pickle").untrusted == ()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(element=hnp.array_dtypes(allow_subarrays=True) | hnp.nested_dtypes(max_itemsize=400))
def test_any_element_type_of_numpy_is_let_pass(tmp_path: Path, element: np.dtype[Any]) -> None:
    path = tmp_path / "m.pkl"
    for protocol in (0, 5):
        path.write_bytes(pickle.dumps([element, np.zeros(2, element)], protocol))
        assert inspect_model(path, format="pickle").untrusted == ()


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(3),
        GradientBoostingClassifier(n_estimators=2),
        HistGradientBoostingClassifier(max_iter=2),
        KNeighborsClassifier(algorithm="kd_tree"),
    ],
    ids=lambda model: type(model).__name__,
)
def test_the_records_of_trees_are_let_pass(tmp_path: Path, model: Any) -> None:
    rows = np.arange(40.0).reshape(20, 2)
    model.fit(rows, [0, 1] * 10)
    path = tmp_path / "m.pkl"
    for protocol in range(6):
        path.write_bytes(pickle.dumps(model, protocol))
        assert inspect_model(path, format="pickle").untrusted == ()
        joblib.dump(model, path, protocol=protocol, compress=1)
        assert inspect_model(path, format="pickle").untrusted == ()
