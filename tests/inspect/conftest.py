"""Real model files, made by the real libraries."""

from __future__ import annotations

import os
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

if TYPE_CHECKING:
    from pathlib import Path


class Call:
    """Pickles as a call of `function` with `arguments`."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.function, self.arguments


@pytest.fixture(scope="session")
def iris() -> Any:
    """A fitted pipeline for the iris data: four features, three classes."""
    features, classes = load_iris(return_X_y=True)
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(features, classes)


@pytest.fixture(scope="session")
def small_onnx() -> bytes:
    """An ONNX model with one input and an initializer."""
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3])],
        [onnx.numpy_helper.from_array(np.arange(3, dtype=np.float32), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    model.producer_name, model.producer_version = "by-hand", "1.0"
    return bytes(model.SerializeToString())


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    """A pickle that would run a program."""
    path = tmp_path / "evil.pkl"
    path.write_bytes(pickle.dumps(Call(os.system, "true")))
    return path
