"""Model files, made by the real libraries."""

from __future__ import annotations

import pickle
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

if TYPE_CHECKING:
    from pathlib import Path

ELEMENT_TYPES = {
    "float16": TensorProto.FLOAT16,
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int8": TensorProto.INT8,
    "int16": TensorProto.INT16,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "uint8": TensorProto.UINT8,
    "uint16": TensorProto.UINT16,
    "uint32": TensorProto.UINT32,
    "uint64": TensorProto.UINT64,
    "bool": TensorProto.BOOL,
    "string": TensorProto.STRING,
}


@cache
def iris() -> Any:
    features, classes = load_iris(return_X_y=True)
    return LogisticRegression(max_iter=500).fit(features, classes)


def iris_onnx(folder: Path) -> Path:
    """The iris classifier with ZipMap: a tensor output and a sequence of maps."""
    from skl2onnx import to_onnx

    path = folder / "iris.onnx"
    path.write_bytes(to_onnx(iris(), np.zeros((1, 4), np.float32)).SerializeToString())
    return path


def pickled(folder: Path, model: Any, name: str = "model.pkl") -> Path:
    path = folder / name
    path.write_bytes(pickle.dumps(model))
    return path


def tensor(name: str, dtype: str, shape: Any) -> Any:
    return helper.make_tensor_value_info(name, ELEMENT_TYPES[dtype], shape)


def graph(path: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any], constants: Any = ()) -> Path:
    """A model of these nodes; opset 17, which every supported onnxruntime reads."""
    made = helper.make_graph(nodes, "test", inputs, outputs, list(constants))
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def echo(folder: Path, dtype: str, shape: Any) -> Path:
    """Answers with its input."""
    node = helper.make_node("Identity", ["x"], ["y"])
    return graph(folder / "echo.onnx", [node], [tensor("x", dtype, shape)], [tensor("y", dtype, shape)])


def add(folder: Path, first: Any, second: Any, output: Any = None) -> Path:
    """Adds two float32 inputs, `left` and `right`."""
    node = helper.make_node("Add", ["left", "right"], ["sum"])
    inputs = [tensor("left", "float32", first), tensor("right", "float32", second)]
    return graph(folder / "add.onnx", [node], inputs, [tensor("sum", "float32", output or first)])
