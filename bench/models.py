"""The models that are served, each with a request, made from fixed random numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from chartgen.service.load import load, parse_mapping

if TYPE_CHECKING:
    from pathlib import Path

    from chartgen.service.model import ServiceSpec

PIXELS = (3, 224, 224)


@dataclass(frozen=True)
class Case:
    """A service and a request.

    Attributes:
        name: For the table.
        spec: The service.
        body: The file with the request's body.
        connections: How many connections ask.
    """

    name: str
    spec: ServiceSpec
    body: Path
    connections: tuple[int, ...] = (1, 16, 64)


def cases(example: Path, scratch: Path) -> list[Case]:
    """A row of 4 numbers, one of 64 (the example), and an image of 150,528.

    Args:
        example: The service file of the digits example.
        scratch: Gets the models and the bodies.
    """
    numbers = np.random.default_rng(0)
    digits = load([example])
    if digits.sample is None:
        raise SystemExit(f"{example} has no sample")
    image = numbers.uniform(size=PIXELS).astype(np.float32)
    return [
        _case(scratch, "row of 4", _made(scratch, "iris", _classifier(numbers)), [5.1, 3.5, 1.4, 0.2]),
        _case(scratch, "row of 64", digits, digits.sample.input),
        _case(scratch, "image 150,528", _made(scratch, "image", _convolution(numbers)), image.tolist()),
    ]


def natively(scratch: Path) -> list[Case]:
    """A row and an image of 150,528 numbers for a model of ONNX and for one of scikit-learn.

    Args:
        scratch: Gets the models and the bodies.
    """
    import joblib
    from sklearn.linear_model import LogisticRegression
    from sklearn.tree import DecisionTreeRegressor

    numbers = np.random.default_rng(1)
    rows, labels = numbers.normal(size=(60, 4)), np.arange(60) % 3
    pixels = numbers.uniform(size=(8, int(np.prod(PIXELS)))).round(6)
    fitted = {
        "row": LogisticRegression().fit(rows, labels),
        "pixels": DecisionTreeRegressor(max_depth=2, random_state=0).fit(pixels, np.arange(8)),
    }
    for name, estimator in fitted.items():
        joblib.dump(estimator, scratch / f"{name}.pkl")
    row, image = [5.1, 3.5, 1.4, 0.2], numbers.uniform(size=PIXELS).astype(np.float32).tolist()
    return [
        _case(scratch, "row of 4 (ONNX)", _made(scratch, "iris", _classifier(numbers)), row),
        _case(scratch, "row of 4 (scikit-learn)", _spec("row", scratch / "row.pkl"), row),
        _case(scratch, "150,528 (ONNX)", _made(scratch, "image", _convolution(numbers)), image),
        _case(scratch, "150,528 (scikit-learn)", _spec("pixels", scratch / "pixels.pkl"), pixels[0].tolist()),
    ]


def _case(scratch: Path, name: str, spec: ServiceSpec, value: object) -> Case:
    body = scratch / f"{spec.name}.json"
    body.write_text(json.dumps({"input": value}), encoding="utf-8")
    return Case(name, spec, body)


def _made(scratch: Path, name: str, graph: Any) -> ServiceSpec:
    path = scratch / f"{name}.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return _spec(name, path)


def _spec(name: str, model: Path) -> ServiceSpec:
    return parse_mapping({"name": name, "version": "1.0.0", "model": str(model)})


def _classifier(numbers: np.random.Generator) -> Any:
    """4 features -> a label and 3 probabilities, as of a logistic regression."""
    nodes = [
        helper.make_node("Gemm", ["x", "weights"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"]),
        helper.make_node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0),
    ]
    outputs = [_tensor("label", TensorProto.INT64, ["n"]), _tensor("probabilities", TensorProto.FLOAT, ["n", 3])]
    weights = {"weights": numbers.normal(size=(4, 3))}
    return _graph(nodes, [_tensor("x", TensorProto.FLOAT, ["n", 4])], outputs, weights)


def _convolution(numbers: np.random.Generator) -> Any:
    """An image -> 10 scores, with so little work in between that the JSON is what costs."""
    nodes = [
        helper.make_node("Conv", ["x", "kernel"], ["seen"], strides=[4, 4]),
        helper.make_node("Relu", ["seen"], ["kept"]),
        helper.make_node("GlobalAveragePool", ["kept"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weights"], ["scores"]),
    ]
    weights = {"kernel": numbers.normal(size=(8, 3, 4, 4)), "weights": numbers.normal(size=(8, 10))}
    inputs = [_tensor("x", TensorProto.FLOAT, ["n", *PIXELS])]
    return _graph(nodes, inputs, [_tensor("scores", TensorProto.FLOAT, ["n", 10])], weights)


def _graph(nodes: list[Any], inputs: list[Any], outputs: list[Any], weights: dict[str, Any]) -> Any:
    constants = [numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()]
    return helper.make_graph(nodes, "bench", inputs, outputs, constants)


def _tensor(name: str, kind: int, shape: list[Any]) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)
