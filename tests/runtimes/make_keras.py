"""Makes a Keras model with random weights, and its own answers; run with the Python of a pod that has Keras.

usage: python make_keras.py FOLDER SEED     (writes model.h5 and answers.npz)
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np

FEATURES, CLASSES, ROWS = 5, 3, 4


def main(folder: Path, seed: int) -> None:
    """Writes both."""
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(CLASSES, activation="softmax")]
    model = keras.Sequential([keras.Input((FEATURES,)), *layers])
    inputs = np.random.default_rng(seed).normal(size=(ROWS, FEATURES)).astype("f4")
    model.save(folder / "model.h5")
    np.savez(folder / "answers.npz", inputs=inputs, outputs=model.predict(inputs, verbose=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
