"""Reads a Keras model from an HDF5 file: its architecture, what goes in and out, and the Keras that wrote it.

Keras keeps the architecture as JSON in the attribute `model_config` of the root, beside `keras_version` and `backend`,
and the weights in the group `model_weights`, of which nothing is looked at but whether all of it is in the file.
Source: `keras/src/legacy/saving/legacy_h5_format` of Keras 3.15, `keras/src/saving/legacy/hdf5_format` of Keras 2.15.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chartgen.errors import ModelError, ModelUnsafeError, ModelUnsupportedError
from chartgen.inspect.facts import Library, ModelFacts
from chartgen.inspect.hdf5 import Hdf5Root
from chartgen.inspect.hdf5outside import HiddenLinksError
from chartgen.inspect.hdf5source import Hdf5Error
from chartgen.inspect.kerasconfig import MAX_BYTES, ConfigError, foreign, newer, read_config
from chartgen.inspect.kerassignature import Unfit, layers, signature
from chartgen.inspect.kerassizes import check_sizes
from chartgen.inspect.keraswriter import writer

if TYPE_CHECKING:
    from chartgen.inspect.modelfile import ModelFile

_SHORT = 256
_NAMES_SHOWN = 5
# Keras 3 has the same layers on each of its backends, and Keras 2 laid out weights differently on other ones.
_BACKENDS = {2: ("tensorflow",), 3: ("tensorflow", "jax", "torch", "numpy", "openvino")}
_TO_ONNX = "or export the model to ONNX with `model.export(path, format='onnx')` or tf2onnx"
_CODE_HINT = f"replace it by layers of Keras, such as Rescaling or Normalization, {_TO_ONNX}"
# Keras 3 writes the mask of a functional model's embedding as an operation between layers.
_MASKED = (
    "NotEqual may be the mask of an Embedding with `mask_zero=True`: it is no operation in a Sequential model, and none"
    " where the Embedding is made without it; else "
)
_WHOLE = "save the whole model: build it in Python, `model.load_weights(path)`, then `model.save('model.h5')`"

# What writes HDF5 files and can be told by an attribute or a name in the root.
_MADE_BY = {
    "_NCProperties": "a netCDF-4 file",
    "PYTABLES_FORMAT_VERSION": "a file of PyTables, such as a table of pandas",
    "encoding-type": "a file of AnnData",
}

# What is not Keras's own by its kind, the worst first: the error, what is said, what is expected, and what to do.
_FOREIGN: dict[str, tuple[type[ModelError], str, str, str]] = {
    "code": (
        ModelUnsafeError,
        "loading the model would run code that is stored in the file",
        "layers of Keras that hold numbers and no code",
        _CODE_HINT,
    ),
    "function": (
        ModelUnsafeError,
        "the model calls functions of TensorFlow that may do more than compute",
        "functions that take numbers and texts, give such, and reach no file",
        _CODE_HINT,
    ),
    "file": (
        ModelUnsafeError,
        "loading the model would read another file, since a vocabulary is a path and no list",
        "a vocabulary that is a list in the model itself",
        "give the layer a list, as its argument `vocabulary` or by `set_vocabulary(words)`, and save the model again, "
        + _TO_ONNX,
    ),
    "custom": (
        ModelUnsupportedError,
        "the model needs code that is not Keras's own",
        "layers and functions of Keras {major}",
        f"build it from these, {_TO_ONNX}",
    ),
    "operation": (
        ModelUnsupportedError,
        "the model computes between its layers, which Keras 3 does not load from HDF5",
        "layers only",
        f"use layers such as Rescaling, Add or Multiply instead of operators and functions, {_TO_ONNX}",
    ),
}


def read_keras(file: ModelFile, digest: str) -> ModelFacts:
    """Reads the facts of a Keras model.

    Args:
        file: The file, which begins as HDF5.
        digest: Its sha256.

    Returns:
        The facts; `details` holds the backend and the kind of model.

    Raises:
        ModelUnreadableError: It is truncated or corrupt.
        ModelUnsupportedError: It holds no whole Keras model, or one that needs what the pod does not have.
        ModelUnsafeError: It holds layers that run code which is stored in the file.
    """
    try:
        root = Hdf5Root(file)
        text = root.text("model_config", MAX_BYTES)
        version, backend = _short(root, "keras_version"), _short(root, "backend")
        if text is None or "model_weights" not in root.names:
            raise _no_model(file, root)
        config = read_config(text)
        major = _major(file, version)
        _check_backend(file, backend, major)
        _check_own(file, config, major)
        _check_newer(file, config, major)
        _check_inside(file, root)
        check_sizes(config, root.elements)
        ends = signature(config)
    except Hdf5Error as error:
        raise file.unreadable(
            f"the file is no valid HDF5 file, or only a part of one: {error}", hint="copy or save it again"
        ) from error
    except ConfigError as error:
        raise file.unreadable(f"the file holds no valid Keras model: {error}", hint="save it again") from error
    except HiddenLinksError as error:
        raise ModelUnsupportedError(f"{error}, which is not read here", where=str(file.path), hint=_WHOLE) from error
    except Unfit as error:
        raise ModelUnsupportedError(
            f"the model {error}", where=str(file.path), hint=f"save it with another input, {_TO_ONNX}"
        ) from error
    return ModelFacts(
        format="keras",
        size=file.size,
        sha256=digest,
        producer=writer(version),
        libraries=(Library("keras", version),),
        inputs=ends[0],
        outputs=ends[1],
        details={
            "backend": backend or "tensorflow",
            "model": f"{config['class_name']} of {len(layers(config))} layers",
        },
    )


def _short(root: Hdf5Root, name: str) -> str | None:
    text = root.text(name, _SHORT)
    return text if text is None or text.isprintable() else repr(text)


def _major(file: ModelFile, version: str | None) -> int:
    found = re.match(r"([0-9]{1,4})\.", version or "", re.ASCII)
    if found is None or int(found[1]) not in _BACKENDS:
        raise ModelUnsupportedError(
            f"the model was written by Keras {version or 'of a time when it did not name its version'}",
            where=str(file.path),
            expected="a model of Keras 2 or 3",
            hint=f"load it with that version and save it with one of these, {_TO_ONNX}",
        )
    return int(found[1])


def _check_backend(file: ModelFile, backend: str | None, major: int) -> None:
    """Refuses a file of a backend for which TensorFlow does not stand in; a file that names none is of TensorFlow."""
    if backend is not None and backend not in _BACKENDS[major]:
        raise ModelUnsupportedError(
            f"the model was written by Keras {major} with the backend {backend}",
            where=str(file.path),
            expected=f"the backend {' or '.join(_BACKENDS[major])}",
            hint="set KERAS_BACKEND=tensorflow where the model is made, load it there and save it again, " + _TO_ONNX,
        )


def _check_inside(file: ModelFile, root: Hdf5Root) -> None:
    """Refuses a file that leads out of itself: the pod would read what lies there, if anything does."""
    if said := root.outside():
        raise ModelUnsafeError(
            f"loading the model could read another file: {said}",
            where=str(file.path),
            expected="a file that holds all its weights itself, as `model.save('model.h5')` of Keras writes it",
            hint=f"do not load the file unless you made it; {_WHOLE}",
        )


def _check_own(file: ModelFile, config: dict[str, Any], major: int) -> None:
    """Refuses a model that needs code which is not Keras's own, by the worst of what it needs."""
    found = foreign(config, major)
    for kind, (error, message, expected, hint) in _FOREIGN.items():
        if of_kind := [one for one in found if one.kind == kind]:
            masked = kind == "operation" and any(one.name == "NotEqual" for one in of_kind)
            raise error(
                f"{message}: {_listed(of_kind)}",
                where=str(file.path),
                expected=expected.format(major=major),
                hint=_MASKED + hint if masked else hint,
            )


def _check_newer(file: ModelFile, config: dict[str, Any], major: int) -> None:
    """Refuses what only the newer ones know of those that write files of Keras 2."""
    for layer, key in newer(config) if major == 2 else ():  # noqa: PLR2004 - Keras 3 loads what a newer one wrote or says why
        raise ModelUnsupportedError(
            f"the layer {layer!r} is made with `{key}`, which only tf_keras knows, and Keras 2.15 loads the model",
            where=str(file.path),
            hint=f"make the layer without it, {_TO_ONNX}",
        )


def _listed(found: list[Any]) -> str:
    found = [one for one in found if one.layer] or found  # a function of a layer's is said with the layer
    shown = [f"{one.name!r}" + (f" (the layer {one.layer!r})" if one.layer else "") for one in found[:_NAMES_SHOWN]]
    more = len(found) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _no_model(file: ModelFile, root: Hdf5Root) -> ModelUnsupportedError:
    """The error for an HDF5 file without a whole model, which says what it is."""
    where, has = str(file.path), {*root.attributes, *root.names}
    if "model_config" in has:
        what = "the file has the architecture of a Keras model, but not its weights"
    elif (
        "layer_names" in has
        or "model_weights" in has
        or {"layers", "vars"} <= has
        or "_layer_checkpoint_dependencies" in has
    ):
        what = "the file has only the weights of a Keras model, and not its architecture"
    elif root.dense:
        return ModelUnsupportedError(
            "the file keeps its attributes in a way that is not read here (dense storage)", where=where, hint=_WHOLE
        )
    else:
        made = next((name for mark, name in _MADE_BY.items() if mark in has), "an HDF5 file")
        made = "a MATLAB file (.mat)" if file.read(0, 6) == b"MATLAB" else made
        names = ", ".join(sorted(root.names)[:_NAMES_SHOWN])
        return ModelUnsupportedError(
            f"it is {made} with {names or 'nothing in it'}, and no Keras model",
            where=where,
            expected="a whole model, as `model.save('model.h5')` of Keras writes it",
        )
    return ModelUnsupportedError(what, where=where, expected="a whole model", hint=_WHOLE)
