"""Makes the models in the folder sklearn: run it with each version of scikit-learn, in an environment of its own.

usage: python make_sklearn.py      (writes sklearn/VERSION.pkl and sklearn/VERSION.json)

    for version in 1.2.2 1.5.2 1.6.1 1.7.2 1.8.0; do
        uv run --no-project --python 3.11 --with scikit-learn==$version python make_sklearn.py
    done

The pipeline has what changed between the releases inside its pickle: encoders, and trees.
"""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

FEATURES, CLASSES, ROWS = 4, 3, 5


def main() -> None:
    """Fits on random numbers, the last column a category, and writes the pipeline with its own answers."""
    random = np.random.default_rng(7)
    inputs = np.c_[random.normal(size=(90, FEATURES - 1)), random.integers(0, 3, 90)]
    labels = (inputs[:, 0] > 0).astype(int) + (inputs[:, 3] == 1)
    encoded = ColumnTransformer(
        [("numbers", StandardScaler(), [0, 1, 2]), ("category", OneHotEncoder(sparse_output=False), [3])]
    )
    several = [
        ("forest", RandomForestClassifier(3, max_depth=3, random_state=7)),
        ("boosting", HistGradientBoostingClassifier(max_iter=3, max_leaf_nodes=4, random_state=7)),
        ("line", LogisticRegression()),
    ]
    model = make_pipeline(encoded, VotingClassifier(several, voting="soft")).fit(inputs, labels)
    folder = Path(__file__).parent / "sklearn"
    folder.mkdir(exist_ok=True)
    target = folder / f"{sklearn.__version__}.pkl"
    target.write_bytes(pickle.dumps(model, protocol=4))
    asked = inputs[:ROWS]
    known = {"inputs": asked.tolist(), "outputs": model.predict_proba(asked).tolist()}
    target.with_suffix(".json").write_text(json.dumps(known) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
