"""The user's handler: a Python file with any of `load`, `preprocess`, `predict` and `postprocess`."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

    from .loader import LoadedModel

STEPS = ("load", "preprocess", "predict", "postprocess")


@dataclass(frozen=True)
class Handler:
    """The steps that the user wrote; None where the runtime's own is used.

    Attributes:
        load: ``load(model)``, called once at the start: what the file holds, loaded (for weights alone, the tensors by
            name) -> what is served, and what `predict` is given.
        preprocess: ``preprocess(value)``: the value of `input` as it came -> what the model is given, by the same rules
            as a request; or a table or matrix of another library, which the model is given as it is. A ValueError is
            the client's fault: 422 with its message.
        predict: ``predict(model, inputs)``: the loaded model (an estimator, an InferenceSession) and an array, or for
            several inputs a dict of arrays -> the result.
        postprocess: ``postprocess(output)``: the value of `output`, its arrays still NumPy's -> the value to send.
    """

    load: Callable[[Any], Any] | None = None
    preprocess: Callable[[Any], Any] | None = None
    predict: Callable[[Any, Any], Any] | None = None
    postprocess: Callable[[Any], Any] | None = None


def load_handler(path: Path | None) -> Handler:
    """Imports the handler.

    Args:
        path: The file; None gives a handler without steps.

    Raises:
        StartupError: It cannot be imported, or has none of the four functions.
    """
    if path is None:
        return Handler()
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
