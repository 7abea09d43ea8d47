"""A model that cannot work is refused before anything is deployed, with the reason and the way out."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from sklearn.linear_model import LinearRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from chartgen.chart.build import build
from chartgen.service.load import load
from tests.helpers import ONNX_MODEL, ROOT, chartgen, service_file

if TYPE_CHECKING:
    from pathlib import Path

X = np.arange(40.0).reshape(10, 4) % 7
Y = np.array([0, 1] * 5)


def refused(folder: Path, **keys: Any) -> dict[str, Any]:
    """The error of `validate` as it is for programs."""
    service_file(folder, **keys)
    done = chartgen("validate", "-o", "json", cwd=folder)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    error: dict[str, Any] = json.loads(done.stderr)["error"]
    return error


def valid(folder: Path, **keys: Any) -> None:
    service_file(folder, **keys)
    done = chartgen("validate", cwd=folder)
    assert done.returncode == 0, done.stderr


def pickled(folder: Path, model: Any) -> str:
    (folder / "m.pkl").write_bytes(pickle.dumps(model))
    return "m.pkl"


def test_a_sample_that_the_model_cannot_answer_is_refused_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "service.yaml").write_text(
        f"name: digits\nmodel: {ONNX_MODEL}\nsample:\n  input:\n  - 1\n  - 2\n  - three\n"
    )
    done = chartgen("validate", cwd=tmp_path)
    assert done.returncode == 3
    assert "service.yaml:7:5: sample.input[2]: text where the model takes a number (float32)" in done.stderr
    assert "a number (float32)" in done.stderr


@pytest.mark.parametrize(
    ("sample", "path", "message", "expected"),
    [
        ([1, 2, 3], "sample.input", "3 values where the model takes 64", "float32[64]"),
        ({"input": [[1, 2], [3]]}, "sample.input[1]", "a list of 1, beside others of another shape", "a list of 2"),
        (
            {"input": 1},
            "sample.input",
            "the value has no dimension",
            "float32[?, 64] (a batch), or float32[64] (one item)",
        ),
        (
            {"input": {"pixels": [1]}},
            "sample.input",
            "a mapping, and the model has one input, which is not named in the request",
            "float32[?, 64], as lists",
        ),
        ({"input": [1e39] * 64}, "sample.input[0]", "1e+39 does not fit float32", "a number of the type float32"),
    ],
    ids=["short", "ragged", "scalar", "mapping", "range"],
)
def test_what_a_sample_should_have_been_is_said(
    tmp_path: Path, sample: Any, path: str, message: str, expected: str
) -> None:
    [violation] = refused(tmp_path, sample=sample)["violations"]
    assert (violation["path"], violation["message"], violation["expected"]) == (path, message, expected)


def test_a_sample_of_the_command_line_is_checked_too(tmp_path: Path) -> None:
    service_file(tmp_path)
    done = chartgen("validate", "--set-json", "sample=[1, 2]", cwd=tmp_path)
    assert done.returncode == 3
    assert "sample.input: 2 values where the model takes 64" in done.stderr


def test_a_sample_for_a_pickle_is_checked_by_its_features(tmp_path: Path) -> None:
    model = pickled(tmp_path, LinearRegression().fit(X, Y))
    [violation] = refused(tmp_path, model=model, sample=[1, 2, 3])["violations"]
    assert violation["message"] == "3 values where the model takes 4"
    valid(tmp_path, model=model, sample=[1, 2, 3, 4])


def test_what_a_handler_takes_is_its_own_affair(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text("def preprocess(value):\n    return [0.0] * 64\n")
    valid(tmp_path, sample={"input": "an image"}, runtime={"handler": "handler.py"})
    (tmp_path / "handler.py").write_text("def postprocess(value):\n    return value\n")
    refused(tmp_path, sample={"input": "an image"}, runtime={"handler": "handler.py"})


@pytest.mark.parametrize(
    ("model", "method", "message", "expected"),
    [
        (LinearRegression(), "predict_proba", "LinearRegression has no method predict_proba", "predict"),
        (SGDClassifier(), "predict_proba", "SGDClassifier with loss='hinge' has no", "predict or decision_function"),
        (StandardScaler(), "predict", "StandardScaler has no method predict", "transform"),
    ],
    ids=["LinearRegression", "SGDClassifier", "StandardScaler"],
)
def test_a_method_that_the_model_lacks_is_refused(
    tmp_path: Path, model: Any, method: str, message: str, expected: str
) -> None:
    file = pickled(tmp_path, model.fit(X, Y))
    error = refused(tmp_path, model={"file": file, "method": method})
    assert message in error["message"]
    assert error["expected"] == f"`model.method`: {expected}"
    (tmp_path / "handler.py").write_text("def predict(model, inputs):\n    return inputs\n")
    valid(tmp_path, model={"file": file, "method": method}, runtime={"handler": "handler.py"})


def test_a_model_that_was_never_fitted_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, model=pickled(tmp_path, LinearRegression()), sample=[1, 2])
    assert "the LinearRegression in the pickle was never fitted" in error["message"]
    assert "`fit`" in error["hint"]


def test_a_type_that_json_cannot_hold_is_refused(tmp_path: Path) -> None:
    value = helper.make_tensor_value_info("x", TensorProto.BFLOAT16, [1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [value], [])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    error = refused(tmp_path, model="m.onnx")
    assert "the input 'x' is of the type bfloat16, which cannot be made from JSON" in error["message"]


def test_a_model_that_chooses_columns_by_name_has_pandas_in_its_pods(tmp_path: Path) -> None:
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline

    table = pd.DataFrame(X, columns=list("abcd"))
    by_name = ColumnTransformer([("a", StandardScaler(), ["a", "b"])], remainder="passthrough")
    model = pickled(tmp_path, make_pipeline(by_name, LinearRegression()).fit(table, Y))
    valid(tmp_path, model=model, sample=[1, 2, 3, 4])
    valid(tmp_path, model=pickled(tmp_path, LinearRegression().fit(table, Y)), sample=[1, 2, 3, 4])


def test_a_row_that_is_none_of_the_models_table_is_refused_at_its_place(tmp_path: Path) -> None:
    rows = (ROOT / "examples" / "rents-table" / "service.yaml").read_text()
    model = ROOT / "examples" / "rents-table" / "rents.pkl"
    text = rows.replace("file: rents.pkl", f"file: {model}")
    line = next(number for number, each in enumerate(text.splitlines(), 1) if "rooms: 2" in each)
    for old, new, column, message, expected in (
        ("rooms: 2", "room: 2", 13, "the model has no column 'room'", "one of: district, area, rooms, balcony"),
        ("rooms: 2", "rooms: two", 14, "text, which the column 'rooms' does not take", "a number, true, false or null"),
    ):
        (tmp_path / "service.yaml").write_text(text.replace(old, new))
        done = chartgen("validate", cwd=tmp_path)
        assert done.returncode == 3
        place = f"sample.input[1].{new.partition(':')[0]}"
        assert f"service.yaml:{line}:{column}: {place}: {message}\n  expected: {expected}" in done.stderr
    valid(tmp_path, model=str(model), sample={"input": ["hills", None, 2, True]})
    error = refused(tmp_path, model=str(model), sample={"input": {"district": "hills", "rooms": 2, "balcony": True}})
    assert "the column 'area' is missing" in error["violations"][0]["message"]


def test_a_model_of_texts_asks_for_a_sample(tmp_path: Path) -> None:
    file = pickled(tmp_path, OneHotEncoder().fit([["a"], ["b"]]))
    model = {"file": file, "method": "transform"}
    error = refused(tmp_path, model=model)
    assert "the model was fitted with texts" in error["message"]
    assert "sample" in error["hint"]
    valid(tmp_path, model=model, sample={"input": [["a"]]})


def test_a_pipeline_that_ends_with_nothing_predicts_nothing(tmp_path: Path) -> None:
    file = pickled(tmp_path, make_pipeline(StandardScaler(), "passthrough").fit(X, Y))
    error = refused(tmp_path, model=file)
    assert error["message"] == "Pipeline that ends with 'passthrough' has no method predict"
    assert error["expected"] == "`model.method`: transform"
    valid(tmp_path, model={"file": file, "method": "transform"})


@pytest.mark.parametrize("kind", ["BFLOAT16", "FLOAT8E5M2", "INT4", "UINT4"])
def test_an_onnx_output_that_cannot_be_handed_out_is_refused(tmp_path: Path, kind: str) -> None:
    code = TensorProto.DataType.Value(kind)
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])
    answer = helper.make_tensor_value_info("y", code, [1, 3])
    graph = helper.make_graph([helper.make_node("Cast", ["x"], ["y"], to=code)], "g", [given], [answer])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), tmp_path / "m.onnx")
    error = refused(tmp_path, model="m.onnx")
    assert f"the output 'y' is of the type {kind.lower()}, which onnxruntime cannot hand out" in error["message"]
    assert "Cast" in error["hint"]


@pytest.mark.parametrize(
    ("model", "handler", "needed"), [("sklearn", False, False), ("sklearn", True, True), ("xgboost", False, True)]
)
def test_the_pod_s_code_for_boosters_comes_where_there_may_be_one(
    tmp_path: Path, model: str, handler: bool, needed: bool
) -> None:
    boosters = ROOT / "tests" / "inspect" / "models" / "boosters"
    path = (
        boosters / "xgboost-booster.pkl"
        if model == "xgboost"
        else tmp_path / pickled(tmp_path, LinearRegression().fit(X, Y))
    )
    keys: dict[str, Any] = {"model": str(path)}
    if handler:
        (tmp_path / "handler.py").write_text("def preprocess(value):\n    return value\n")
        keys["runtime"] = {"handler": "./handler.py"}
    files = build(load([service_file(tmp_path, **keys)])).chart.files
    assert ("files/runtime/chartgen_runtime/formats/pickle_boosters.py" in files) is needed


@pytest.mark.parametrize("has_handler", [False, True])
def test_a_model_of_categories_warns_of_their_numbers_unless_a_handler_makes_the_table(
    tmp_path: Path, has_handler: bool
) -> None:
    model = ROOT / "tests" / "inspect" / "models" / "boosters" / "categories" / "lightgbm-categories.pkl"
    runtime: dict[str, Any] = {"name": "fastapi"}
    if has_handler:
        (tmp_path / "handler.py").write_text("def preprocess(value):\n    return value\n")
        runtime["handler"] = "handler.py"
    file = service_file(tmp_path, model=str(model), runtime=runtime)
    warnings = "; ".join(build(load([file])).warnings)
    assert ("columns of categories" in warnings) is not has_handler
