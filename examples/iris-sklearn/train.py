"""Trains the iris example: a scikit-learn pipeline, written as a pickle.

usage: python train.py [--seed N] [--out iris.pkl]
"""

from __future__ import annotations

import argparse
import pickle
from pathlib import Path

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler


def train(seed: int = 0) -> Pipeline:
    rows, species = load_iris(return_X_y=True)
    rows, _, species, _ = train_test_split(rows, species, random_state=seed)
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, species)


def save(model: Pipeline, path: Path) -> None:
    path.write_bytes(pickle.dumps(model, protocol=5))


if __name__ == "__main__":
    cli = argparse.ArgumentParser(description=__doc__)
    cli.add_argument("--seed", type=int, default=0)
    cli.add_argument("--out", type=Path, default=Path(__file__).with_name("iris.pkl"))
    args = cli.parse_args()
    model = train(args.seed)
    save(model, args.out)
    print("predict_proba([5.1, 3.5, 1.4, 0.2]) =", model.predict_proba([[5.1, 3.5, 1.4, 0.2]])[0].tolist())
