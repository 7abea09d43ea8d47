"""Models that take texts: one that takes them for names of files would open any file of the pod for a client."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline

from chartgen.errors import ModelUnsupportedError
from chartgen.inspect import inspect_model
from tests.inspect.test_pickle_unsafe import imported, text

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = ["a first text", "another one"] * 4
LABELS = [0, 1] * 4


def model(step: Any) -> Any:
    return make_pipeline(step, LogisticRegression()).fit(TEXTS, LABELS)


@pytest.mark.parametrize("kind", [CountVectorizer, TfidfVectorizer, HashingVectorizer])
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_a_model_of_texts_is_served_and_one_that_opens_files_is_not(tmp_path: Path, kind: Any, protocol: int) -> None:
    fitted = model(kind(n_features=64) if kind is HashingVectorizer else kind())
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(fitted, protocol))
    assert [str(each) for each in inspect_model(path).inputs] == ["string[?]"]
    for how in ("filename", "file"):
        fitted[0].set_params(input=how)
        path.write_bytes(pickle.dumps(fitted, protocol))
        for trusted in (False, True):
            with pytest.raises(ModelUnsupportedError, match=f"{kind.__name__}.* with input='{how}'") as refused:
                inspect_model(path, trusted=trusted)
            assert 'input="content"' in (refused.value.hint or "")


def test_one_is_found_wherever_it_stands(tmp_path: Path) -> None:
    def opener() -> Any:
        return CountVectorizer().fit(TEXTS).set_params(input="filename")

    columns = ColumnTransformer([("words", CountVectorizer(), 0)]).fit(np.array([TEXTS]).T)
    columns.transformers_[0][1].set_params(input="filename")
    search = GridSearchCV(model(CountVectorizer()), {"logisticregression__C": [1.0, 2.0]}, cv=2).fit(TEXTS, LABELS)
    search.best_estimator_[0].set_params(input="filename")
    union = FeatureUnion([("a", CountVectorizer()), ("b", TfidfVectorizer())]).fit(TEXTS)
    union.transformer_list[1][1].set_params(input="filename")
    path = tmp_path / "m.pkl"
    for value in (opener(), columns, search, union, [opener()], np.array([opener()], dtype=object)):
        for dump in (joblib.dump, lambda value, path: path.write_bytes(pickle.dumps(value))):
            dump(value, path)
            with pytest.raises(ModelUnsupportedError, match="with input='filename'"):
                inspect_model(path, format="pickle")


VECTORIZER = imported("sklearn.feature_extraction.text", "CountVectorizer")
MANY = b"".join(text(f"f{index}") + b"N" for index in range(600))
FILE = text("input") + text("filename")


@pytest.mark.parametrize(
    "content",
    [
        VECTORIZER + b")R}(" + FILE + b"ub",
        imported("copyreg", "__newobj__") + VECTORIZER + b"\x85R}(" + FILE + b"ub",
        VECTORIZER + b")\x81N}(" + FILE + b"u\x86b",
        VECTORIZER + b")\x81}(" + MANY + FILE + b"ub",
        VECTORIZER + b")\x81}(" + text("input") + imported("builtins", "str") + text("filename") + b"\x85Rub",
        VECTORIZER + b")\x81}(" + text("input") + text("content") + FILE + b"ub",
    ],
    ids=["called", "by copyreg", "slots", "many attributes", "computed", "twice"],
)
def test_one_that_is_written_by_hand_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04" + content + b".")
    with pytest.raises(ModelUnsupportedError, match="with input="):
        inspect_model(path, format="pickle", trusted=True)
