"""The /predict contract on pickles, through the data plane."""

from __future__ import annotations

import bz2
import gzip
import json
import warnings

import joblib
import numpy as np
import pytest
from sklearn.cluster import BisectingKMeans, KMeans, MiniBatchKMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from chartgen.inspect import inspect_model
from tests.runtime.models import iris, pickled
from tests.runtime.serving import ask, load, refusal

ROW = [5.1, 3.5, 1.4, 0.2]
NUMBERS = np.random.default_rng(0).normal(size=(40, 3))
with warnings.catch_warnings():  # models still answer with it, discouraged as it is
    warnings.simplefilter("ignore", PendingDeprecationWarning)
    MATRIX = np.matrix([[1, 2]])


class Answers:
    """A model of one's own, which answers as it is told."""

    def __init__(self, answer):
        self.answer = answer

    def predict(self, _inputs):
        return self.answer() if callable(self.answer) else self.answer


class Echo:
    def predict(self, inputs):
        return inputs


class Table:
    """What a pandas table offers, as far as the runtime looks."""

    columns = ("name", "size")

    def itertuples(self, index, name):
        assert (index, name) == (False, None)
        return iter([("a", np.int64(1)), ("b", np.int64(2))])


def broken():
    raise RuntimeError("the secret cause")


def own(tmp_path, answer, **variables):
    """A data plane for a model that answers this."""
    sample = tmp_path / "request.json"
    sample.write_text('{"input": [1]}')
    return load(pickled(tmp_path, Answers(answer)), "pickle", CHARTGEN_SAMPLE_PATH=str(sample), **variables)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_the_method_gives_the_librarys_own_numbers(tmp_path, method):
    plane = load(pickled(tmp_path, iris()), "pickle", CHARTGEN_MODEL_METHOD=method)
    batch = [ROW, [6.2, 2.8, 4.8, 1.8]]
    expected = getattr(iris(), method)(batch)
    assert ask(plane, batch) == pytest.approx(expected.tolist()) if expected.ndim == 1 else True
    assert np.allclose(ask(plane, batch), expected, atol=1e-12)
    assert np.allclose(ask(plane, batch[1]), expected[1], atol=1e-12)


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
def test_joblib_files_are_read_whatever_their_compression(tmp_path, compress):
    path = tmp_path / "model.pkl"
    joblib.dump(iris(), path, compress=compress)
    assert ask(load(path, "pickle"), ROW) == int(iris().predict([ROW])[0])


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress])
def test_a_compressed_pickle_is_read(tmp_path, compress):
    path = pickled(tmp_path, iris())
    path.write_bytes(compress(path.read_bytes()))
    assert ask(load(path, "pickle"), ROW) == 0


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol_of_pickle_is_read(tmp_path, protocol):
    import pickle

    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(iris(), protocol=protocol))
    assert ask(load(path, "pickle"), ROW) == 0


@pytest.mark.parametrize("alien", ["1.5", None, True, {}, [1]])
def test_a_numeric_model_takes_only_numbers(tmp_path, alien):
    error = refusal(load(pickled(tmp_path, iris()), "pickle"), [ROW, [1, 2, 3, alien]])
    assert (error.status, error.path) == (422, "input[1][3]")


def test_a_search_over_pipelines_says_what_its_first_step_takes(tmp_path):
    search = GridSearchCV(make_pipeline(StandardScaler(), LinearRegression()), {}, cv=2)
    plane = load(pickled(tmp_path, search.fit(NUMBERS, NUMBERS.sum(axis=1))), "pickle")
    assert ask(plane, [1, 2, 3]) == pytest.approx(6)
    assert refusal(plane, [1, 2]).expected == "float64[3]"


def test_a_text_pipeline_takes_one_string_an_item(tmp_path):
    texts = ["good fine", "bad awful", "fine", "awful"]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, ["yes", "no", "yes", "no"])
    plane = load(pickled(tmp_path, model), "pickle")
    assert ask(plane, texts) == ["yes", "no", "yes", "no"]
    assert ask(plane, "good") == "yes"
    assert refusal(plane, ["good", 1]).path == "input[1]"


def test_mixed_columns_arrive_as_they_are(tmp_path):
    rows = [["a", 1.0, True], ["b", 2.0, False], ["a", 3.0, True], ["b", 4.0, False]]
    encode = ColumnTransformer([("kind", OneHotEncoder(), [0, 2])], remainder="passthrough")
    model = make_pipeline(encode, LinearRegression()).fit(np.array(rows, dtype=object), [1, 2, 3, 4])
    sample = tmp_path / "request.json"
    sample.write_text(json.dumps({"input": rows[:1]}))
    plane = load(pickled(tmp_path, model), "pickle", CHARTGEN_SAMPLE_PATH=str(sample))
    assert ask(plane, rows) == pytest.approx([1, 2, 3, 4])
    assert ask(plane, rows[2]) == pytest.approx(3)
    assert refusal(plane, [["a", None, True]]).path == "input[0][1]"


def test_a_model_that_zeros_make_no_sense_to_asks_for_a_sample(tmp_path):
    from chartgen_runtime.errors import StartupError

    model = make_pipeline(OneHotEncoder(), LogisticRegression()).fit([["a"], ["b"]], [0, 1])
    with pytest.raises(StartupError, match="give a `sample`"):
        load(pickled(tmp_path, model), "pickle")


def test_an_unknown_signature_asks_for_a_sample(tmp_path):
    from chartgen_runtime.errors import StartupError

    with pytest.raises(StartupError, match="give a `sample`"):
        load(pickled(tmp_path, Echo()), "pickle")


def test_a_sparse_matrix_is_written_in_full(tmp_path):
    model = OneHotEncoder().fit([["a"], ["b"]])
    sample = tmp_path / "request.json"
    sample.write_text('{"input": ["a"]}')
    variables = {"CHARTGEN_MODEL_METHOD": "transform", "CHARTGEN_SAMPLE_PATH": str(sample)}
    plane = load(pickled(tmp_path, model), "pickle", **variables)
    assert ask(plane, [["a"], ["b"]]) == [[1, 0], [0, 1]]
    assert ask(plane, ["b"]) == [0, 1]


def test_the_classes_of_several_outputs_lose_the_batch_axis_each(tmp_path):
    targets = np.stack([NUMBERS[:, 0] > 0, NUMBERS[:, 1] > 0], axis=1)
    model = RandomForestClassifier(5, random_state=0).fit(NUMBERS, targets)
    plane = load(pickled(tmp_path, model), "pickle", CHARTGEN_MODEL_METHOD="predict_proba")
    row = NUMBERS[0].tolist()
    assert ask(plane, row) == [each[0].tolist() for each in model.predict_proba([row])]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (np.float32(0.1), 0.1),
        (np.int8(-3), -3),
        (np.bool_(True), True),
        (np.array(["a", "b"]), ["a", "b"]),
        (np.array([1.5, 2.5, 3.5])[::2], [1.5, 3.5]),
        (np.array([1, 2], dtype=">i4"), [1, 2]),
        (np.zeros((2, 3)).T, [[0, 0]] * 3),
        (np.array(7), 7),
        (np.array([1.5], dtype=np.longdouble), [1.5]),
        (np.array(["2026-01-02"], dtype="datetime64[D]"), ["2026-01-02"]),
        (np.array([{"a": np.int64(1)}, None], dtype=object), [{"a": 1}, None]),
        (b"\x00\xff", "AP8="),
        ((np.arange(2), "x"), [[0, 1], "x"]),
        ({1: np.float64(2), "b": {True: [None]}}, {"1": 2, "b": {"True": [None]}}),
        ({3}, [3]),
        (Table(), [{"name": "a", "size": 1}, {"name": "b", "size": 2}]),
        ("text", "text"),
        (None, None),
        (2**64 - 1, 2**64 - 1),
    ],
)
def test_what_a_model_returns_is_written_as_json(tmp_path, answer, expected):
    assert ask(own(tmp_path, answer), [1]) == expected


def test_a_pandas_table_is_a_list_of_objects(tmp_path):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"a": [1, 2], "when": pandas.to_datetime(["2026-01-02", "2026-01-03"])})
    assert ask(own(tmp_path, table), [1])[0] == {"a": 1, "when": "2026-01-02T00:00:00"}


@pytest.mark.parametrize("answer", [np.array([1.0, np.nan]), [1.0, float("inf")], {"a": np.float32("nan")}])
def test_an_output_that_is_not_finite_is_null_only_when_allowed(tmp_path, answer):
    from chartgen_runtime.errors import StartupError

    with pytest.raises(StartupError, match="not finite"):
        own(tmp_path, answer)
    text = json.dumps(ask(own(tmp_path, answer, CHARTGEN_ALLOW_NON_FINITE="true"), [1]))
    assert "null" in text


@pytest.mark.parametrize("answer", [object, 1 + 2j, np.array([1j]), 2**70, "\ud800"])
def test_what_json_cannot_hold_is_an_error(tmp_path, answer):
    from chartgen_runtime.errors import StartupError

    with pytest.raises(StartupError, match="cannot be written"):
        own(tmp_path, answer)


def test_a_failing_model_keeps_the_cause_for_the_log_and_tells_the_client_nothing_of_it(tmp_path):
    plane = own(tmp_path, 1)
    plane._predictor._model.native.answer = broken
    error = refusal(plane, [1])
    assert (error.status, error.code) == (500, "model_failed")
    assert "secret" not in json.dumps(error.body())
    assert repr(error.__cause__) == "RuntimeError('the secret cause')"


class Rule:
    """A model of one's own, which looks up and compares without saying what it takes."""

    def predict(self, rows):
        return [{"a": 1.0}[word] + abs(number) for word, number in rows]


@pytest.mark.parametrize("row", [["b", 1.0], ["a", "x"], [[1.0], 1.0]])
def test_what_a_model_that_does_not_say_its_types_cannot_take_is_the_inputs_fault(tmp_path, row):
    sample = tmp_path / "request.json"
    sample.write_text('{"input": [["a", 1.0]]}')
    plane = load(pickled(tmp_path, Rule()), "pickle", CHARTGEN_SAMPLE_PATH=str(sample))
    assert ask(plane, [["a", -2.0]]) == [3.0]
    assert refusal(plane, [row]).status == 422
    assert "TypeError(" in refusal(plane, [["a", "x"]]).message


@pytest.mark.parametrize(
    ("estimator", "number"),
    [(make_pipeline(StandardScaler(), LogisticRegression()), 1e308), (RandomForestClassifier(3, random_state=0), 1e39)],
    ids=["scaled", "forest"],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, of the overflow
def test_finite_numbers_that_are_too_large_for_the_model_are_the_inputs_fault(tmp_path, estimator, number):
    plane = load(pickled(tmp_path, estimator.fit(NUMBERS / 10, NUMBERS[:, 0] > 0)), "pickle")
    error = refusal(plane, [number, 1.0, 1.0])
    assert (error.status, error.code, error.path) == (422, "refused_by_model", "input")
    assert "infinity" in error.message


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("cluster", [KMeans, MiniBatchKMeans, BisectingKMeans])
def test_clusters_get_the_floats_that_they_were_fitted_on(tmp_path, cluster, scaled, dtype):
    model = cluster(3, random_state=0)
    model = make_pipeline(StandardScaler(), model) if scaled else model
    model.fit(NUMBERS.astype(dtype))
    path = pickled(tmp_path, model)
    plane = load(path, "pickle", CHARTGEN_MODEL_METHOD="transform")
    assert [each.dtype for each in inspect_model(path).inputs] == [dtype]
    np.testing.assert_allclose(
        ask(plane, NUMBERS[:5].tolist()), model.transform(NUMBERS[:5].astype(dtype)), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize(
    ("answer", "written"),
    [
        (MATRIX, [1, 2]),
        (np.ma.masked_array([[1.5, 2.5]], mask=[[False, False]]), [1.5, 2.5]),
        (np.rec.array([1, 2]), [1, 2]),
    ],
)
def test_arrays_of_other_kinds_are_arrays(tmp_path, answer, written):
    assert np.asarray(ask(own(tmp_path, answer), [1])).ravel().tolist() == written


def test_what_is_masked_is_no_number(tmp_path):
    answer = np.ma.masked_array([1, 2], mask=[False, True])
    assert ask(own(tmp_path, answer, CHARTGEN_ALLOW_NON_FINITE="true"), [1]) == [1, None]


def test_an_unknown_method_is_named(tmp_path):
    from chartgen_runtime.errors import StartupError

    with pytest.raises(StartupError, match="LogisticRegression, has no method 'transform'"):
        load(pickled(tmp_path, iris()), "pickle", CHARTGEN_MODEL_METHOD="transform")


@pytest.mark.parametrize(
    ("value", "expected"),
    [([1, 2], [1, 2]), ([[1.5]], [[1.5]]), (["a"], ["a"]), ([True], [True]), ([1, "a"], [1, "a"]), (3, 3)],
)
def test_a_model_that_says_nothing_is_given_what_the_value_is(tmp_path, value, expected):
    sample = tmp_path / "request.json"
    sample.write_text('{"input": [1]}')
    plane = load(pickled(tmp_path, Echo()), "pickle", CHARTGEN_SAMPLE_PATH=str(sample))
    assert ask(plane, value) == expected
    for wrong in ({"a": 1}, [None], [[1], [2, 3]], [["a"], "b"], []):
        assert refusal(plane, wrong).status == 422


def test_columns_that_are_chosen_by_name_are_found_in_the_order_of_the_fit(tmp_path):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"city": ["x", "y", "x", "y"], "age": [1.0, 2.0, 3.0, 4.0]})
    by_name = ColumnTransformer([("kind", OneHotEncoder(), ["city"])], remainder="passthrough")
    model = make_pipeline(by_name, LinearRegression()).fit(table, [1, 4, 3, 6])
    sample = tmp_path / "request.json"
    sample.write_text('{"input": ["x", 1.5]}')
    plane = load(pickled(tmp_path, model), "pickle", CHARTGEN_SAMPLE_PATH=str(sample))
    assert ask(plane, table.to_numpy().tolist()) == pytest.approx(model.predict(table).tolist())
    assert ask(plane, ["y", 2]) == pytest.approx(4)


@pytest.mark.parametrize("texts", [False, True])
def test_a_booster_of_histograms_takes_what_its_categories_are(tmp_path, texts):
    rows = [["ab"[number % 2] if texts else number % 2, float(number)] for number in range(20)]
    model = HistGradientBoostingRegressor(max_iter=3, min_samples_leaf=2, categorical_features=[0])
    path = pickled(tmp_path, model.fit(np.array(rows, dtype=object if texts else float), range(20)))
    facts = inspect_model(path)
    assert (facts.inputs[0].dtype, facts.inputs[0].shape) == (None, (None, 2))
    assert facts.abilities.takes_texts == texts
    sample = tmp_path / "request.json"
    sample.write_text(json.dumps({"input": rows[0]}))
    plane = load(path, "pickle", CHARTGEN_SAMPLE_PATH=str(sample))
    assert ask(plane, rows) == pytest.approx(model.predict(np.array(rows, dtype=object)))


def test_a_union_of_what_counts_words_takes_texts(tmp_path):
    texts = ["a bc", "d ef", "a ef", "d bc"]
    union = FeatureUnion([("words", TfidfVectorizer()), ("letters", TfidfVectorizer(analyzer="char"))])
    path = pickled(tmp_path, make_pipeline(union, LogisticRegression()).fit(texts, [0, 1, 0, 1]))
    (told,) = inspect_model(path).inputs
    assert (told.dtype, told.shape) == ("string", (None,))
    plane = load(path, "pickle")
    assert ask(plane, texts) == [0, 1, 0, 1]
    assert ask(plane, "d ef") == 1
