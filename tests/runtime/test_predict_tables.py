"""The /predict contract on models that were fitted on tables, through the data plane, and by V2."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from tests.runtime.models import pickled
from tests.runtime.serving import ask, load, refusal
from tests.runtime.tables import NUMBERS, TABLE, mixed, numeric, several

COLUMNS = "age, city, smokes, id"
ROW = {"age": 31, "city": "Oslo", "smokes": True, "id": 7}
GAPS = {"age": None, "city": None, "smokes": False, "id": 8}


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    path = pickled(tmp_path_factory.mktemp("mixed"), mixed())
    return load(path, "pickle", CHARTGEN_MODEL_METHOD="predict_proba")


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    """A model whose answer is the types of the columns."""
    folder = tmp_path_factory.mktemp("kinds")
    path = pickled(folder, FunctionTransformer(kinds_of).fit(TABLE))
    sample = folder / "request.json"
    sample.write_text(json.dumps({"input": ROW}))
    return load(path, "pickle", CHARTGEN_MODEL_METHOD="transform", CHARTGEN_SAMPLE_PATH=str(sample))


def kinds_of(table):
    values = [[str(table[name].dtype), *map(repr, table[name].tolist())] for name in table.columns]
    return np.array(values, dtype=object)


def test_rows_are_objects_by_column_in_any_order(plane):
    expected = mixed().predict_proba(TABLE[:3])
    rows = [
        {"age": 31, "city": "Oslo", "smokes": True, "id": 0},
        {"id": 1, "smokes": False, "city": "Rome", "age": 40.0},
        {"city": None, "age": 22, "smokes": False, "id": 2},
    ]
    assert ask(plane, rows) == pytest.approx(expected)
    assert ask(plane, rows[1]) == pytest.approx(expected[1])


def test_rows_may_be_lists_in_the_order_of_the_columns(plane):
    expected = mixed().predict_proba(TABLE[:4])
    rows = [[31, "Oslo", True, 0], [40, "Rome", False, 1], [22, None, False, 2], [None, "Oslo", True, 3]]
    assert ask(plane, rows) == pytest.approx(expected)
    assert ask(plane, rows[2]) == pytest.approx(expected[2])


def test_a_column_that_the_model_drops_may_be_left_out(plane):
    some = {name: value for name, value in ROW.items() if name != "id"}
    assert ask(plane, [some]) == ask(plane, [ROW])


def test_a_column_has_the_type_of_its_values(kinds):
    assert ask(kinds, [ROW, ROW | {"age": 2, "smokes": False}]) == [
        ["int64", "31", "2"],
        ["object", "'Oslo'", "'Oslo'"],
        ["bool", "True", "False"],
        ["int64", "7", "7"],
    ]
    assert ask(kinds, [ROW, GAPS | {"id": 2.5, "smokes": None}]) == [
        ["float64", "31.0", "nan"],
        ["object", "'Oslo'", "nan"],
        ["object", "True", "nan"],
        ["float64", "7.0", "2.5"],
    ]


@pytest.mark.parametrize(
    ("value", "code", "path", "expected"),
    [
        ([ROW, {**ROW, "town": 1}], "unknown_column", "input[1].town", f"one of: {COLUMNS}"),
        ({**ROW, "a town": 1}, "unknown_column", 'input["a town"]', f"one of: {COLUMNS}"),
        ([{"age": 1, "smokes": True}], "missing_column", "input[0].city", "all of: age, city, smokes"),
        ({"age": 1, "smokes": True}, "missing_column", "input.city", "all of: age, city, smokes"),
        ({}, "missing_column", "input.age", "all of: age, city, smokes"),
        ([ROW, {**ROW, "age": "31"}], "type", "input[1].age", "a number, true, false or null"),
        ({**ROW, "city": 5}, "type", "input.city", "a string or null"),
        ({**ROW, "city": ["Oslo"]}, "type", "input.city", "a string or null"),
        ({**ROW, "id": {}}, "type", "input.id", "a number, a string, true, false or null"),
        ([ROW, GAPS, {**ROW, "smokes": 1}], "type", "input[2].smokes", "booleans or null in every row"),
        ([[1, "Oslo", True, "x"], [1, "Rome", True, 2]], "type", "input[1][3]", "strings or null in every row"),
        ([ROW, [31, "Oslo", True, 7]], "type", "input[1]", None),
        ([[31, "Oslo", True, 7], ROW], "type", "input[1]", None),
        ([[31, "Oslo", True, 7], 3], "type", "input[1]", None),
        ([31, ROW], "type", "input[0]", None),
        ([31, "Oslo"], "shape", "input", f"in this order: {COLUMNS}"),
        ([[31, "Oslo", True, 7], [1]], "shape", "input[1]", f"in this order: {COLUMNS}"),
        ([], "shape", "input", "a list with at least one row"),
        ([[]], "shape", "input[0]", f"in this order: {COLUMNS}"),
        ("Oslo", "type", "input", None),
        (None, "type", "input", None),
        ({**ROW, "id": 2**63}, "range", "input.id", None),
        (b'{"input": {"age": NaN, "city": "Oslo", "smokes": true}}', "non_finite", "input.age", "a finite number"),
        ({**ROW, "city": "Paris"}, "refused_by_model", "input", None),
    ],
)
def test_what_is_no_row_of_the_table_is_refused_at_its_place(plane, value, code, path, expected):
    error = refusal(plane, value)
    assert (error.status, error.code, error.path) == (422, code, path)
    assert expected in {None, error.expected}


@pytest.mark.parametrize(
    ("rows", "path"),
    [
        ('{"age": 1, "city": "a", "smokes": true, "age": 2}', "input.age"),
        ('[{"age": 1, "city": "a:b", "smokes": true}, {"age": 1, "city": "a", "city": "b", "smokes": true}]', None),
    ],
)
def test_a_column_that_is_there_twice_is_refused(plane, rows, path):
    error = refusal(plane, f'{{"input": {rows}}}'.encode())
    assert (error.code, error.path) == ("doubled_column", path or "input[1].city")


def test_a_text_with_colons_is_no_doubled_column(kinds):
    assert "'a:b::c'" in json.dumps(ask(kinds, [{**ROW, "city": "a:b::c"}]))


def test_numbers_alone_are_a_table_too(tmp_path):
    model = numeric()
    plane = load(pickled(tmp_path, model), "pickle")
    expected = model.predict(NUMBERS[:2])
    rows = NUMBERS[:2].to_dict("records")
    assert ask(plane, rows) == pytest.approx(expected)
    assert ask(plane, [list(row.values()) for row in rows]) == pytest.approx(expected)
    assert ask(plane, NUMBERS[:2].to_numpy(dtype=float).tolist()) == pytest.approx(expected)
    assert ask(plane, rows[0]) == pytest.approx(expected[0])
    assert refusal(plane, [{**rows[0], "size": None}]).code == "refused_by_model"  # it has no step for gaps


def test_nan_is_let_in_only_when_allowed(tmp_path):
    path = pickled(tmp_path, mixed())
    body = b'{"input": {"age": NaN, "city": "Oslo", "smokes": true}}'
    plane = load(path, "pickle", CHARTGEN_ALLOW_NON_FINITE="true")
    assert json.loads(plane.predict(body))["output"] == ask(plane, {**ROW, "age": None})
    values = {**ROW, "age": math.inf}
    strict = load(path, "pickle")
    with pytest.raises(Exception, match="not finite") as refused:
        strict.predict_value(values)  # as a framework's own route hands it over
    assert refused.value.path == "input.age"


def test_without_a_sample_the_pod_makes_a_row_of_what_the_model_knows(plane):
    example = plane.openapi()["/predict"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert example == {"input": [{"age": 0.0, "city": "Bonn", "smokes": 0.0, "id": 0.0}]}
    assert ask(plane, example["input"])


def test_the_document_describes_the_rows(plane):
    schema = plane.openapi()["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    rows, row, lists, one = schema["properties"]["input"]["anyOf"]
    assert rows["items"] == row
    assert row["required"] == ["age", "city", "smokes"]
    assert row["properties"]["city"] == {"type": ["string", "null"]}
    assert row["properties"]["age"] == {"type": ["number", "boolean", "null"]}
    assert lists["items"] == one
    assert one["minItems"] == one["maxItems"] == len(one["prefixItems"]) == 4


def tensor(name, datatype, *data, shape=None):
    return {"name": name, "datatype": datatype, "shape": shape or [len(data)], "data": list(data)}


TENSORS = [
    tensor("age", "INT64", 31, 40),
    tensor("city", "BYTES", ["Oslo"], ["Rome"], shape=[2, 1]),
    tensor("smokes", "BOOL", True, False),
    tensor("id", "FP32", 0, 1),
]


def test_in_v2_a_table_is_a_tensor_for_each_column(plane):
    assert [(each["name"], each["datatype"], each["shape"]) for each in plane.metadata()["inputs"]] == [
        ("age", "FP64", [-1]),
        ("city", "BYTES", [-1]),
        ("smokes", "FP64", [-1]),
        ("id", "FP64", [-1]),
    ]
    output = plane.infer_document({"inputs": TENSORS})["outputs"][0]
    assert output["shape"] == [2, 2]
    assert output["data"] == pytest.approx(mixed().predict_proba(TABLE[:2]).ravel())
    gaps = [tensor("age", "INT64", None, None), tensor("city", "BYTES", None, "Rome"), *TENSORS[2:]]
    rows = [{**ROW, "age": None, "city": None}, {**ROW, "age": None, "city": "Rome", "smokes": False}]
    assert plane.infer_document({"inputs": gaps})["outputs"][0]["data"] == pytest.approx(np.ravel(ask(plane, rows)))


@pytest.mark.parametrize(
    ("place", "new", "path"),
    [
        (0, tensor("age", "BYTES", "1", "2"), "inputs[0].datatype"),
        (1, tensor("city", "FP64", 1, 2), "inputs[1].datatype"),
        (2, tensor("smokes", "BOOL", True), "inputs[2].shape"),
        (3, tensor("id", "INT64", 1, 2, 3, 4, shape=[2, 2]), "inputs[3].shape"),
        (3, tensor("other", "INT64", 1, 2), "inputs[3].name"),
        (3, TENSORS[0], "inputs[3].name"),
    ],
)
def test_a_tensor_that_is_no_column_is_refused(plane, place, new, path):
    from chartgen_runtime.errors import ServingError

    tensors = [new if number == place else each for number, each in enumerate(TENSORS)]
    with pytest.raises(ServingError) as refused:
        plane.infer_document({"inputs": tensors})
    assert (refused.value.status, refused.value.path) == (422, path)


def test_a_handler_is_given_the_table(tmp_path):
    handler = tmp_path / "handler.py"
    handler.write_text("def predict(model, table):\n    return [list(table.columns), len(table)]\n")
    plane = load(pickled(tmp_path, numeric()), "pickle", CHARTGEN_HANDLER_PATH=str(handler))
    assert ask(plane, NUMBERS[:2].to_dict("records")) == [["id", "smokes", "size"], 2]


def test_an_array_of_the_handlers_is_given_the_names(tmp_path):
    handler = tmp_path / "handler.py"
    handler.write_text("import numpy as np\n\ndef preprocess(value):\n    return np.array(value) / 2\n")
    model = numeric()
    plane = load(pickled(tmp_path, model), "pickle", CHARTGEN_HANDLER_PATH=str(handler))
    assert ask(plane, [[2, 2, 2]]) == pytest.approx(model.predict(pd.DataFrame([[1, 1, 1]], columns=NUMBERS.columns)))


def test_a_model_of_arrays_takes_no_objects_and_needs_no_pandas(tmp_path):
    model = LogisticRegression().fit(NUMBERS.to_numpy(dtype=float), [0, 1] * 12)
    plane = load(pickled(tmp_path, model), "pickle")
    assert not plane.by_column
    assert refusal(plane, [{"id": 1}]).code == "type"


@pytest.mark.filterwarnings("error::UserWarning:sklearn")
@pytest.mark.parametrize("name", ["vote", "stack", "union", "histogram"])
def test_what_hands_its_input_to_several_parts_answers_as_the_library_does(tmp_path, name):
    model = several()[name]
    table = NUMBERS if name in {"stack", "union"} else TABLE.dropna()
    plane = load(pickled(tmp_path, model), "pickle")
    rows = json.loads(table.to_json(orient="records"))
    assert ask(plane, rows) == pytest.approx(model.predict(table))
    assert ask(plane, rows[1]) == pytest.approx(model.predict(table[1:2])[0])
