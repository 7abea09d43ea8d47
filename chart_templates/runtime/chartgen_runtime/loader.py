"""The model file -> a model that predicts; nothing is loaded before its digest is the expected one."""

from __future__ import annotations

import hashlib
import importlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .protocol import Reader
    from .settings import RuntimeSettings
    from .signature import Signature

# Read by the libraries when they are imported: what a model is asked is nobody else's affair.
# https://github.com/microsoft/onnxruntime/blob/main/docs/Privacy.md
NO_REPORTS = {"ORT_DISABLE_TELEMETRY": "1"}


@dataclass(frozen=True)
class LoadedModel:
    """A model, whatever its format.

    Attributes:
        native: The library's own object, which the user's handler is given.
        signature: What it takes and gives.
        predict: An array for each input, by name -> a result for each output, by name.
        thread_safe: Whether several predictions may run at once.
        wrap: Serves another object, which the handler's `load` returned; None where only its `predict` can.
        reader: Makes what reads the value of `input`, told whether NaN and infinities are let in; None where that
            follows from the signature alone.
    """

    native: Any
    signature: Signature
    predict: Callable[[dict[str, Any]], dict[str, Any]]
    thread_safe: bool
    wrap: Callable[[Any], LoadedModel] | None = None
    reader: Callable[[bool], Reader] | None = None


def load_model(settings: RuntimeSettings) -> LoadedModel:
    """Verifies and loads the model.

    Its library is told to report to nobody, unless the environment says otherwise.

    Raises:
        StartupError: The file is missing, is another one than the chart was made for, or cannot be loaded.
    """
    _verify(settings.model_path, settings.model_sha256)
    os.environ.update({name: value for name, value in NO_REPORTS.items() if not os.environ.get(name)})
    try:
        module = importlib.import_module(f".formats.{settings.model_format}", __package__)
    except ImportError as error:
        raise StartupError(f"the format {settings.model_format} cannot be served here: {error}") from error
    try:
        # A format whose library knows no GPU takes none; the chart asks for one only where it does.
        on = {"gpu": settings.gpu} if settings.gpus else {}
        model: LoadedModel = module.load(settings.model_path, settings.model_method, **on)
    except StartupError:
        raise
    except Exception as error:
        message = f"{settings.model_path} cannot be loaded: {type(error).__name__}: {error}"
        raise StartupError(message) from error
    return model


def _verify(path: Path, expected: str) -> None:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StartupError(f"the model cannot be read: {error}") from error
    if found != expected:
        raise StartupError(f"{path} is not the model of this chart: its sha256 is {found}, expected {expected}")
