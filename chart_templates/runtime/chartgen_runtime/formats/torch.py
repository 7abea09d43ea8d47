"""PyTorch: TorchScript and torch.export archives; weights alone, which a handler's `load` makes a model of."""

from __future__ import annotations

import inspect
import warnings
import zipfile
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch.utils import _pytree as pytree

from ..cpu import available_cpus
from ..errors import StartupError, refused, refused_by_model
from ..loader import LoadedModel
from ..protocol import member
from ..signature import Signature, TensorSpec
from . import torch_script

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# What an error says that is the pod's.
NOT_THE_INPUT = ("out of memory", "can't allocate memory", "CUDA error")
# The element types that JSON can hold.
DTYPES = {
    **{getattr(torch, name): name for name in ("bool", "float16", "float32", "float64")},
    **{getattr(torch, f"{sign}int{bits}"): f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
OUTPUT = "output"

# It is how models are loaded that are there; a warning at every start tells nobody who could change it.
warnings.filterwarnings("ignore", r"`torch\.jit\.load` is deprecated", DeprecationWarning)


def load(path: Path, method: str, gpu: int | None = None) -> LoadedModel:
    """Loads a PyTorch file, to use as many threads as the container has CPUs.

    Args:
        path: The model file, whose digest was verified before.
        method: Must be `predict`: what is called is `forward`.
        gpu: The number of the GPU that computes; None for the CPU.

    Raises:
        StartupError: The model takes what is no tensor of numbers, a method was asked for, or there is no GPU.
    """
    if method != "predict":
        raise StartupError(f"a PyTorch model has no method {method!r}; leave model.method out")
    torch.set_num_threads(available_cpus())
    device = torch.device("cpu") if gpu is None else _gpu(gpu)
    with zipfile.ZipFile(path) as archive:
        names = {name.partition("/")[2] for name in archive.namelist()}
    if "archive_format" in names:
        return _exported(path, device)
    if "constants.pkl" in names:
        module = torch.jit.load(str(path), map_location=device).eval()
        return _model(module, Signature(_checked(torch_script.inputs(module, path))), module, device)
    weights = torch.load(path, map_location=device, weights_only=True)
    signature, wrap = Signature((TensorSpec("", None, None),)), partial(_wrapped, device=device)
    return LoadedModel(weights, signature, _nothing, thread_safe=True, wrap=wrap)


def _gpu(number: int) -> torch.device:
    """A GPU; numbers beyond the last begin again, since a part of a GPU may be all that a process sees."""
    if not torch.cuda.is_available():
        from ..gpu import no_gpu

        raise no_gpu(f"PyTorch {torch.__version__}", with_cuda=torch.version.cuda is not None)
    return torch.device("cuda", number % torch.cuda.device_count())


def _nothing(_arrays: dict[str, Any]) -> dict[str, Any]:
    raise StartupError("the file holds weights alone: give a handler with `load(model)`, which makes the model")


def _wrapped(module: Any, device: torch.device) -> LoadedModel:
    """The model that a handler has made of the weights.

    It takes what its `forward` takes without a default; integers where the first layer looks them up in an embedding.
    """
    if not isinstance(module, torch.nn.Module):
        raise StartupError(
            f"the handler's load returned a {type(module).__name__}, which is no torch.nn.Module: give the handler a "
            "function predict(model, inputs) as well"
        )
    module = module.to(device).eval()
    layer = next((each for each in module.modules() if next(each.parameters(recurse=False), None) is not None), None)
    dtype = "int64" if isinstance(layer, torch.nn.Embedding | torch.nn.EmbeddingBag) else torch_script.float_of(module)
    parameters = inspect.signature(module.forward).parameters.values()
    names = [each.name for each in parameters if each.default is each.empty and each.kind is not each.VAR_POSITIONAL]
    inputs = tuple(TensorSpec(name if len(names) > 1 else "", dtype, None) for name in names or [""])
    return _model(module, Signature(inputs), module, device)


def _exported(path: Path, device: torch.device) -> LoadedModel:
    with path.open("rb") as file:  # of a path, torch asks that it end in .pt2
        program = torch.export.load(file)
    if device.type != "cpu":
        program = torch.export.passes.move_to_device_pass(program, device)
    values = {node.name: node.meta.get("val") for node in program.graph.nodes}
    signature = program.graph_signature
    names = [str(name) for name in signature.user_inputs]
    sizes: dict[str, str] = {}
    inputs = _checked(tuple(_spec(name, values.get(name), sizes) for name in names))
    results = [values.get(str(name)) for name in signature.user_outputs]
    named = _named(pytree.tree_unflatten(results, program.call_spec.out_spec))
    flat = len(named) == len(results) and all(isinstance(each, torch.Tensor) for each in named.values())
    outputs = tuple(_spec(name, value, sizes) for name, value in named.items()) if flat else ()
    module, tree = program.module(), program.call_spec.in_spec
    bounds = [_bounds(program, values[name]) for name in names]
    places = [member("input", name) if len(names) > 1 else "input" for name in names]

    def call(*tensors: torch.Tensor) -> Any:
        for tensor, limits, place in zip(tensors, bounds, places, strict=True):
            for axis, low, high in limits:
                if not low <= tensor.shape[axis] <= high:
                    message = f"the size of dimension {axis} is {tensor.shape[axis]}"
                    raise refused("shape", message, place, f"a size from {low} to {high}, as the model was exported")
        arguments, keywords = pytree.tree_unflatten(tensors, tree)
        try:
            return module(*arguments, **keywords)
        except AssertionError as error:  # how PyTorch says that sizes do not go together
            if not str(error).startswith("Guard failed: "):
                raise
            message = f"it does not hold that {str(error).removeprefix('Guard failed: ')}"
            raise refused("shape", message, "input", "sizes that the model was exported for") from error

    return _model(module, Signature(inputs, outputs), call, device)


def _spec(name: str, value: Any, sizes: dict[str, str]) -> TensorSpec:
    """What an exported program says of a tensor; its symbols, such as s77, get names for people."""
    if not isinstance(value, torch.Tensor):
        return TensorSpec(name, type(value).__name__, None)
    shape: list[int | str | None] = []
    for size in value.shape:
        if isinstance(size, int):
            shape.append(size)
        elif size.node.expr.is_symbol:
            shape.append(sizes.setdefault(str(size.node.expr), f"size_{len(sizes)}" if sizes else "batch"))
        else:
            shape.append(None)
    return TensorSpec(name, DTYPES.get(value.dtype, str(value.dtype).removeprefix("torch.")), tuple(shape))


def _bounds(program: Any, value: torch.Tensor) -> list[tuple[int, int, int]]:
    """The dynamic dimensions whose sizes are bounded from above: each with the smallest and the greatest one."""
    found = []
    for axis, size in enumerate(value.shape):
        limits = None if isinstance(size, int) else program.range_constraints.get(size.node.expr)
        if limits is not None and str(limits.upper).isdecimal():
            found.append((axis, int(limits.lower), int(limits.upper)))
    return found


def _checked(specs: tuple[TensorSpec, ...]) -> tuple[TensorSpec, ...]:
    """The inputs, all of them tensors that JSON can hold.

    Raises:
        StartupError: One is not.
    """
    for spec in specs:
        if spec.dtype not in DTYPES.values():
            raise StartupError(f"the input {spec.name!r} is of the type {spec.dtype}, which cannot be made from JSON")
    return specs


def _model(native: Any, signature: Signature, call: Callable[..., Any], device: torch.device) -> LoadedModel:
    """A model that is called with a tensor for each input, in their order."""
    names = [spec.name for spec in signature.inputs]

    def predict(arrays: dict[str, Any]) -> dict[str, Any]:
        try:
            with torch.inference_mode():
                return {name: _plain(value) for name, value in _named(call(*_tensors(arrays, names, device))).items()}
        except (RuntimeError, IndexError) as error:  # how PyTorch refuses sizes, and an index beyond an embedding
            if any(words in str(error) for words in NOT_THE_INPUT):
                raise
            raise refused_by_model(_last_line(error)) from error

    return LoadedModel(native, signature, predict, thread_safe=True, wrap=partial(_wrapped, device=device))


def _last_line(error: Exception) -> Exception:
    """The error without the traceback through TorchScript that stands in its text."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return RuntimeError(lines[-1].removeprefix("RuntimeError: ") if lines else type(error).__name__)


def _tensors(arrays: dict[str, Any], names: list[str], device: torch.device) -> list[torch.Tensor]:
    return [torch.as_tensor(arrays[name], device=device) for name in names]


def _named(result: Any) -> dict[str, Any]:
    """The results by name: the keys of a dict, the fields of a named tuple, else their numbers."""
    if isinstance(result, Mapping):
        return {str(name): value for name, value in result.items()}
    if isinstance(result, (tuple, list)) and len(result) > 1:
        names = getattr(result, "_fields", None) or [f"{OUTPUT}_{index}" for index in range(len(result))]
        return dict(zip(names, result, strict=True))
    return {OUTPUT: result[0] if isinstance(result, (tuple, list)) and result else result}


def _plain(value: Any) -> Any:
    """Tensors as arrays of NumPy, in whatever they lie."""
    if isinstance(value, torch.Tensor):
        value = value.detach()
        value = (
            value.dequantize() if value.is_quantized else value.to_dense() if value.layout != torch.strided else value
        )
        # NumPy has no bfloat16; float32 holds each of its numbers.
        return (value.float() if value.dtype == torch.bfloat16 else value).cpu().numpy()
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    return value
