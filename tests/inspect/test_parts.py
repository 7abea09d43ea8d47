"""Models that hand their input to several parts, which keep what it is."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from chartgen.inspect import Signature, inspect_model

if TYPE_CHECKING:
    from pathlib import Path


PARTS = [("a", make_pipeline(StandardScaler(), LogisticRegression())), ("b", GaussianNB())]
OF_PARTS = {
    "a vote": VotingClassifier(PARTS),
    "a stack": StackingClassifier(PARTS, cv=2),
    "a union": make_pipeline(FeatureUnion([("a", PCA(2)), ("b", StandardScaler())]), LogisticRegression()),
    "a union of unions": make_pipeline(FeatureUnion([("a", FeatureUnion([("b", PCA(2))]))]), LogisticRegression()),
    "a vote behind a selection": make_pipeline(SelectFromModel(Ridge()), VotingClassifier(PARTS)),
    "a vote with a part that was dropped": VotingClassifier([("x", "drop"), *PARTS]),
}


@pytest.mark.parametrize("kind", OF_PARTS)
def test_what_keeps_the_number_of_features_in_its_parts_has_an_input(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(OF_PARTS[kind].fit(*load_iris(return_X_y=True))))
    assert inspect_model(path).inputs == (Signature("", "float64", (None, 4)),)


def _nested(layer: Any) -> Any:
    inner = Ridge()
    for _ in range(12):
        inner = layer(inner)
    inner.__dict__["feature_names_in_"] = np.array(["a", "b"], dtype=object)
    return inner


def _transformer(inner: Any) -> ColumnTransformer:
    made = ColumnTransformer([])
    made.transformers_ = [("a", inner, ["a"])] * 300
    return made


@pytest.mark.parametrize(
    "layer",
    [
        lambda inner: FeatureUnion([("a", inner)] * 300),
        lambda inner: Pipeline([("a", inner)] * 300),
        _transformer,
        lambda inner: Pipeline([("a", FeatureUnion([("b", inner)] * 20))] * 20),
    ],
    ids=["unions", "pipelines", "transformers", "both"],
)
def test_parts_that_hold_the_same_parts_many_times_over_take_no_time(tmp_path: Path, layer: Any) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(_nested(layer)))
    assert len(inspect_model(path).columns) == 2
