"""Trains the rents example: a scikit-learn pipeline on a table of texts, numbers and booleans, written as a pickle.

The flats are made up: a rent is a base for the district, so much for each square metre, more for a balcony.

usage: python train.py [--seed N] [--out rents.pkl]
"""

from __future__ import annotations

import argparse
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

DISTRICTS = {"harbour": 500.0, "hills": 650.0, "old town": 800.0, "station": 400.0}


def flats(seed: int = 0, count: int = 400) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "district": random.choice(list(DISTRICTS), count),
            "area": random.uniform(20, 140, count).round(1),
            "rooms": random.integers(1, 6, count),
            "balcony": random.choice([True, False], count),
        }
    )
    base = table["district"].map(DISTRICTS).astype(float)
    table["rent"] = base + 9.5 * table["area"] + 60.0 * table["balcony"] + random.normal(0, 25, count)
    table.loc[random.choice(count, count // 20), "area"] = np.nan  # some advertisements do not say it
    return table


def train(seed: int = 0) -> Pipeline:
    table = flats(seed)
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), ["area", "rooms"]),
            ("district", OneHotEncoder(handle_unknown="ignore"), ["district"]),
            ("balcony", "passthrough", ["balcony"]),
        ]
    )
    return make_pipeline(columns, Ridge()).fit(table.drop(columns="rent"), table["rent"])


def save(model: Pipeline, path: Path) -> None:
    path.write_bytes(pickle.dumps(model, protocol=5))


if __name__ == "__main__":
    cli = argparse.ArgumentParser(description=__doc__)
    cli.add_argument("--seed", type=int, default=0)
    cli.add_argument("--out", type=Path, default=Path(__file__).with_name("rents.pkl"))
    args = cli.parse_args()
    model = train(args.seed)
    save(model, args.out)
    flat = pd.DataFrame([{"district": "harbour", "area": 74.5, "rooms": 3, "balcony": True}])
    print("the rent of a flat:", model.predict(flat)[0])
