"""What holds for every value, found out with Hypothesis."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.runtime.models import ELEMENT_TYPES, add, echo, iris, iris_onnx, pickled
from tests.runtime.serving import ask, load

SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner), max_leaves=30
)
ROWS = st.lists(st.lists(LEAVES, min_size=3, max_size=5), max_size=3)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
NESTED = st.recursive(NUMBERS, lambda inner: st.lists(inner, max_size=4), max_leaves=30)
TABLES = st.integers(1, 5).flatmap(lambda width: st.lists(st.lists(NUMBERS, min_size=width, max_size=width)))
BLANKS = b" " * 5000


@pytest.fixture(scope="module")
def planes(tmp_path_factory):
    """Models of every kind of signature."""
    folders = iter(tmp_path_factory.mktemp(f"model{i}") for i in range(30))
    made = [
        load(iris_onnx(next(folders)), "onnx"),
        load(pickled(next(folders), iris()), "pickle"),
        load(add(next(folders), ["N", 2], ["N", 2]), "onnx"),
        load(echo(next(folders), "float32", []), "onnx"),
        load(echo(next(folders), "int8", [2, "M"]), "onnx"),
    ]
    return made + [load(echo(next(folders), dtype, ["N", "M"]), "onnx") for dtype in ELEMENT_TYPES]


def outcome(plane, body):
    """The answer as the client sees it: the bytes of a prediction, or an error."""
    from chartgen_runtime.errors import ServingError

    try:
        return plane.predict(body)
    except ServingError as error:
        return error


def status(plane, body):
    answer = outcome(plane, body)
    return 200 if isinstance(answer, bytes) and "output" in json.loads(answer) else answer.status


def described(answer):
    return answer if isinstance(answer, bytes) else answer.body()


@SETTINGS
@given(document=st.fixed_dictionaries({"input": JSON | ROWS}) | JSON)
def test_no_json_value_fails_the_service(planes, document):
    for plane in planes:
        assert status(plane, json.dumps(document).encode()) in {200, 400, 422}


@SETTINGS
@given(body=st.binary(max_size=40) | st.text('{}[]":,0eE+-. ninputrlasNI', max_size=40).map(str.encode))
def test_no_body_fails_the_service(planes, body):
    for plane in planes[:2]:
        assert status(plane, body) in {200, 400, 422}


@pytest.mark.parametrize("dtype", [name for name in ELEMENT_TYPES if name != "string"])
def test_every_array_comes_back_as_it_was(tmp_path, dtype):
    plane = load(echo(tmp_path, dtype, ["N", "M"]), "onnx")
    shapes = arrays.array_shapes(min_dims=2, max_dims=2, max_side=5)
    finite = {} if dtype == "bool" or "int" in dtype else {"allow_nan": False, "allow_infinity": False}

    @SETTINGS
    @given(array=arrays.arrays(dtype, shapes, elements=arrays.from_dtype(np.dtype(dtype), **finite)))
    def check(array):
        answer = np.array(ask(plane, array.tolist()), dtype=dtype)
        assert answer.shape == array.shape
        assert (answer == array).all()
        assert ask(plane, array[0].tolist()) == ask(plane, array[:1].tolist())[0]

    check()


@SETTINGS
@given(value=JSON | ROWS | NESTED | TABLES)
def test_one_form_or_another_makes_no_difference(planes, value):
    """Whether the text alone shows that there are only numbers, and its length, change nothing but the time."""
    text = json.dumps(value)
    for plane in planes:
        # The last of two equal keys counts: the second text means the same and holds more quotes.
        plain, quoted = f'{{"input": {text}}}'.encode(), f'{{"input": 0, "input": {text}}}'.encode()
        answer = described(outcome(plane, plain))
        assert described(outcome(plane, quoted)) == answer
        assert described(outcome(plane, plain + BLANKS)) == answer
