"""Writes a section of chartgen/inspect/keras_classes.yaml: the classes and functions that a Keras finds by their name.

For maintainers; run it once with each Keras that pods install, in an environment that has it (and PyYAML)::

    python tools/make_keras_classes.py
"""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any

import yaml

TABLE = Path(__file__).resolve().parent.parent / "chartgen" / "inspect" / "keras_classes.yaml"
HEADER = "# Made by tools/make_keras_classes.py, a section for each major version of Keras; do not edit.\n"
OBJECTS = ["layers", "initializers", "regularizers", "constraints", "dtype_policies", "mixed_precision", "quantizers"]
# What a file names that is in none of these modules.
MODELS = ["Functional", "Model", "Sequential"]
OF_KERAS_2 = ["SlicingOpLambda", "TFOpLambda"]
# Whose configuration holds code, or says where code lies.
WITH_CODE = {"Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"}


def main() -> None:
    """Adds or replaces the section of the Keras that is installed."""
    keras: Any = importlib.import_module("keras")
    major = int(keras.__version__.partition(".")[0])
    names: set[str] = set(MODELS)
    if major == 2:  # noqa: PLR2004 - Keras 3 has operations instead
        names |= set(OF_KERAS_2)
    for each in OBJECTS:
        module = getattr(keras, each, None)
        found = {name: value for name, value in vars(module).items() if inspect.isclass(value)} if module else {}
        names |= set(found) | {value.__name__ for value in found.values()}  # a file names a class by its own name
    functions = {name for name, value in vars(keras.activations).items() if inspect.isfunction(value)}
    table = yaml.safe_load(TABLE.read_text()) if TABLE.exists() else {}
    table[major] = {
        "version": keras.__version__,
        "classes": sorted(names - WITH_CODE),
        "functions": sorted(functions - {"get", "serialize", "deserialize"}),
    }
    text = yaml.safe_dump(dict(sorted(table.items())), default_flow_style=None, width=118, sort_keys=False)
    TABLE.write_text(HEADER + text)


if __name__ == "__main__":
    main()
