"""The user's handler: a Python file with any of `load`, `preprocess`, `predict` and `postprocess`."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from typing import TYPE_CHECKING

from .errors import StartupError
from .handler import Handler

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from .loader import LoadedModel

STEPS = ("load", "preprocess", "predict", "postprocess")


def load_handler(path: Path) -> Handler:
    """Imports the handler.

    Args:
        path: The file.

    Raises:
        StartupError: It cannot be imported, or has none of the four functions.
    """
    module = _import(path)
    steps = {name: getattr(module, name) for name in STEPS if hasattr(module, name)}
    if not steps:
        raise StartupError(f"the handler {path} has no function load, preprocess, predict or postprocess")
    for name, step in steps.items():
        if not callable(step):
            raise StartupError(f"{name} in the handler {path} is not a function")
    return Handler(**steps)


def loaded(handler: Handler, model: LoadedModel) -> LoadedModel:
    """What is served: the model, or what the handler's `load` makes of it.

    Args:
        handler: The user's steps.
        model: The model as its format loads it.

    Raises:
        StartupError: `load` failed, or nothing can predict with what it returned.
    """
    if handler.load is None:
        return model
    try:
        native = handler.load(model.native)
    except Exception as error:
        raise StartupError(f"the handler's load failed: {type(error).__name__}: {error}") from error
    if native is None:
        raise StartupError("the handler's load returned nothing: it returns what is served")
    if model.wrap is None and handler.predict is None:
        raise StartupError("the handler has a function load for a model of this format, and no function predict")
    try:
        return model.wrap(native) if model.wrap is not None else replace(model, native=native)
    except StartupError:
        if handler.predict is None:
            raise
        return replace(model, native=native)  # what only the handler knows to ask


def _import(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("chartgen_handler", path)
    if spec is None or spec.loader is None:
        raise StartupError(f"the handler {path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise StartupError(f"the handler {path} cannot be imported: {type(error).__name__}: {error}") from error
    return module
