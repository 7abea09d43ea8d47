"""The user's handler around a model."""

from __future__ import annotations

import textwrap

import pytest

from tests.runtime.models import add, iris, pickled
from tests.runtime.serving import ask, load, refusal

ROW = [5.1, 3.5, 1.4, 0.2]
PREPROCESS = """
    import numpy as np

    def preprocess(value):
        if not isinstance(value, dict):
            raise ValueError("give a flower")
        if value.get("as") == "array":
            return np.array(value["flower"])
        return value["flower"]
"""


def with_handler(tmp_path, text, sample=None, model=None, model_format="pickle"):
    path = tmp_path / "handler.py"
    path.write_text(textwrap.dedent(text))
    variables = {"CHARTGEN_HANDLER_PATH": str(path)}
    if sample:
        (tmp_path / "request.json").write_text(sample)
        variables["CHARTGEN_SAMPLE_PATH"] = str(tmp_path / "request.json")
    return load(model or pickled(tmp_path, iris()), model_format, **variables)


def test_preprocess_makes_the_models_input_by_the_same_rules(tmp_path):
    plane = with_handler(tmp_path, PREPROCESS)
    assert ask(plane, {"flower": ROW}) == 0
    assert ask(plane, {"flower": [ROW, ROW], "as": "array"}) == [0, 0]
    assert refusal(plane, {"flower": [1, 2]}).expected == "float64[4]"
    assert refusal(plane, {"flower": [["a"] * 4], "as": "array"}).status == 422


def test_a_value_error_of_preprocess_is_the_clients(tmp_path):
    error = refusal(with_handler(tmp_path, PREPROCESS), ROW)
    assert (error.status, error.message, error.path) == (422, "give a flower", "input")


def test_any_other_error_of_the_handler_is_the_services(tmp_path):
    assert refusal(with_handler(tmp_path, PREPROCESS), {}).status == 500


def test_predict_is_given_the_loaded_model_and_the_array(tmp_path):
    text = "def predict(model, inputs): return model.predict_proba(inputs)"
    assert ask(with_handler(tmp_path, text), ROW) == pytest.approx(iris().predict_proba([ROW])[0].tolist())


def test_load_makes_of_the_file_what_is_served(tmp_path):
    path = pickled(tmp_path, {"best": iris(), "epoch": 3})
    plane = with_handler(tmp_path, "def load(model): return model['best']", model=path)
    assert ask(plane, ROW) == 0
    assert refusal(plane, [1, 2]).expected == "float64[4]"


def test_predict_is_given_what_load_returned(tmp_path):
    text = """
        def load(model):
            return model["best"]

        def predict(model, inputs):
            return model.predict_proba(inputs)
    """
    path = pickled(tmp_path, {"best": iris()})
    plane = with_handler(tmp_path, text, sample='{"input": [5.1, 3.5, 1.4, 0.2]}', model=path)
    assert ask(plane, [ROW])[0] == pytest.approx(iris().predict_proba([ROW])[0].tolist())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def load(model): return None", "load returned nothing"),
        ("def load(model): return model['second']", "load failed: KeyError: 'second'"),
    ],
)
def test_a_load_that_gives_nothing_to_serve_ends_the_start(tmp_path, text, said):
    from chartgen_runtime.errors import StartupError

    with pytest.raises(StartupError, match=said):
        with_handler(tmp_path, text, model=pickled(tmp_path, {"best": iris()}))


def test_an_onnx_session_takes_a_predict_beside_load(tmp_path):
    from chartgen_runtime.errors import StartupError

    model = add(tmp_path, ["N", 1], ["N", 1])
    with pytest.raises(StartupError, match="no function predict"):
        with_handler(tmp_path, "def load(model): return model", model=model, model_format="onnx")


def test_predict_of_several_inputs_is_given_them_by_name(tmp_path):
    text = "def predict(model, inputs): return inputs['left'] - inputs['right']"
    plane = with_handler(tmp_path, text, model=add(tmp_path, ["N", 1], ["N", 1]), model_format="onnx")
    assert ask(plane, {"left": [3], "right": [1]}) == [2]


def test_postprocess_is_given_the_value_and_makes_the_answer(tmp_path):
    text = """
        def postprocess(output):
            names = ["setosa", "versicolor", "virginica"]
            return {"class": names[output]} if output.ndim == 0 else [names[each] for each in output]
    """
    plane = with_handler(tmp_path, text)
    assert ask(plane, ROW) == {"class": "setosa"}
    assert ask(plane, [ROW]) == ["setosa"]


def test_what_is_no_json_value_goes_to_the_model_as_it_is(tmp_path):
    text = """
        import scipy.sparse

        def preprocess(value):
            return scipy.sparse.csr_matrix([value])
    """
    assert ask(with_handler(tmp_path, text), ROW) == [0]


def test_the_sample_warms_up_the_whole_handler(tmp_path):
    from chartgen_runtime.errors import StartupError

    assert ask(with_handler(tmp_path, PREPROCESS, '{"input": {"flower": [1, 2, 3, 4]}}'), {"flower": ROW}) == 0
    with pytest.raises(StartupError, match="give a flower"):
        with_handler(tmp_path, PREPROCESS, '{"input": [1, 2, 3, 4]}')


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def predikt(model, inputs): ...", "has no function load, preprocess, predict or postprocess"),
        ("predict = 1", "predict in the handler .* is not a function"),
        ("import nothing_of_that_name", "ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("def predict(:", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
    ],
)
def test_a_handler_that_cannot_be_used_is_refused(tmp_path, text, reason):
    from chartgen_runtime.errors import StartupError

    with pytest.raises(StartupError, match=reason):
        with_handler(tmp_path, text)


def test_a_handler_that_predicts_may_be_given_what_has_no_predict_itself(tmp_path):
    text = "def predict(model, inputs): return [model[row[0]] for row in inputs.tolist()]"
    model = pickled(tmp_path, {"a": 1, "b": 2})
    plane = with_handler(tmp_path, text, sample='{"input": [["a"]]}', model=model)
    assert ask(plane, [["b"], ["a"]]) == [2, 1]


def test_the_handler_is_called_once_or_twice_before_the_first_request(tmp_path):
    calls = tmp_path / "calls"
    text = f"""
        def predict(model, inputs):
            with open({str(calls)!r}, "a") as file:
                file.write("x")
            return inputs
    """
    with_handler(tmp_path, text)
    assert len(calls.read_text()) <= 2
