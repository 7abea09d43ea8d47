"""Keras models in HDF5, by Keras on TensorFlow: those of Keras 3 by Keras 3, those of Keras 2 by Keras 2."""

from __future__ import annotations

import contextlib
import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

# Both are read while they are imported: whose tensors Keras 3 computes with, and that only errors are logged.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow

from ..cpu import available_cpus
from ..errors import StartupError, refused_by_model
from ..loader import LoadedModel
from ..signature import Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# The element types that JSON can hold; TensorFlow's names for them are NumPy's.
DTYPES = frozenset(
    {"bool", "string", "float16", "float32", "float64"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)

# What tf_keras, by which Keras 2 goes on, writes besides; inspection has seen that it is false.
_BESIDES = {"InputLayer": "optional", "MultiHeadAttention": "softmax_robust_masking"}


def load(path: Path, method: str, gpu: int | None = None) -> LoadedModel:
    """Loads a whole model, and traces it once for batches of every size.

    Args:
        path: The model file, of which inspection has shown that it holds no code.
        method: Must be `predict`: a Keras model has no other.
        gpu: The number of the GPU that computes; None for the CPU.

    Raises:
        StartupError: The model takes what JSON cannot hold, a method was asked for, or there is no GPU.
    """
    if method != "predict":
        raise StartupError(f"a Keras model has no method {method!r}; leave model.method out")
    # A handler that has computed with TensorFlow before has started its threads, and their number then stays.
    with contextlib.suppress(RuntimeError):
        tensorflow.config.threading.set_intra_op_parallelism_threads(available_cpus())
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)  # layers run one after the other
    if gpu is not None:
        _use(gpu)
    newer = {name: _without(name, key) for name, key in _BESIDES.items()} if keras.__version__[0] == "2" else None
    model = keras.models.load_model(str(path), newer, compile=False)
    structure, inputs = _inputs(model)
    run = _traced(model, structure, inputs)
    outputs = _outputs(model, run)
    names, results = [spec.name for spec in inputs], [spec.name for spec in outputs]

    def predict(arrays: dict[str, Any]) -> dict[str, Any]:
        try:
            answers = run(*[tensorflow.constant(arrays[name]) for name in names])
        except tensorflow.errors.InvalidArgumentError as error:  # such as an index beyond the end of an embedding
            raise refused_by_model(_cause(error)) from error
        return dict(zip(results, map(_array, answers), strict=True))

    return LoadedModel(model, Signature(inputs, outputs), predict, thread_safe=True)


def _without(layer: str, key: str) -> SimpleNamespace:
    """What makes a layer from a configuration, in which a key may stand that it does not know."""
    make = getattr(keras.layers, layer).from_config
    return SimpleNamespace(from_config=lambda config: make({each: config[each] for each in config if each != key}))


def _cause(error: Exception) -> Exception:
    """The error without where in the graph it happened: the line before the one that names the node."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    node = next((number for number, line in enumerate(lines) if line.startswith("[[{{node")), len(lines))
    return ValueError(lines[max(node - 1, 0)] if lines else type(error).__name__)


def _use(gpu: int) -> None:
    """Has TensorFlow compute on one GPU, where it takes the memory that it needs, and not all at once.

    Raises:
        StartupError: There is none.
    """
    found = tensorflow.config.list_physical_devices("GPU")
    if not found:
        from ..gpu import no_gpu

        with_cuda = tensorflow.test.is_built_with_cuda()
        raise no_gpu(f"TensorFlow {tensorflow.__version__}", with_cuda=with_cuda)
    chosen = found[gpu % len(found)]  # a part of a GPU may be all that a process sees
    with contextlib.suppress(RuntimeError):  # a handler that has computed before has settled both
        tensorflow.config.set_visible_devices(chosen, "GPU")
        tensorflow.config.experimental.set_memory_growth(chosen, enable=True)


def _inputs(model: Any) -> tuple[Any, tuple[TensorSpec, ...]]:
    """The inputs in the form that the model takes them, and what each is."""
    try:
        tensors = list(model.inputs or ())
        structure = tensors if isinstance(model, keras.Sequential) else model.input
    except AttributeError:
        tensors = []
    if not tensors:
        raise StartupError("the model does not say what it takes: it was saved before it was built")
    if isinstance(model, keras.Sequential):
        structure = tensors[0]
    # An object by name in one level is flattened in the order of its keys, and those are the names that users know.
    by_key = isinstance(structure, dict) and len(structure) == len(tensors)
    names = sorted(structure) if by_key else [tensor.name for tensor in tensors]
    return structure, tuple(_spec(name, tensor) for name, tensor in zip(names, tensors, strict=True))


def _spec(name: str, tensor: Any) -> TensorSpec:
    dtype = _dtype(tensor)
    if dtype not in DTYPES:
        raise StartupError(f"the input {name!r} is of the type {dtype}, which cannot be made from JSON")
    return TensorSpec(name, dtype, tuple(tensor.shape))


def _dtype(tensor: Any) -> str:
    """The element type; Keras 3 says a text, TensorFlow an object."""
    return str(getattr(tensor.dtype, "name", tensor.dtype))


def _traced(model: Any, structure: Any, inputs: tuple[TensorSpec, ...]) -> Callable[..., list[Any]]:
    """The model as a graph of TensorFlow's, as `Model.predict` makes it, without what that does around each call."""
    specs = [tensorflow.TensorSpec(spec.shape, spec.dtype, f"input_{number}") for number, spec in enumerate(inputs)]

    def call(*tensors: Any) -> list[Any]:
        answers = model(tensorflow.nest.pack_sequence_as(structure, tensors), training=False)
        return [_plain(answer) for answer in tensorflow.nest.flatten(answers)]

    graph: Callable[..., list[Any]] = tensorflow.function(call, input_signature=specs).get_concrete_function()
    return graph


def _plain(answer: Any) -> Any:
    """A tensor of a type that NumPy has."""
    return tensorflow.cast(answer, "float32") if answer.dtype == tensorflow.bfloat16 else answer


def _outputs(model: Any, run: Any) -> tuple[TensorSpec, ...]:
    """The outputs, in the order of the graph's; a name that stands there twice gets a number."""
    answers = run.structured_outputs
    written = model.output if not isinstance(model, keras.Sequential) else None
    if isinstance(written, dict) and len(written) == len(answers):
        names = sorted(written)
    else:
        names = list(getattr(model, "output_names", None) or [model.layers[-1].name])
    found: dict[str, TensorSpec] = {}
    for name, answer in zip(names, answers, strict=True):
        free = name if name not in found else f"{name}_{names[: len(found)].count(name)}"
        found[free] = TensorSpec(free, _dtype(answer), None if answer.shape.rank is None else tuple(answer.shape))
    return tuple(found.values())


def _array(answer: Any) -> Any:
    array = answer.numpy()
    if array.dtype.kind == "O":  # texts are bytes there
        texts = [each.decode("utf-8", "replace") for each in array.reshape(-1)]
        return np.array(texts, dtype=object).reshape(array.shape)
    return array
