"""The /predict contract on ONNX models, through the data plane."""

from __future__ import annotations

import json

import numpy as np
import pytest
from onnx import numpy_helper

from tests.runtime.models import add, echo, graph, helper, iris, iris_onnx, tensor
from tests.runtime.serving import ask, load, refusal

ROW = [5.1, 3.5, 1.4, 0.2]
INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
FLOATS = ["float16", "float32", "float64"]


def test_a_batch_gets_the_librarys_own_numbers(tmp_path):
    batch = [ROW, [6.2, 2.8, 4.8, 1.8], [7.9, 3.8, 6.4, 2.0]]
    output = ask(load(iris_onnx(tmp_path), "onnx"), batch)
    assert output["output_label"] == iris().predict(batch).tolist()
    for found, expected in zip(output["output_probability"], iris().predict_proba(batch), strict=True):
        assert [found["0"], found["1"], found["2"]] == pytest.approx(expected, abs=1e-6)


def test_one_item_gets_an_answer_without_the_batch_axis(tmp_path):
    plane = load(iris_onnx(tmp_path), "onnx")
    output, batch = ask(plane, ROW), ask(plane, [ROW])
    assert output["output_label"] == batch["output_label"][0]
    assert output["output_probability"] == batch["output_probability"][0]
    assert list(output["output_probability"]) == ["0", "1", "2"]


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_go_through_exactly_to_the_ends_of_their_type(tmp_path, dtype):
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    plane = load(echo(tmp_path, dtype, ["N", 2]), "onnx")
    assert ask(plane, [[low, high], [0, 1.0]]) == [[low, high], [0, 1]]
    for beyond in (low - 1, high + 1):
        error = refusal(plane, [[0, 0], [0, beyond]])
        assert (error.status, error.code, error.path) == (422, "range", "input[1][1]")
        assert str(high) in error.expected


def test_integers_beside_floats_keep_every_digit(tmp_path):
    plane = load(echo(tmp_path, "int64", ["N"]), "onnx")
    assert ask(plane, [2**53 + 1, 1.0, -(2**63)]) == [2**53 + 1, 1, -(2**63)]


@pytest.mark.parametrize("number", ["1e20", "9007199254740993.0", "-9223372036854775809", "1" * 30])
def test_a_float_that_may_have_been_rounded_is_no_integer(tmp_path, number):
    plane = load(echo(tmp_path, "int64", ["N"]), "onnx")
    error = refusal(plane, f'{{"input": [0, {number}]}}'.encode())
    assert (error.status, error.code, error.path) == (422, "range", "input[1]")


def test_a_fraction_is_no_integer(tmp_path):
    error = refusal(load(echo(tmp_path, "int32", ["N"]), "onnx"), [1, 2.5])
    assert (error.status, error.code, error.path) == (422, "type", "input[1]")
    assert "2.5 is not a whole number" in error.message


@pytest.mark.parametrize("dtype", FLOATS)
def test_floats_go_through(tmp_path, dtype):
    value = [[0.5, -1.25], [3, 1e-3]]
    assert ask(load(echo(tmp_path, dtype, ["N", 2]), "onnx"), value) == [
        pytest.approx(row, rel=1e-3 if dtype == "float16" else 1e-7) for row in value
    ]


@pytest.mark.parametrize(("dtype", "number"), [("float16", 70000), ("float16", 1e6), ("float32", 1e39)])
@pytest.mark.parametrize("allowed", ["true", "false"])
def test_a_number_that_overflows_a_float_type_is_refused(tmp_path, dtype, number, allowed):
    plane = load(echo(tmp_path, dtype, ["N"]), "onnx", CHARTGEN_ALLOW_NON_FINITE=allowed)
    error = refusal(plane, [0, number])
    assert (error.status, error.code, error.path) == (422, "range", "input[1]")


def test_booleans_and_strings_go_through(tmp_path):
    assert ask(load(echo(tmp_path, "bool", ["N"]), "onnx"), [True, False]) == [True, False]
    words = ["", "ä\u2028", "a" * 1000, "1.5"]
    assert ask(load(echo(tmp_path, "string", ["N"]), "onnx"), words) == words


@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8", "bool", "string"])
@pytest.mark.parametrize("alien", ["1.5", None, True, {"a": 1}, 1])
def test_nothing_is_smuggled_into_another_type(tmp_path, dtype, alien):
    own = {"float32": (0.5, (int, float)), "bool": (False, (bool,)), "string": ("a", (str,))}
    good, types = own.get(dtype, (2, (int, float)))
    if type(alien) in types:
        return
    plane = load(echo(tmp_path, dtype, ["N", 2]), "onnx")
    error = refusal(plane, [[good, good], [good, good], [good, good], [good, alien]])
    assert (error.status, error.code, error.path) == (422, "type", "input[3][1]")
    assert refusal(plane, alien).status == 422


@pytest.mark.parametrize(
    ("value", "path", "expected"),
    [
        ([[1, 2, 3, 4], [1, 2, 3]], "input[1]", "a list of 4"),
        ([[1, 2, 3, 4], 5], "input[1]", "a list of 4"),
        ([1, [2], 3, 4], "input[1]", "no list"),
        ([1, 2, 3], "input", "float32[4]"),
        ([[1, 2, 3]], "input[0]", "float32[?, 4]"),
        ([[[1, 2, 3, 4]]], "input", "float32[?, 4] (a batch), or float32[4] (one item)"),
        (1, "input", "float32[?, 4] (a batch), or float32[4] (one item)"),
        ([], "input", "float32[4]"),
        ([[]], "input[0]", "float32[?, 4]"),
    ],
)
def test_a_wrong_shape_is_refused_with_what_was_expected(tmp_path, value, path, expected):
    error = refusal(load(iris_onnx(tmp_path), "onnx"), value)
    assert (error.status, error.path, error.expected) == (422, path, expected)


def test_an_empty_batch_is_refused(tmp_path):
    error = refusal(load(echo(tmp_path, "float32", ["N", "M"]), "onnx"), [[]])
    assert (error.status, error.code) == (422, "shape")
    assert "empty" in error.message


def test_a_fixed_batch_is_honoured_and_named(tmp_path):
    plane = load(echo(tmp_path, "float32", [3, 2]), "onnx")
    batch = [[1, 2], [3, 4], [5, 6]]
    assert ask(plane, batch) == batch
    for wrong in (batch[:2], batch[0]):
        error = refusal(plane, wrong)
        assert error.status == 422
        assert "batches of exactly 3" in error.message


def test_a_fixed_batch_of_one_takes_one_item(tmp_path):
    plane = load(echo(tmp_path, "float32", [1, 2]), "onnx")
    assert ask(plane, [1, 2]) == [1, 2]
    assert ask(plane, [[1, 2]]) == [[1, 2]]


def test_a_scalar_is_a_scalar(tmp_path):
    plane = load(echo(tmp_path, "float32", []), "onnx")
    assert ask(plane, 2.5) == 2.5
    error = refusal(plane, [2.5])
    assert (error.status, error.expected) == (422, "float32 scalar")


def test_an_input_of_unknown_rank_takes_any_array_and_keeps_its_axes(tmp_path):
    sample = tmp_path / "request.json"
    sample.write_text('{"input": [[1]]}')
    plane = load(echo(tmp_path, "float32", None), "onnx", CHARTGEN_SAMPLE_PATH=str(sample))
    for value in (1, [1], [[1, 2]], [[[1]]]):
        assert ask(plane, value) == value


def test_several_inputs_are_an_object_by_name(tmp_path):
    plane = load(add(tmp_path, ["N", 2], ["N", 2]), "onnx")
    assert ask(plane, {"left": [[1, 2]], "right": [[3, 4]]}) == [[4, 6]]
    assert ask(plane, {"right": [3, 4], "left": [1, 2]}) == [4, 6]


@pytest.mark.parametrize(
    ("value", "code", "path"),
    [
        ([[1, 2]], "type", "input"),
        ({"left": [1, 2]}, "missing_input", "input.right"),
        ({"left": [1, 2], "right": [1, 2], "a b": 1}, "unknown_input", 'input["a b"]'),
        ({"left": [1, 2], "right": [[1, 2]]}, "shape", "input.right"),
        ({"left": [[1, 2], [3, 4]], "right": [[1, 2]]}, "shape", "input.right"),
        ({"left": [[1, 2]], "right": [[1, "2"]]}, "type", "input.right[0][1]"),
    ],
)
def test_several_inputs_are_checked_by_name(tmp_path, value, code, path):
    error = refusal(load(add(tmp_path, ["N", 2], ["N", 2]), "onnx"), value)
    assert (error.status, error.code, error.path) == (422, code, path)


def test_inputs_of_different_lengths_that_the_model_cannot_add_are_the_clients_fault(tmp_path):
    plane = load(add(tmp_path, [None, 2], [None, 2], [None, 2]), "onnx")
    assert ask(plane, {"left": [[1, 2]], "right": [[3, 4], [5, 6]]}) == [[4, 6], [6, 8]]
    error = refusal(plane, {"left": [[1, 2]] * 2, "right": [[3, 4]] * 3})
    assert (error.status, error.code) == (422, "refused_by_model")
    assert "2 by 3" in error.message


def test_an_input_of_fixed_size_beside_a_batch_carries_no_batch(tmp_path):
    plane = load(add(tmp_path, ["N", 2], [2]), "onnx")
    assert ask(plane, {"left": [[1, 2], [3, 4]], "right": [10, 20]}) == [[11, 22], [13, 24]]
    assert ask(plane, {"left": [1, 2], "right": [10, 20]}) == [11, 22]


def test_an_output_about_the_whole_batch_keeps_its_axis(tmp_path):
    nodes = [helper.make_node("ReduceMean", ["x"], ["mean"], axes=[0], keepdims=1)]
    nodes.append(helper.make_node("Identity", ["x"], ["same"]))
    outputs = [tensor("mean", "float32", [1, 2]), tensor("same", "float32", ["N", 2])]
    plane = load(graph(tmp_path / "m.onnx", nodes, [tensor("x", "float32", ["N", 2])], outputs), "onnx")
    assert ask(plane, [1, 2]) == {"mean": [[1, 2]], "same": [1, 2]}


def test_a_sequence_of_tensors_is_a_list(tmp_path):
    nodes = [helper.make_node("SplitToSequence", ["x"], ["parts"], axis=1)]
    output = helper.make_tensor_sequence_value_info("parts", 1, None)
    plane = load(graph(tmp_path / "m.onnx", nodes, [tensor("x", "float32", ["N", 2])], [output]), "onnx")
    assert ask(plane, [[1, 2], [3, 4]]) == [[[1], [3]], [[2], [4]]]
    assert ask(plane, [1, 2]) == [[1], [2]]


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e400", "-1e999", "9" * 5000])
def test_a_number_that_is_not_finite_is_refused_with_its_place(tmp_path, literal):
    error = refusal(load(iris_onnx(tmp_path), "onnx"), f'{{"input": [1, 2, {literal}, 4]}}'.encode())
    assert (error.status, error.code, error.path) == (422, "non_finite", "input[2]")


def test_numbers_that_are_not_finite_pass_when_allowed(tmp_path):
    plane = load(echo(tmp_path, "float32", ["N"]), "onnx", CHARTGEN_ALLOW_NON_FINITE="true")
    answer = plane.predict(b'{"input": [1, NaN, -Infinity, 1e400]}')
    assert json.loads(answer) == {"output": [1, None, None, None]}
    assert refusal(plane, [1, None]).code == "type"


def test_an_index_beyond_the_end_is_the_inputs_fault_and_stands_in_no_log(tmp_path, capfd):
    nodes = [helper.make_node("Gather", ["table", "x"], ["y"])]
    table = numpy_helper.from_array(np.arange(3, dtype=np.float32), "table")
    ends = [tensor("x", "int64", ["N"])], [tensor("y", "float32", ["N"])]
    plane = load(graph(tmp_path / "gather.onnx", nodes, *ends, [table]), "onnx")
    assert ask(plane, [2, 0]) == [2, 0]
    error = refusal(plane, [9876])
    assert (error.status, error.code) == (422, "refused_by_model")
    assert "9876" not in capfd.readouterr().err, "a body is never logged"


def test_a_text_that_the_graph_cannot_read_as_a_number_is_the_inputs_fault(tmp_path):
    nodes = [helper.make_node("Cast", ["x"], ["y"], to=1)]
    sample = tmp_path / "request.json"
    sample.write_text('{"input": ["1"]}')
    model = graph(tmp_path / "cast.onnx", nodes, [tensor("x", "string", ["N"])], [tensor("y", "float32", ["N"])])
    plane = load(model, "onnx", CHARTGEN_SAMPLE_PATH=str(sample))
    assert ask(plane, ["1.5"]) == [1.5]
    error = refusal(plane, ["much"])
    assert (error.status, error.code) == (422, "refused_by_model")


def test_an_output_that_is_not_finite_is_an_error_unless_allowed(tmp_path):
    def logarithm(**variables):
        nodes = [helper.make_node("Log", ["x"], ["y"])]
        sample = tmp_path / "request.json"
        sample.write_text('{"input": [1.0]}')
        ends = [tensor("x", "float32", ["N"])], [tensor("y", "float32", ["N"])]
        model = graph(tmp_path / "log.onnx", nodes, *ends)
        return load(model, "onnx", CHARTGEN_SAMPLE_PATH=str(sample), **variables)

    error = refusal(logarithm(), [1.0, 0.0])
    assert (error.status, error.code, error.path) == (422, "non_finite_output", "output[1]")
    assert ask(logarithm(CHARTGEN_ALLOW_NON_FINITE="true"), [1.0, 0.0]) == [0, None]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"nonsense", b"\xff\xfe", b"\xef\xbb\xbf{}", b'{"input": "\\ud800"}', b'{"input": [1,]}']
    + [b"[" * depth + b"]" * depth for depth in (2000, 100_000)]
    + [b'{"input": ' + b"[" * 100_000, '{"input": [NaN]}'.encode("utf-16"), b'{"input": NaN'],
)
def test_what_is_no_json_is_400(tmp_path, body):
    error = refusal(load(iris_onnx(tmp_path), "onnx"), body)
    assert (error.status, error.code) == (400, "not_json")


@pytest.mark.parametrize("depth", [63, 64, 65, 66, 200, 1000])
def test_deep_nesting_is_refused(tmp_path, depth):
    for dtype in ("float32", "string"):
        plane = load(echo(tmp_path, dtype, ["N"]), "onnx")
        error = refusal(plane, b'{"input": ' + b"[" * depth + b"1" + b"]" * depth + b"}")
        assert error.status == 422


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"[]", ""),
        (b'"input"', ""),
        (b"{}", "input"),
        (b'{"inputs": [1]}', "inputs"),
        (b'{"input": [1, 2, 3, 4], "parameters": {}}', "parameters"),
    ],
)
def test_the_body_is_an_object_with_input_alone(tmp_path, body, path):
    error = refusal(load(iris_onnx(tmp_path), "onnx"), body)
    assert (error.status, error.path) == (422, path)
    assert error.expected


def test_every_error_has_the_same_body(tmp_path):
    assert refusal(load(iris_onnx(tmp_path), "onnx"), [1]).body() == {
        "error": {
            "code": "shape",
            "message": "1 value where the model takes 4",
            "path": "input",
            "expected": "float32[4]",
        }
    }


def test_a_word_in_the_text_is_seen_even_behind_a_plain_key(tmp_path):
    plane = load(iris_onnx(tmp_path), "onnx")
    for word in ("true", "false", "null"):
        assert refusal(plane, f'{{"\\u0069nput": [1, 2, 3, {word}]}}'.encode()).path == "input[3]"


def test_an_onnx_model_has_no_method(tmp_path):
    from chartgen_runtime.errors import StartupError

    with pytest.raises(StartupError, match="no method 'predict_proba'"):
        load(iris_onnx(tmp_path), "onnx", CHARTGEN_MODEL_METHOD="predict_proba")


def test_a_model_with_a_pole_at_zero_is_warmed_up_with_ones(tmp_path):
    inputs, outputs = [tensor("x", "float32", ["N", 2])], [tensor("y", "float32", ["N", 2])]
    plane = load(graph(tmp_path / "log.onnx", [helper.make_node("Log", ["x"], ["y"])], inputs, outputs), "onnx")
    assert ask(plane, [1, 1]) == [0, 0]
    assert json.loads(json.dumps(plane.openapi()))["/predict"]["post"]["requestBody"]
    assert plane._example == {"input": [[1.0, 1.0]]}


def test_a_model_that_answers_neither_zeros_nor_ones_asks_for_a_sample(tmp_path):
    from chartgen_runtime.errors import StartupError

    nodes = [helper.make_node("Sub", ["x", "one"], ["d"]), helper.make_node("Mul", ["d", "x"], ["m"])]
    nodes.append(helper.make_node("Log", ["m"], ["y"]))
    one = numpy_helper.from_array(np.ones(1, np.float32), "one")
    inputs, outputs = [tensor("x", "float32", ["N", 2])], [tensor("y", "float32", ["N", 2])]
    with pytest.raises(
        StartupError, match="inputs of zeros and of ones: give a `sample` that it can answer: the model"
    ):
        load(graph(tmp_path / "log.onnx", nodes, inputs, outputs, [one]), "onnx")


def test_an_object_for_a_model_with_one_input_is_told_what_is_expected(tmp_path):
    error = refusal(load(echo(tmp_path, "float32", ["N", 2]), "onnx"), {"x": [1, 2]})
    assert (error.status, error.path) == (422, "input")
    assert error.message == "an object, and the model has one input, which is not named in the request"
    assert error.expected == 'float32[N, 2], as {"input": [...]}'
