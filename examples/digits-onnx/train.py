"""Trains the digits example: a small neural network on 8x8 images, written as ONNX.

usage: python train.py [--seed N] [--out digits.onnx]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier


def train(seed: int = 0) -> MLPClassifier:
    images, digits = load_digits(return_X_y=True)
    return MLPClassifier(hidden_layer_sizes=(24,), alpha=0.01, max_iter=200, tol=1e-3, random_state=seed).fit(
        (images / 16).astype(np.float32), digits
    )


def save(model: MLPClassifier, path: Path) -> None:
    made = to_onnx(
        model,
        initial_types=[("image", FloatTensorType([None, 64]))],
        options={id(model): {"zipmap": False}},
        target_opset=17,
    )
    path.write_bytes(made.SerializeToString())


if __name__ == "__main__":
    cli = argparse.ArgumentParser(description=__doc__)
    cli.add_argument("--seed", type=int, default=0)
    cli.add_argument("--out", type=Path, default=Path(__file__).with_name("digits.onnx"))
    args = cli.parse_args()
    save(train(args.seed), args.out)
