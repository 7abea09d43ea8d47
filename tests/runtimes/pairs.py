"""Every model format on every serving runtime: a model of each format by its own library, served from its chart.

The document docs/formats-and-runtimes.md is written from these lists: `python -m tests.runtimes.pairs`.
"""

from __future__ import annotations

import pickle
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chartgen import assets
from chartgen.chart.build import Built, build
from chartgen.chart.runtimes import ServingRuntime, load_runtime
from chartgen.local.serve import LocalServer, prepare, serve
from chartgen.service.load import load
from tests.helpers import EXAMPLES, ROOT, run, service_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DOCUMENT = ROOT / "docs" / "formats-and-runtimes.md"
BEGIN, END = "<!-- pairs: written by `python -m tests.runtimes.pairs` -->", "<!-- end of pairs -->"
FEATURES, CLASSES, ROWS = 5, 3, 4


@dataclass(frozen=True)
class Made:
    """A model with random numbers in it, and what its own library answers.

    Attributes:
        path: Its file.
        inputs: A batch, [row, feature].
        outputs: The library's answer to it, [row, class].
        keys: What the service file says of the model besides its file.
    """

    path: Path
    inputs: np.ndarray[Any, Any]
    outputs: np.ndarray[Any, Any]
    keys: dict[str, Any]


@dataclass(frozen=True)
class Format:
    """A model format.

    Attributes:
        title: For people.
        make: Makes a model from a seed, in a folder, for a runtime.
    """

    title: str
    make: Callable[[Path, int, str], Made]


def make_onnx(folder: Path, seed: int, runtime: str) -> Made:
    """Two layers with random weights; onnxruntime answers."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(FEATURES, 8)).astype("f4"), rng.normal(size=(8, CLASSES)).astype("f4")]
    nodes = [
        helper.make_node("MatMul", ["x", "first"], ["a"]),
        helper.make_node("Tanh", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "second"], ["c"]),
        helper.make_node("Softmax", ["c"], ["y"]),
    ]
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", FEATURES])
    got = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", CLASSES])
    constants = [numpy_helper.from_array(each, name) for each, name in zip(weights, ("first", "second"), strict=True)]
    model = helper.make_model(
        helper.make_graph(nodes, "pair", [given], [got], constants),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    inputs = rng.normal(size=(ROWS, FEATURES)).astype("f4")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return Made(path, inputs, session.run(None, {"x": inputs})[0], {})


def make_pickle(folder: Path, seed: int, runtime: str) -> Made:
    """A pipeline of scikit-learn that was fitted on random numbers, which answers itself."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(seed)
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(
        rng.normal(size=(60, FEATURES)), np.arange(60) % CLASSES
    )
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(fitted))
    inputs = rng.normal(size=(ROWS, FEATURES))
    return Made(path, inputs, fitted.predict_proba(inputs), {"method": "predict_proba"})


def elsewhere(script: str, file_name: str, example: str) -> Callable[[Path, int, str], Made]:
    """Gives what makes a model in the pod's own environment, for a library that the tests' own has not.

    Args:
        script: The script beside this file, which writes the model and its library's answers.
        file_name: The model's file.
        example: The example whose pod has the same libraries.
    """

    def make(folder: Path, seed: int, runtime: str) -> Made:
        spec = load([EXAMPLES / example / "service.yaml"])
        spec = replace(spec, runtime=replace(spec.runtime, name=runtime, handler=None))
        python = prepare(build(replace(spec, sample=None)), print)
        run(python, ROOT / "tests" / "runtimes" / script, folder, seed)
        with np.load(folder / "answers.npz") as answers:
            return Made(folder / file_name, answers["inputs"], answers["outputs"], {})

    return make


FORMATS = {
    "onnx": Format("ONNX `.onnx`", make_onnx),
    "pickle": Format("pickle `.pkl`, `.pickle`", make_pickle),
    "torch": Format("PyTorch `.pt`, `.pth`", elsewhere("make_torch.py", "model.pt", "spirals-torch")),
    "keras": Format("Keras `.h5`", elsewhere("make_keras.py", "model.h5", "wine-keras")),
}


def runtimes() -> list[ServingRuntime]:
    """The runtimes, by name."""
    folders = sorted((assets.chart_templates() / "runtimes").iterdir())
    return [load_runtime(folder.name) for folder in folders if (folder / "runtime.yaml").exists()]


def pairs() -> list[tuple[str, str]]:
    """Every format that a runtime says it serves, with the runtime's name."""
    return [(name, runtime.name) for runtime in runtimes() for name in runtime.formats]


def chart_of(made: Made, runtime: str, folder: Path) -> Built:
    """The chart of a model."""
    model = {"file": str(made.path), **made.keys}
    return build(load([service_file(folder / "service", name="pair", model=model, runtime=runtime)]))


def python_of(made: Made, runtime: str, folder: Path) -> Path:
    """The Python with the libraries that the chart of a model pins."""
    return prepare(chart_of(made, runtime, folder), print)


@contextmanager
def served(made: Made, runtime: str, folder: Path) -> Iterator[LocalServer]:
    """Serve a model from its chart's own files, with the libraries that the chart pins."""
    built = chart_of(made, runtime, folder)
    with serve(built, prepare(built, print), host="127.0.0.1", port=0, say=print) as server:
        yield server


def runtime_folder(name: str) -> Path:
    """Where a runtime's files lie."""
    return assets.chart_templates() / "runtimes" / name


def table() -> str:
    """The table of the document."""
    listed = runtimes()
    columns = [f"{each.title} ({each.port})" for each in listed]
    lines = [f"| | {' | '.join(columns)} |", "| --- |" + " --- |" * len(columns)]
    for name, each in FORMATS.items():
        cells = ["yes" if name in runtime.formats else "no" for runtime in listed]
        lines.append(f"| {each.title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def with_table(text: str) -> str:
    """The document with the table as it is now."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    sys.exit(0)
