"""The Open Inference Protocol (V2), against what /predict answers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tests.runtime.models import ELEMENT_TYPES, add, echo, graph, helper, iris, iris_onnx, pickled
from tests.runtime.models import tensor as tensor_of
from tests.runtime.serving import ask, load, serving

ROW = [5.1, 3.5, 1.4, 0.2]
BATCH = [ROW, [6.7, 3.0, 5.2, 2.3]]
DATATYPES = {
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "bool": "BOOL",
    "string": "BYTES",
    **{name: name.upper() for name in ELEMENT_TYPES if "int" in name},
}


def tensor(name, datatype, data, shape=None):
    return {"name": name, "datatype": datatype, "shape": shape or list(np.shape(data)), "data": data}


def infer(plane, *tensors, **members):
    return json.loads(plane.infer(json.dumps({"inputs": list(tensors), **members}).encode()))


def refused(plane, request):
    """The text of the error."""
    from chartgen_runtime.errors import ServingError
    from chartgen_runtime.routes import v2_error

    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    with pytest.raises(ServingError) as raised:
        plane.infer(body)
    status, document = v2_error(raised.value)
    assert status == 400
    assert set(json.loads(document)) == {"error"}
    return json.loads(document)["error"]


@pytest.fixture(scope="module")
def iris_plane(tmp_path_factory):
    return load(pickled(tmp_path_factory.mktemp("iris"), iris()), "pickle", CHARTGEN_MODEL_METHOD="predict_proba")


@pytest.mark.parametrize("dtype", DATATYPES)
def test_every_datatype_goes_through_as_on_predict(tmp_path, dtype):
    plane = load(echo(tmp_path, dtype, ["N", 2]), "onnx")
    data = {"bool": [[True, False]], "string": [["a", "ü"]]}.get(dtype, [[1, 2], [3, 4]])
    output = infer(plane, tensor("x", DATATYPES[dtype], data))["outputs"]
    flat = [element for row in ask(plane, data) for element in row]
    assert output == [{"name": "y", "datatype": DATATYPES[dtype], "shape": [len(data), 2], "data": flat}]


def test_data_are_flat_or_nested(iris_plane):
    nested = infer(iris_plane, tensor("input", "FP64", BATCH))
    flat = infer(iris_plane, tensor("input", "FP64", [*BATCH[0], *BATCH[1]], [2, 4]))
    assert nested == flat
    assert np.reshape(flat["outputs"][0]["data"], flat["outputs"][0]["shape"]).tolist() == ask(iris_plane, BATCH)


def test_the_metadata_say_what_the_model_takes_and_gives(iris_plane, tmp_path):
    assert iris_plane.metadata() == {
        "name": "test",
        "platform": "python_pickle",
        "inputs": [{"name": "input", "datatype": "FP64", "shape": [-1, 4]}],
        "outputs": [{"name": "output", "datatype": "FP64", "shape": [-1, 3]}],
    }
    metadata = load(iris_onnx(tmp_path), "onnx", CHARTGEN_MODEL_VERSION="1.2.0+b").metadata()
    assert metadata["versions"] == ["1.2.0+b"]
    assert metadata["inputs"] == [{"name": "X", "datatype": "FP32", "shape": [-1, 4]}]
    assert metadata["outputs"][0] == {"name": "output_label", "datatype": "INT64", "shape": [-1]}
    assert metadata["outputs"][1] == {"name": "output_probability", "datatype": "BYTES", "shape": [-1]}


def test_the_request_of_the_metadata_is_answered_by_the_tensors_of_the_metadata(tmp_path):
    plane = load(add(tmp_path, ["N", 2], ["N", 2]), "onnx")
    metadata = plane.metadata()
    tensors = [tensor(each["name"], each["datatype"], [[1, 2]]) for each in metadata["inputs"]]
    answer = infer(plane, *tensors, parameters={"anything": 1})
    assert [(each["name"], each["datatype"]) for each in answer["outputs"]] == [("sum", "FP32")]
    assert answer["outputs"][0]["data"] == [2, 4]


def test_the_metadata_of_an_output_without_dimensions_are_those_of_its_answer(tmp_path):
    nodes = [helper.make_node("ReduceSum", ["x"], ["all"], keepdims=0), helper.make_node("NonZero", ["x"], ["where"])]
    outputs = [tensor_of("all", "float32", []), tensor_of("where", "int64", None)]
    plane = load(graph(tmp_path / "sum.onnx", nodes, [tensor_of("x", "float32", ["N", 2])], outputs), "onnx")
    assert plane.metadata()["outputs"] == [
        {"name": "all", "datatype": "FP32", "shape": []},
        {"name": "where", "datatype": "INT64", "shape": [2, -1]},
    ]
    answer = infer(plane, tensor("x", "FP32", [[1, 2], [3, 4]]))["outputs"]
    assert [each["shape"] for each in answer] == [[], [2, 4]]


class Doubling:
    """A plain object, which says nothing of what it takes."""

    def predict(self, rows):
        return np.asarray(rows) * 2


@pytest.mark.parametrize("sample", [[1, 2, 3], [[[1], [2]]]])
def test_the_metadata_of_what_does_not_say_its_rank_have_that_of_the_sample(tmp_path, sample):
    path = tmp_path / "request.json"
    path.write_text(json.dumps({"input": sample}))
    metadata = load(pickled(tmp_path, Doubling()), "pickle", CHARTGEN_SAMPLE_PATH=str(path)).metadata()
    rank = [-1] * np.ndim(sample)
    assert [metadata["inputs"][0]["shape"], len(metadata["outputs"][0]["shape"])] == [rank, len(rank)]


def test_maps_are_bytes_of_json(tmp_path):
    plane = load(iris_onnx(tmp_path), "onnx")
    output = infer(plane, tensor("X", "FP32", BATCH), outputs=[{"name": "output_probability"}])["outputs"]
    assert [(each["name"], each["datatype"], each["shape"]) for each in output] == [
        ("output_probability", "BYTES", [2])
    ]
    assert output[0]["parameters"] == {"content_type": "application/json"}
    assert [json.loads(text) for text in output[0]["data"]] == ask(plane, BATCH)["output_probability"]


def test_the_id_comes_back_and_the_version_is_told(tmp_path):
    plane = load(echo(tmp_path, "float32", ["N"]), "onnx", CHARTGEN_MODEL_VERSION="3")
    answer = infer(plane, tensor("x", "FP32", [1]), id="a b")
    assert (answer["id"], answer["model_name"], answer["model_version"]) == ("a b", "test", "3")
    assert "id" not in infer(plane, tensor("x", "FP32", [1]))


def test_a_classifier_of_words_answers_bytes(tmp_path):
    model = LogisticRegression().fit([[0.0], [1.0]], ["no", "yes"])
    plane = load(pickled(tmp_path, model), "pickle")
    assert plane.metadata()["outputs"] == [{"name": "output", "datatype": "BYTES", "shape": [-1]}]
    output = infer(plane, tensor("input", "FP64", [[0.0], [9.0]]))["outputs"][0]
    assert (output["datatype"], output["data"]) == ("BYTES", ["no", "yes"])


GOOD = tensor("input", "FP64", [ROW])


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (b"{", "the body is not JSON"),
        ([], "the body is not an object"),
        ({}, "`inputs` is missing"),
        ({"inputs": {}}, "not a list"),
        ({"inputs": []}, "the input 'input' is missing"),
        ({"inputs": [1]}, "inputs[0]"),
        ({"inputs": [GOOD, GOOD]}, "there twice"),
        ({"inputs": [GOOD | {"name": "X"}]}, "the input 'X' is not known (at inputs[0].name; expected input)"),
        ({"inputs": [GOOD | {"datatype": "FP32"}]}, "the datatype is FP32 (at inputs[0].datatype; expected FP64)"),
        ({"inputs": [GOOD | {"datatype": "FLOAT"}]}, "inputs[0].datatype"),
        ({"inputs": [GOOD | {"datatype": ["FP64"]}]}, "inputs[0].datatype"),
        ({"inputs": [GOOD | {"shape": [4]}]}, "inputs[0]"),
        ({"inputs": [GOOD | {"shape": [2, 2]}]}, "inputs[0]"),
        ({"inputs": [GOOD | {"shape": [-1, 4]}]}, "inputs[0].shape"),
        ({"inputs": [GOOD | {"shape": [1.0, 4]}]}, "inputs[0].shape"),
        ({"inputs": [GOOD | {"shape": [10**18, 10**18]}]}, "inputs[0]"),
        ({"inputs": [GOOD | {"shape": [1, True]}]}, "inputs[0].shape"),
        ({"inputs": [tensor("input", "FP64", ROW)]}, "the tensor has 1 dimension (at inputs[0].shape"),
        ({"inputs": [tensor("input", "FP64", [[1, 2, 3]])]}, "3 values where the model takes 4"),
        ({"inputs": [tensor("input", "FP64", [], [0, 4])]}, "the array is empty"),
        ({"inputs": [tensor("input", "FP64", [ROW[:3], ROW], [2, 4])]}, "inputs[0].data"),
        ({"inputs": [tensor("input", "FP64", [["1", 1, 1, 1]])]}, "a string is not a number"),
        ({"inputs": [tensor("input", "FP64", [[True, 1, 1, 1]])]}, "a boolean is not a number"),
        ({"inputs": [{**GOOD, "data": None}]}, "the data are missing"),
        ({"inputs": [{"name": "input", "datatype": "FP64", "shape": [1, 4], "parameters": {"binary_data_size": 32}}]},
         "binary tensor data are not read here"),
        ({"inputs": [GOOD], "id": 1}, "the id is not a string"),
        ({"inputs": [GOOD], "outputs": [{"name": "x"}]}, "the output 'x' is not known"),
        ({"inputs": [GOOD], "outputs": {"name": "output"}}, "outputs"),
        ({"inputs": [GOOD], "outputs": ["output"]}, "outputs"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_400_with_the_place(iris_plane, request_, said):
    assert said in refused(iris_plane, request_)


def test_an_integer_that_does_not_fit_is_refused(tmp_path):
    plane = load(echo(tmp_path, "int8", ["N"]), "onnx")
    assert "300 does not fit int8 (at inputs[0].data[1]" in refused(plane, {"inputs": [tensor("x", "INT8", [1, 300])]})


def test_a_handlers_predict_is_used_and_its_object_is_several_outputs(tmp_path):
    handler = tmp_path / "handler.py"
    handler.write_text(
        "def predict(model, inputs):\n    return {'double': inputs * 2, 'label': model.predict(inputs)}\n"
    )
    plane = load(pickled(tmp_path, iris()), "pickle", CHARTGEN_HANDLER_PATH=str(handler))
    assert [each["name"] for each in plane.metadata()["outputs"]] == ["double", "label"]
    outputs = infer(plane, GOOD)["outputs"]
    assert [(each["name"], each["datatype"], each["shape"]) for each in outputs] == [
        ("double", "FP64", [1, 4]),
        ("label", "INT64", [1]),
    ]


@pytest.mark.parametrize("step", ["preprocess", "postprocess"])
def test_a_handler_of_values_is_for_predict_alone(tmp_path, step):
    handler = tmp_path / "handler.py"
    handler.write_text(f"def {step}(value):\n    return value\n")
    plane = load(pickled(tmp_path, iris()), "pickle", CHARTGEN_HANDLER_PATH=str(handler))
    assert f"has a function {step}" in refused(plane, {"inputs": [GOOD]})
    assert ask(plane, ROW) == 0


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ([1] * 65, "the shape has 65 dimensions (at inputs[0].shape; expected at most 64)"),
        ([0] * 65, "the shape has 65 dimensions (at inputs[0].shape; expected at most 64)"),
        ([2**63 - 1, 0], "the shape is too large (at inputs[0].shape; expected sizes whose product is at most"),
        ([2**40, 2**40, 0], "the shape is too large"),
        ([2**63 - 1] * 64, "the shape is too large"),
    ],
)
def test_a_shape_beyond_what_an_array_can_have_is_refused(iris_plane, shape, said):
    for data in ([], [1.0]):
        assert said in refused(iris_plane, {"inputs": [tensor("input", "FP64", data, shape)]})


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("v2")
    with serving(folder) as start:
        variables = {"CHARTGEN_MODEL_NAME": "iris", "CHARTGEN_MODEL_VERSION": "1.0.0", "CHARTGEN_BASE_PATH": "/m/a"}
        made = start(pickled(folder, iris()), "pickle", CHARTGEN_MAX_BODY_BYTES="1000", **variables)
        made.wait_ready()
        yield made


@pytest.mark.parametrize("base", ["", "/m/a"])
def test_the_paths_of_the_protocol_answer(server, base):
    def get(path):
        answer = server.get(f"{base}/v2{path}")
        assert answer.status_code == 200
        return answer.json()

    assert get("") == {"name": "chartgen", "version": "2", "extensions": []}
    assert get("/health/live")["live"] is True
    assert get("/health/ready")["ready"] is True
    for model in ("/models/iris", "/models/iris/versions/1.0.0"):
        assert get(model)["inputs"][0]["name"] == "input"
        assert get(f"{model}/ready") == {"name": "iris", "ready": True}


def test_infer_answers_over_http_and_its_errors_are_one_text(server):
    import httpx

    for model in ("iris", "iris/versions/1.0.0"):
        url = f"{server.url}/v2/models/{model}/infer"
        answer = httpx.post(url, json={"inputs": [GOOD]}, headers={"x-request-id": "mine"})
        assert answer.json()["outputs"][0]["data"] == [0]
        assert answer.headers["x-request-id"] == "mine"
    faults = [
        httpx.post(url, json={"inputs": []}),
        httpx.get(url),
        httpx.post(url, content=b" " * 5000),
        httpx.post(f"{server.url}/v2/models/other/infer", json={}),
        httpx.get(f"{server.url}/v2/models/iris/versions/2"),
    ]
    assert [fault.status_code for fault in faults] == [400, 405, 413, 404, 404]
    for fault in faults:
        assert list(fault.json()) == ["error"]
        assert fault.headers["x-request-id"]
