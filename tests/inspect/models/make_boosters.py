"""Makes the models of XGBoost and LightGBM beside this file, small and from a seed, and writes what they answer.

Run in an environment with the libraries, once for each release that a model shall be of::

    python make_boosters.py FOLDER

FOLDER gets NAME.pkl for each model, and answers.json: by name the method, the inputs and the library's own outputs.
"""

from __future__ import annotations

import json
import pickle
import sys
import warnings
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import lightgbm as lgb
import numpy as np
import pandas as pd
import xgboost as xgb
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FEATURES = 4
SMALL = {"n_estimators": 3, "max_depth": 2, "random_state": 1}
QUIET = {**SMALL, "verbose": -1}


def main(folder: Path) -> None:
    """Makes all of them."""
    warnings.simplefilter("ignore")
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(20261123)
    x = rng.normal(size=(90, FEATURES))
    number = x @ [1.0, -2.0, 0.5, 3.0]
    two, three, groups = (number > 0).astype(int), np.digitize(number, [-1, 1]), [30, 30, 30]
    names = np.array(["high", "low", "middle"])[three]
    models: dict[str, tuple[Any, str, Any]] = {
        "xgboost-classifier": (pickle, "predict_proba", xgb.XGBClassifier(**SMALL).fit(x, three)),
        "xgboost-regressor": (joblib, "predict", xgb.XGBRegressor(**SMALL).fit(x, number)),
        "xgboost-ranker": (cloudpickle, "predict", xgb.XGBRanker(**SMALL).fit(x, two, group=groups)),
        "xgboost-pipeline": (
            joblib,
            "predict_proba",
            make_pipeline(StandardScaler(), xgb.XGBClassifier(**SMALL)).fit(x, two),
        ),
        "xgboost-booster": (pickle, "predict", xgb.train({"max_depth": 2, "seed": 1}, xgb.DMatrix(x, number), 3)),
        "lightgbm-classifier": (pickle, "predict_proba", lgb.LGBMClassifier(**QUIET).fit(x, names)),
        "lightgbm-regressor": (joblib, "predict", lgb.LGBMRegressor(**QUIET).fit(x, number)),
        "lightgbm-pipeline": (
            cloudpickle,
            "predict_proba",
            make_pipeline(StandardScaler(), lgb.LGBMClassifier(**QUIET)).fit(x, two),
        ),
        "lightgbm-booster": (pickle, "predict", lgb.train({"verbose": -1, "seed": 1}, lgb.Dataset(x, number), 3)),
    }
    inputs = x[:5]
    answers = {}
    for name, (writer, method, model) in models.items():
        with (folder / f"{name}.pkl").open("wb") as file:
            writer.dump(model, file)
        given = xgb.DMatrix(inputs) if isinstance(model, xgb.Booster) else inputs
        outputs = np.asarray(getattr(model, method)(given), dtype=float)
        answers[name] = {"method": method, "inputs": inputs.tolist(), "outputs": outputs.tolist()}
    (folder / "answers.json").write_text(json.dumps(answers, indent=1) + "\n")
    make_of_tables(folder / "categories", rng)


def make_of_tables(folder: Path, rng: np.random.Generator) -> None:
    """Makes those that were fitted on a table, with a column of categories and without."""
    folder.mkdir(exist_ok=True)
    cities = pd.Categorical(rng.choice(["lima", "oslo", "rome"], 60))
    table = pd.DataFrame({"a": rng.normal(size=60), "city": cities})
    wanted = table["a"] + table["city"].cat.codes
    models = {
        "lightgbm-categories": lgb.LGBMRegressor(**QUIET).fit(table, wanted),
        "lightgbm-frame": lgb.LGBMRegressor(**QUIET).fit(table[["a"]], wanted),
        "xgboost-categories": xgb.XGBRegressor(**SMALL, enable_categorical=True).fit(table, wanted),
    }
    for name, model in models.items():
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(model))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
