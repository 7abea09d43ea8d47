"""The examples, retrained with a random seed: what the library itself says is what the deployed model must say."""

from __future__ import annotations

import importlib.util
import secrets
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from tests.helpers import EXAMPLES

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

Predict = Callable[[np.ndarray], Any]


@dataclass
class Service:
    """A service file with a model that was just trained, and the library's own answers."""

    name: str
    file: Path
    predict: Predict
    width: int

    def random_rows(self, count: int) -> list[list[float]]:
        """Inputs nobody has seen before."""
        rows = np.random.default_rng(secrets.randbits(64)).random((count, self.width))
        return (rows * (8 if self.width == 4 else 1)).astype(np.float32).astype(float).tolist()

    def infer_request(self, rows: list[list[float]]) -> dict[str, Any]:
        """The same question in the Open Inference Protocol (the example with one input, `image`)."""
        data = [value for row in rows for value in row]
        return {"inputs": [{"name": "image", "shape": [len(rows), self.width], "datatype": "FP32", "data": data}]}


def infer_outputs(answer: dict[str, Any]) -> dict[str, Any]:
    """The tensors of an answer in the Open Inference Protocol, by name."""
    return {output["name"]: np.array(output["data"]).reshape(output["shape"]) for output in answer["outputs"]}


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.parent.name.replace("-", "_"), path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def retrained(example: str, folder: Path, version: str) -> Service:
    """An example with a new model, its sample's answer recorded anew."""
    source = EXAMPLES / example
    document = yaml.safe_load((source / "service.yaml").read_text(encoding="utf-8"))
    train = _module(source / "train.py")
    file_name = document["model"] if isinstance(document["model"], str) else document["model"]["file"]
    folder.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn on convergence: what matters is that the numbers differ
        model = train.train(secrets.randbits(31))
        train.save(model, folder / file_name)
    predict: Predict
    if example == "iris-sklearn":
        predict, width = (lambda rows: model.predict_proba(rows).tolist()), 4
    else:
        predict, width = _onnx(folder / file_name), 64
    expected = predict(np.array([document["sample"]["input"]]))
    single = {name: value[0] for name, value in expected.items()} if isinstance(expected, dict) else expected[0]
    document["sample"]["output"] = single
    document["version"] = version
    path = folder / "service.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return Service(document["name"], path, predict, width)


def _onnx(path: Path) -> Predict:
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    names = [output.name for output in session.get_outputs()]

    def predict(rows: np.ndarray) -> dict[str, Any]:
        answers = session.run(None, {"image": rows.astype(np.float32)})
        return {name: answer.tolist() for name, answer in zip(names, answers, strict=True)}

    return predict


def assert_close(got: Any, expected: Any) -> None:
    """Numbers to 1e-6, everything else exactly."""
    if isinstance(expected, dict):
        assert got.keys() == expected.keys()
        for key, value in expected.items():
            assert_close(got[key], value)
    else:
        np.testing.assert_allclose(np.array(got), np.array(expected), rtol=1e-6, atol=1e-6)
