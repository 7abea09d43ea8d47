"""Models that were fitted on tables of pandas, and the tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor, StackingRegressor, VotingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

TABLE = pd.DataFrame(
    {
        "age": [31, 40, 22, np.nan, 60, 18] * 4,
        "city": ["Oslo", "Rome", np.nan, "Oslo", "Bonn", "Rome"] * 4,
        "smokes": [True, False, False, True, True, False] * 4,
        "id": range(24),
    }
)
ANSWERS = [0, 1, 0, 1, 1, 0] * 4
NUMBERS = TABLE[["id", "smokes"]].assign(size=np.linspace(0.5, 9, 24))


def mixed() -> Pipeline:
    """Takes text, numbers with gaps and booleans, and does not look at the id."""
    columns = ColumnTransformer(
        [
            ("age", make_pipeline(SimpleImputer(), StandardScaler()), ["age"]),
            ("city", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), ["city"]),
            ("smokes", "passthrough", ["smokes"]),
        ]
    )
    return make_pipeline(columns, LogisticRegression()).fit(TABLE, ANSWERS)


def numeric() -> Pipeline:
    """Takes numbers alone, and would do so without names."""
    return make_pipeline(StandardScaler(), Ridge()).fit(NUMBERS, ANSWERS)


def several() -> dict[str, object]:
    """Models whose columns are chosen in different ways, each fitted on a table."""
    full = TABLE.dropna()
    answers = [ANSWERS[row] for row in full.index]
    texts = ("city", OneHotEncoder(handle_unknown="ignore"))
    by_place = ColumnTransformer([(*texts, [1]), ("n", StandardScaler(), slice(2, 4))])
    by_kind = ColumnTransformer(
        [(*texts, make_column_selector(pattern="city"))], remainder=SimpleImputer(), sparse_threshold=0
    )
    by_mask = ColumnTransformer([(*texts, [False, True, False, False]), ("n", "drop", [0])], remainder="passthrough")
    one = ColumnTransformer([("text", TfidfVectorizer(), "city")])
    searched = GridSearchCV(make_pipeline(by_mask, Ridge()), {"ridge__alpha": [1.0]}, cv=2)
    numbers = make_pipeline(ColumnTransformer([("n", "passthrough", ["id", "smokes"])]), Ridge())
    union = FeatureUnion([("a", make_pipeline(SimpleImputer(), StandardScaler())), ("b", "drop"), ("c", PCA(1))])
    histogram = HistGradientBoostingRegressor(max_iter=2, min_samples_leaf=3, categorical_features="from_dtype")
    models: list[tuple[str, object]] = [
        ("mixed", mixed()),
        ("numeric", numeric()),
        ("place", make_pipeline(by_place, Ridge()).fit(full, answers)),
        ("kind", make_pipeline(by_kind, Ridge()).fit(full, answers)),
        ("search", searched.fit(full, answers)),
        ("text", one.fit(full)),
        ("function", make_pipeline(FunctionTransformer(), StandardScaler()).fit(NUMBERS)),
        ("imputer", make_pipeline(SimpleImputer(strategy="most_frequent"), OrdinalEncoder()).fit(TABLE[["city"]])),
        ("vote", VotingRegressor([("a", make_pipeline(by_place, Ridge())), ("b", numbers)]).fit(full, answers)),
        ("stack", StackingRegressor([("a", Ridge()), ("b", numeric())], cv=2).fit(NUMBERS, ANSWERS)),
        ("union", make_pipeline(union, Ridge()).fit(NUMBERS, ANSWERS)),
        ("histogram", histogram.fit(TABLE.astype({"city": "category"}), ANSWERS)),
        ("array", Ridge().fit(NUMBERS.to_numpy(dtype=float), ANSWERS)),
    ]
    return dict(models)
