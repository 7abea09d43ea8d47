"""`validate` and the pod judge an input alike: what one refuses, the other refuses, and at the same place."""

from __future__ import annotations

import json

import pytest
from chartgen_runtime.codec import decode
from chartgen_runtime.errors import ServingError
from chartgen_runtime.formats.pickle_columns import Column as PodColumn
from chartgen_runtime.formats.pickle_table import TableReader
from chartgen_runtime.protocol import InputReader
from chartgen_runtime.signature import Signature as PodSignature
from chartgen_runtime.signature import TensorSpec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chartgen.chart.mismatch import MismatchError
from chartgen.chart.sample import check_input
from chartgen.chart.table import check_table
from chartgen.inspect.facts import Column, Signature
from chartgen.service.words import path_text

DTYPES = [None, "float16", "float32", "float64", "int8", "uint8", "int32", "int64", "uint64", "bool", "string"]
number = st.one_of(
    st.integers(-(2**63), 2**64 - 1),
    st.integers(-300, 300),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
)
leaf = st.one_of(st.integers(0, 3), number, st.text("ab", max_size=2), st.none(), st.just({}))
nested = st.recursive(leaf, lambda inner: st.lists(inner, max_size=3), max_leaves=6)
size = st.one_of(st.none(), st.sampled_from(["N", "M"]), st.integers(0, 3))
signature = st.builds(
    Signature,
    st.just("x"),
    st.sampled_from(DTYPES),
    st.one_of(st.none(), st.lists(size, max_size=3).map(tuple)),
)


@st.composite
def fitting(draw, spec):
    """A value that often has the shape of an input, and sometimes nearly."""
    sizes = [draw(st.integers(1, 3)) if not isinstance(one, int) else one for one in spec.shape or (2,)]
    if draw(st.booleans()):
        sizes = sizes[1:]
    element = st.booleans() if spec.dtype == "bool" else st.text("ab") if spec.dtype == "string" else st.integers(0, 9)
    value = element
    for one in reversed(sizes):
        value = st.lists(value, min_size=one, max_size=one)
    return draw(value)


@st.composite
def case(draw):
    specs = [
        Signature(f"i{n}", s.dtype, s.shape) for n, s in enumerate(draw(st.lists(signature, min_size=1, max_size=3)))
    ]
    values = {spec.name: draw(st.one_of(fitting(spec), nested)) for spec in specs}
    if len(specs) == 1:
        return specs, values["i0"]
    if draw(st.integers(0, 9)) == 0:
        values.pop(draw(st.sampled_from(sorted(values))))
    if draw(st.integers(0, 9)) == 0:
        values["other"] = 1
    return specs, draw(st.one_of(st.just(values), st.just(values), nested))


@settings(max_examples=600, deadline=None)
@given(case())
@example(([Signature("x", "float32", (None, 4))], [5.1, 3.5, 1.4]))
@example(([Signature("x", "float32", (None, 4))], [[1, 2, 3, 4], [1, 2, 3]]))
@example(([Signature("x", "float32", (3, 4))], [1, 2, 3, 4]))
@example(([Signature("x", "float16", (None,))], [65520]))
@example(([Signature("x", "float32", (None,))], [3.4028235677973366e38]))
@example(([Signature("x", "uint8", (None,))], [255.5]))
@example(([Signature("x", "int64", (None,))], [1e300]))
@example(([Signature("x", None, None)], [[]]))
def test_the_same_values_are_refused_at_the_same_place(drawn):
    specs, value = drawn
    pod = InputReader(
        PodSignature(tuple(TensorSpec(one.name, one.dtype, one.shape) for one in specs)), allow_non_finite=False
    )
    try:
        pod.read(decode(json.dumps(value).encode(), allow_non_finite=False))
    except ServingError as error:
        with pytest.raises(MismatchError) as refused:
            check_input(value, tuple(specs))
        # A key that is missing has no place in the service file: there it is the mapping that lacks it.
        missing = error.code == "missing_input"
        assert missing or path_text(("input", *refused.value.path)) == error.path  # noqa: PT017
    else:
        check_input(value, tuple(specs))


names = st.lists(st.sampled_from(["a", "b", "c_d"]), min_size=1, max_size=3, unique=True)
cell = st.one_of(st.none(), st.integers(0, 3), st.sampled_from([2**63, 0.5, True, "x", [1], {}]))
KINDS = {"float64": [1, 0.5, True, None], "string": ["x", "", None], None: [1, "x", True, None]}


@st.composite
def table_case(draw):
    """Columns, and rows that often fit."""
    columns = [Column(name, draw(st.sampled_from(list(KINDS))), None, draw(st.booleans())) for name in draw(names)]

    def one(column):
        return draw(cell if draw(st.integers(0, 9)) == 0 else st.sampled_from(KINDS[column.dtype]))

    def row(by_name):
        values = {column.name: one(column) for column in columns}
        if draw(st.integers(0, 9)) == 0:
            values.pop(columns[0].name)
        if draw(st.integers(0, 9)) == 0:
            values["other"] = 1
        return values if by_name else list(values.values())

    by_name = draw(st.booleans())
    rows = [row(by_name ^ (draw(st.integers(0, 9)) == 0)) for _ in range(draw(st.integers(0, 3)))]
    return columns, draw(st.one_of(st.just(rows), st.just(row(by_name)), nested))


@settings(max_examples=400, deadline=None)
@given(table_case())
@example(([Column("a"), Column("b")], {"a": 1, "b": [2]}))
@example(([Column("a"), Column("b")], [[1, 2], ["x", 2]]))
@example(([Column("a")], [{"a": 2**63}, {"a": 0.5}]))
def test_the_same_rows_are_refused_at_the_same_place(drawn):
    columns, value = drawn
    known = tuple(PodColumn(one.name, one.dtype, None, one.needed) for one in columns)
    numeric = all(one.dtype == "float64" for one in columns)
    spec = TensorSpec("", "float64" if numeric else None, (None, len(columns)))
    pod = TableReader(PodSignature((spec,), columns=known), allow_non_finite=False)
    try:
        pod.read(decode(json.dumps(value).encode(), allow_non_finite=False))
    except ServingError as error:
        with pytest.raises(MismatchError) as refused:
            check_table(value, columns)
        missing = error.code == "missing_column"
        assert missing or path_text(("input", *refused.value.path)) == error.path  # noqa: PT017
    else:
        check_table(value, columns)
