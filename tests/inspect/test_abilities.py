"""What a pickle says that its model can do is what scikit-learn says of the model itself."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import yaml
from sklearn.base import clone
from sklearn.cluster import DBSCAN
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.feature_selection import RFE, RFECV, SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
    TargetEncoder,
)
from sklearn.svm import SVC, LinearSVC

from chartgen.inspect import inspect_model
from chartgen.inspect.facts import METHODS, Abilities

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "make_estimator_table.py"
TABLE = ROOT / "chartgen" / "inspect" / "estimators.yaml"

X = np.arange(20.0).reshape(10, 2) % 7
Y = np.array([0, 1] * 5)

MODELS = [
    LinearRegression(),
    LogisticRegression(),
    SVC(),
    LocalOutlierFactor(2),
    SGDClassifier(),
    SGDClassifier(loss="log_loss"),
    GaussianNB(),
    StandardScaler(),
    DBSCAN(),
    make_pipeline(StandardScaler(), SVC()),
    make_pipeline(StandardScaler(), make_pipeline(Normalizer(), LinearRegression())),
    make_pipeline(StandardScaler(), "passthrough"),
    GridSearchCV(SGDClassifier(), {"alpha": [0.1]}, cv=2),
    GridSearchCV(LogisticRegression(), {"C": [0.1]}, cv=2, refit=False),
    VotingClassifier([("a", LogisticRegression()), ("b", GaussianNB())]),
    VotingClassifier([("a", LogisticRegression()), ("b", GaussianNB())], voting="soft"),
    SelectFromModel(LogisticRegression()),
    make_pipeline(StandardScaler(), None),
    *[
        make(inner)
        for make in (
            OneVsRestClassifier,
            RFE,
            RFECV,
            lambda inner: StackingClassifier([("a", GaussianNB())], final_estimator=inner),
            lambda inner: FrozenEstimator(inner.fit(X, Y)),
        )
        for inner in (LinearSVC(), LogisticRegression())
    ],
]


def able(folder: Path, model: Any, write: Any = None) -> Abilities:
    path = folder / "m.pkl"
    if write is None:
        path.write_bytes(pickle.dumps(model))
    else:
        write(model, path)
    return inspect_model(path, trusted=True).abilities


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model)[:60])
def test_a_method_that_is_said_to_be_missing_is_missing(tmp_path: Path, model: Any) -> None:
    fitted = model.fit(X, Y)
    found = able(tmp_path, fitted)
    for method in METHODS:
        if method in found.lacks:
            assert not hasattr(fitted, method), method
    assert found.unfitted is None
    assert found.instead is None


@pytest.mark.parametrize(
    ("model", "method", "reason"),
    [
        (LinearRegression(), "predict_proba", "LinearRegression"),
        (StandardScaler(), "predict", "StandardScaler"),
        (SGDClassifier(), "predict_proba", "SGDClassifier with loss='hinge'"),
        (make_pipeline(StandardScaler(), LinearRegression()), "predict_proba", "LinearRegression"),
        (GridSearchCV(SGDClassifier(), {"alpha": [0.1]}, cv=2), "predict_proba", "SGDClassifier with loss='hinge'"),
        (GridSearchCV(SVC(), {"C": [0.1]}, cv=2, refit=False), "predict", "GridSearchCV with refit=False"),
        (VotingClassifier([("b", GaussianNB())]), "predict_proba", "VotingClassifier with voting='hard'"),
        (DBSCAN(), "predict", "DBSCAN"),
        (LocalOutlierFactor(2), "predict", "LocalOutlierFactor with novelty=False"),
        (make_pipeline(StandardScaler(), "passthrough"), "predict", "Pipeline that ends with 'passthrough'"),
        (make_pipeline(StandardScaler(), None), "predict", "Pipeline that ends with None"),
        (OneVsRestClassifier(LinearSVC()), "predict_proba", "LinearSVC"),
        (RFE(LinearSVC()), "predict_log_proba", "LinearSVC"),
        (StackingClassifier([("a", GaussianNB())], final_estimator=LinearSVC()), "predict_proba", "LinearSVC"),
        (FrozenEstimator(LinearSVC().fit(X, Y)), "predict_proba", "LinearSVC"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_lacks_a_method_is_named(tmp_path: Path, model: Any, method: str, reason: str) -> None:
    assert able(tmp_path, model.fit(X, Y)).lacks[method] == reason


def test_the_models_of_several_outputs_lack_what_one_of_them_lacks(tmp_path: Path) -> None:
    several = np.column_stack([Y, Y])
    assert able(tmp_path, MultiOutputClassifier(LinearSVC()).fit(X, several)).lacks["predict_proba"] == "LinearSVC"
    assert "predict_proba" not in able(tmp_path, MultiOutputClassifier(GaussianNB()).fit(X, several)).lacks


@pytest.mark.parametrize("write", [None, joblib.dump], ids=["pickle", "joblib"])
@pytest.mark.parametrize("encoder", [OneHotEncoder, OrdinalEncoder, TargetEncoder])
def test_an_encoder_that_was_fitted_with_texts_is_known(tmp_path: Path, encoder: Any, write: Any) -> None:
    texts = np.array([["a"], ["b"]] * 5)
    for rows, found in ((texts, True), (texts.astype(object), True), (X, False)):
        assert able(tmp_path, encoder().fit(rows, Y), write).takes_texts is found
        assert able(tmp_path, make_pipeline(encoder(), LogisticRegression()).fit(rows, Y), write).takes_texts is found


@pytest.mark.parametrize("write", [None, joblib.dump], ids=["pickle", "joblib"])
@pytest.mark.parametrize(
    "model",
    [
        LinearRegression(),
        make_pipeline(StandardScaler(), LogisticRegression()),
        GridSearchCV(SVC(), {"C": [1]}),
        ColumnTransformer([("a", StandardScaler(), [0])]),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_model_that_was_never_fitted_is_known(tmp_path: Path, model: Any, write: Any) -> None:
    assert able(tmp_path, clone(model), write).unfitted is not None
    assert able(tmp_path, clone(model).fit(X, Y), write).unfitted is None


@pytest.mark.parametrize(
    "model",
    [
        FunctionTransformer(np.log1p),
        Normalizer(),
        HashingVectorizer(),
        CountVectorizer(vocabulary=["a", "b"]),
        GaussianProcessRegressor(),
        SelectFromModel(LogisticRegression().fit(X, Y), prefit=True),
        make_pipeline(Normalizer(), FunctionTransformer()),
    ],
    ids=lambda model: type(model).__name__,
)
def test_what_answers_without_a_fit_is_let_pass(tmp_path: Path, model: Any) -> None:
    model.transform(["a"] if "Vectorizer" in str(model) else X) if hasattr(model, "transform") else model.predict(X)
    assert able(tmp_path, model).unfitted is None


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ([1], "list"),
        (None, "NoneType"),
        (np.zeros(3), "numpy.ndarray"),
        (np.float64(1), None),
        (LinearRegression, "sklearn.linear_model._base.LinearRegression itself"),
        (np.log1p, "numpy.log1p itself"),
    ],
    ids=str,
)
def test_what_is_no_model_is_known(tmp_path: Path, value: Any, kind: str | None) -> None:
    found = able(tmp_path, value).instead
    assert found == kind if kind else found is not None


def test_a_class_that_nobody_knows_may_do_anything(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04cmy.package\nModel\n)\x81}\x8c\x01aK\x01sb.")
    assert inspect_model(path, trusted=True).abilities == Abilities()


def test_a_step_that_chooses_columns_by_name_needs_a_table(tmp_path: Path) -> None:
    import pandas as pd

    table = pd.DataFrame(X, columns=["a", "b"])
    by_name = ColumnTransformer([("a", StandardScaler(), ["a"])], remainder="passthrough")
    by_kind = ColumnTransformer([("a", StandardScaler(), make_column_selector(dtype_include=np.number))])
    for model in (by_name, by_kind, SimpleImputer().set_output(transform="pandas")):
        assert able(tmp_path, make_pipeline(model, LogisticRegression()).fit(table, Y)).needs_table
    assert able(tmp_path, SimpleImputer().set_output(transform="pandas").fit(X)).needs_table


def test_what_was_fitted_on_a_table_is_given_one(tmp_path: Path) -> None:
    import pandas as pd

    table = pd.DataFrame(X, columns=["a", "b"])
    for model in (ColumnTransformer([("a", StandardScaler(), [0])]), LogisticRegression()):
        assert able(tmp_path, model.fit(table, Y)).needs_table
        assert not able(tmp_path, model.fit(X, Y)).needs_table


def test_the_table_of_classes_holds_for_the_installed_scikit_learn() -> None:
    done = subprocess.run([sys.executable, TOOL, "--collect"], stdout=subprocess.PIPE, check=True)
    table = yaml.safe_load(TABLE.read_text())
    for name, entry in json.loads(done.stdout)["classes"].items():
        assert name in table, "run tools/make_estimator_table.py"
        assert set(entry["methods"]) <= set(table[name]["methods"])
        assert entry["needs_fit"] or not table[name].get("needs_fit"), name
