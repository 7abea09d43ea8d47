"""ONNX, by onnxruntime."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Any

import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidArgument,
    NotImplemented,
    RuntimeException,
)

from ..cpu import available_cpus
from ..errors import StartupError, refused_by_model
from ..loader import LoadedModel
from ..signature import Dimension, Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The element types that JSON can hold, by their names in ONNX.
DTYPES = {
    "tensor(float16)": "float16",
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(bool)": "bool",
    "tensor(string)": "string",
    **{f"tensor({sign}int{bits})": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
# What the graph cannot do with this input, unless the words say that it is the pod's fault.
REFUSALS = (InvalidArgument, Fail, NotImplemented, RuntimeException)
NOT_THE_INPUT = ("alloc", "CUDA", "CUDNN", "CUBLAS")
ERRORS_ONLY, FATAL_ONLY = 3, 4
CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


def load(path: Path, method: str, gpu: int | None = None) -> LoadedModel:
    """Opens a session with as many threads as the container has CPUs.

    Args:
        path: The model file; external data lies beside it.
        method: Must be `predict`: an ONNX graph has no methods.
        gpu: The number of the GPU that computes; None for the CPU.

    Raises:
        StartupError: The graph takes what JSON cannot hold, a method was asked for, or there is no GPU.
    """
    if method != "predict":
        raise StartupError(f"an ONNX model has no method {method!r}; leave model.method out")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = available_cpus()
    options.inter_op_num_threads = 1  # the nodes of a graph run one after the other
    # Threads that spin while they wait for work take the CPU from the server, and use up a container's CPU limit.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = ERRORS_ONLY
    session = _on_gpu(path, options, gpu) if gpu is not None else _session(path, options, [CPU])
    scalars = _scalars(path) if any(not tensor.shape for tensor in session.get_inputs()) else frozenset()
    inputs = tuple(_input(tensor, scalars) for tensor in session.get_inputs())
    outputs = tuple(_output(tensor) for tensor in session.get_outputs())
    names = [spec.name for spec in outputs]
    quiet = onnxruntime.RunOptions()
    quiet.log_severity_level = FATAL_ONLY  # an error is raised; in the log it would hold numbers of the request

    def predict(arrays: dict[str, Any]) -> dict[str, Any]:
        try:
            return dict(zip(names, session.run(names, arrays, quiet)))  # noqa: B905 - of equal length, and this is the hot way
        except REFUSALS as error:  # such as inputs of different lengths, or an index beyond an end
            if any(words in str(error) for words in NOT_THE_INPUT):
                raise
            said = str(error).rpartition("Status Message: ")[2].rpartition(" was false. ")[2]  # without places in C++
            raise refused_by_model(ValueError(said.strip())) from error

    return LoadedModel(session, Signature(inputs, outputs), predict, thread_safe=True)


def _session(path: Path, options: Any, providers: list[Any]) -> Any:
    # By itself onnxruntime goes on without a provider that fails.
    return onnxruntime.InferenceSession(str(path), options, providers=providers, enable_fallback=0)


def _on_gpu(path: Path, options: Any, gpu: int) -> Any:
    """A session on a GPU; what CUDA has no operator for is computed on the CPU.

    Raises:
        StartupError: There is no GPU.
    """
    with_cuda = bool(onnxruntime.cuda_version)
    if with_cuda:
        onnxruntime.preload_dlls(directory="")  # those of the packages beside it, where nothing looks by itself
        session = _session(path, options, [(CUDA, {"device_id": str(gpu)}), CPU])
        if CUDA in session.get_providers():
            return session
    from ..gpu import no_gpu

    raise no_gpu(f"onnxruntime {onnxruntime.__version__}", with_cuda=with_cuda)


def _input(tensor: Any, scalars: frozenset[str]) -> TensorSpec:
    if tensor.type not in DTYPES:
        raise StartupError(f"the input {tensor.name!r} is a {tensor.type}, which cannot be made from JSON")
    # onnxruntime gives an empty shape for a scalar and for an unknown rank alike.
    shape = _dimensions(tensor.shape) if tensor.shape or tensor.name in scalars else None
    return TensorSpec(tensor.name, DTYPES[tensor.type], shape)


def _output(tensor: Any) -> TensorSpec:
    kind = "sequence" if tensor.type.startswith("seq(") else tensor.type.partition("(")[0]
    return TensorSpec(tensor.name, DTYPES.get(tensor.type, kind), _dimensions(tensor.shape) if tensor.shape else None)


def _dimensions(shape: list[Any]) -> tuple[Dimension, ...]:
    return tuple(size if isinstance(size, str) or (isinstance(size, int) and size >= 0) else None for size in shape)


def _scalars(path: Path) -> frozenset[str]:
    """The graph's inputs that declare a shape without dimensions, read from the file itself.

    The fields on the way are ModelProto.graph = 7, GraphProto.input = 11, ValueInfoProto.name = 1 and type = 2,
    TypeProto.tensor_type = 1, Tensor.shape = 2, TensorShapeProto.dim = 1.
    """
    names = set()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for graph in _fields(content, (0, len(content)), 7):
            for value in _fields(content, graph, 11):
                name = b"".join(content[slice(*span)] for span in _fields(content, value, 1))
                types = [span for each in _fields(content, value, 2) for span in _fields(content, each, 1)]
                shapes = [span for each in types for span in _fields(content, each, 2)]
                if shapes and not any(list(_fields(content, each, 1)) for each in shapes):
                    names.add(name.decode())
    return frozenset(names)


def _fields(content: mmap.mmap, span: tuple[int, int], number: int) -> Iterator[tuple[int, int]]:
    """The spans (start, end) of a protobuf message's fields of this number that hold bytes or a message."""
    position, end = span
    while position < end:
        key, position = _varint(content, position)
        match key & 7:
            case 0:
                _, position = _varint(content, position)
            case 1:
                position += 8
            case 2:
                size, position = _varint(content, position)
                if key >> 3 == number:
                    yield position, position + size
                position += size
            case 5:
                position += 4
            case wire_type:
                raise ValueError(f"the file has a field of the unknown wire type {wire_type}")


def _varint(content: mmap.mmap, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the last byte has no continuation bit
            return value, position
        shift += 7
