"""Trains the wine example: a small neural network of Keras on 13 chemical measures, written as HDF5.

usage: python train.py [--seed N] [--out wine.h5]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import keras
from keras import layers
from sklearn.datasets import load_wine


def train(seed: int = 0) -> keras.Model:
    measures, cultivars = load_wine(return_X_y=True)
    keras.utils.set_random_seed(seed)
    scale = layers.Normalization(name="scale")
    scale.adapt(measures)  # the mean and variance become a part of the model: no scaler is kept beside it
    model = keras.Sequential(
        [
            layers.Input((13,), name="measures"),
            scale,
            layers.Dense(16, activation="relu"),
            layers.Dense(3, activation="softmax", name="cultivar"),
        ],
        name="wine",
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(measures, cultivars, epochs=60, verbose=0)
    return model


if __name__ == "__main__":
    cli = argparse.ArgumentParser(description=__doc__)
    cli.add_argument("--seed", type=int, default=0)
    cli.add_argument("--out", type=Path, default=Path(__file__).with_name("wine.h5"))
    args = cli.parse_args()
    train(args.seed).save(args.out, include_optimizer=False)
