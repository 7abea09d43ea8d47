"""Reads what a model file says of itself: format, signature, the libraries that wrote it. Executes none of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.errors import ModelMismatchError
from chartgen.inspect.facts import Column, Dimension, Library, ModelFacts, Signature
from chartgen.inspect.identify import identify
from chartgen.inspect.modelfile import ModelFile
from chartgen.inspect.onnx import read_onnx

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Column", "Dimension", "Library", "ModelFacts", "Signature", "inspect_model"]


def inspect_model(
    path: Path, *, format: str | None = None, trusted: bool = False, sha256: str | None = None
) -> ModelFacts:
    """Reads a model file; nothing in it is executed, loaded or unpacked to disk.

    Args:
        path: The file.
        format: The format that it must have, such as `onnx`; None means that content and suffix must agree.
        trusted: Whether a pickle may import names that are not on the allow-list; they are reported all the same.
        sha256: The digest that it must have, in hexadecimal; None means any.

    Returns:
        What the file says of itself.

    Raises:
        ModelUnreadableError: The file is missing, cannot be read, or is truncated or corrupt.
        ModelUnsupportedError: It is of a format that cannot be served.
        ModelUnsafeError: It is a pickle that would import what is not on the allow-list, or a Keras model with code in
            it.
        ModelMismatchError: It has another digest or format than was said, or than its suffix says.
    """
    with ModelFile(path) as file:
        digest = file.sha256()
        if sha256 is not None and sha256.lower() != digest:
            raise ModelMismatchError(
                f"the file has the sha256 {digest}, but the service file says {sha256.lower()}",
                where=str(path),
                hint="check that this is the model that was meant, then correct `model.sha256`",
            ).against("sha256")
        found = identify(file, format)
        if found == "onnx":
            return read_onnx(file, digest)
        if found == "keras":
            from chartgen.inspect.keras import read_keras

            return read_keras(file, digest)
        if found == "torch":
            from chartgen.inspect.torch import read_torch

            return read_torch(file, digest)
        from chartgen.inspect.pickle import read_pickle  # many modules that other formats do not need

        return read_pickle(file, digest, trusted=trusted)
