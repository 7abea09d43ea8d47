"""What a TorchScript module takes: by its `forward`, by the example of a trace, and by the layer that meets it first.

`chartgen/inspect/torchscript.py` reads the same of the file; a test holds the two against each other.
"""

from __future__ import annotations

import pickle
import re
import zipfile
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from ..errors import StartupError
from ..signature import TensorSpec

if TYPE_CHECKING:
    from pathlib import Path

    from ..signature import Dimension

STORAGES = {
    "ByteStorage": "uint8",
    "CharStorage": "int8",
    "ShortStorage": "int16",
    "IntStorage": "int32",
    "LongStorage": "int64",
    "HalfStorage": "float16",
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "BoolStorage": "bool",
    "BFloat16Storage": "bfloat16",
}
LAYERS = "__torch__.torch.nn.modules."
EMBEDDING, LINEAR = "sparse.Embedding", "linear.Linear"
# The rank of a batch, where the layer says it.
RANKS = {LINEAR: None, EMBEDDING: None, EMBEDDING + "Bag": None, "conv.Conv1d": 3, "conv.Conv2d": 4, "conv.Conv3d": 5}
DEPTH = 16

ATTRIBUTE = re.compile(r'^  (\w+) = (?:(\w+)\.(\w+)|getattr\((\w+), "(\w+)"\))$', re.MULTILINE | re.ASCII)
CALL = re.compile(r"\((\w+)\)\.forward\(([\w, ]*)\)", re.ASCII)
INDICES = re.compile(
    r"torch\.embedding\([\w.]+, (\w+)[,)]|\.functional\.(?:___torch_mangle_\d+\.)?embedding\((\w+),", re.ASCII
)
MANGLED = re.compile(r"\.___torch_mangle_\d+")


class Example(pickle.Unpickler):
    """Reads the example that a trace was made with: of each tensor its type and shape, and nothing is imported."""

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a name in the pickle."""
        if module == "torch._utils":
            return lambda storage, _offset, shape, *_: (storage, shape)
        if (module, name) == ("torch.jit._pickle", "restore_type_tag"):
            return lambda value, _tag: value
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is not part of an example")

    def persistent_load(self, found: Any) -> Any:
        """The element type of a storage."""
        return found[1]


def inputs(module: Any, path: Path) -> tuple[TensorSpec, ...]:
    """What a module takes.

    Args:
        module: The loaded module.
        path: Its file.

    Raises:
        StartupError: It has no `forward`, or one that takes what is no tensor.
    """
    if not hasattr(module, "forward"):
        raise StartupError("the TorchScript module has no method `forward`")
    names = []
    for argument in module.forward.schema.arguments[1:]:
        if argument.has_default_value():
            continue
        if str(argument.type) != "Tensor":
            raise StartupError(f"`forward` takes {argument.name!r}, which is no tensor but {argument.type}")
        names.append(argument.name)
    example = _example(path)
    known = example if len(example) == len(names) else [None] * len(names)
    default = float_of(module)
    return tuple(_spec(name, known[index], first_layer(module, index), default) for index, name in enumerate(names))


def float_of(module: Any) -> str:
    """The type of a module's floating-point tensors; float32 where there are several types, or none."""
    found = {str(each.dtype) for each in (*module.parameters(), *module.buffers()) if each.is_floating_point()}
    return found.pop().removeprefix("torch.") if len(found) == 1 else "float32"


def _spec(
    name: str, example: tuple[str, tuple[int, ...]] | None, layer: tuple[str, Any] | None, default: str
) -> TensorSpec:
    kind, weight = layer or ("", None)
    dtype = (
        "int64"
        if kind.startswith(EMBEDDING)
        else str(weight.dtype).removeprefix("torch.")
        if weight is not None
        else default
    )
    rank = RANKS.get(kind)
    if example is not None:
        dtype, rank = example[0], len(example[1])
    if rank is None:
        return TensorSpec(name, dtype, None)
    sizes: list[Dimension] = [None] * rank
    if kind == LINEAR and weight is not None and weight.ndim == 2 and rank > 1:  # noqa: PLR2004 - out and in
        sizes[-1] = int(weight.shape[1])
    return TensorSpec(name, dtype, tuple(sizes))


def _example(path: Path) -> list[tuple[str, tuple[int, ...]]]:
    """The types and shapes of the tensors that a module was traced with; empty where it was not."""
    with zipfile.ZipFile(path) as archive:
        member = next((name for name in archive.namelist() if name.partition("/")[2] == "traced_inputs.pkl"), None)
        if member is None:
            return []
        with archive.open(member) as content:
            try:
                found = Example(content).load().get("forward", [])
            except pickle.UnpicklingError:
                return []
    return list(found) if all(isinstance(each, tuple) and len(each) == 2 for each in found) else []  # noqa: PLR2004


def first_layer(module: Any, index: int) -> tuple[str, Any] | None:
    """The layer that meets an argument of `forward` first and in any case: its class and its weight.

    Args:
        module: The module.
        index: The number of the argument, without `self`.
    """
    for _ in range(DEPTH):
        kind = MANGLED.sub("", module._c.qualified_name).removeprefix(LAYERS)
        if kind in RANKS:
            return (kind, getattr(module, "weight", None)) if index == 0 else None
        following = _following(module.code, index) if hasattr(module, "forward") else None
        if following is None:
            return None
        if not following[0]:
            return EMBEDDING, None
        # No attribute: its name may be that of a method of PyTorch's.
        module, index = dict(module.named_children()).get(following[0]), following[1]
        if module is None:
            return None
    return None


def _following(code: str, index: int) -> tuple[str, int] | None:
    """The attribute whose `forward` an argument is handed to, and as which; empty for an embedding right there."""
    head, _, rest = code.partition(") -> ")
    parts = head.removeprefix("def forward(").split(",\n")
    if index + 1 >= len(parts):
        return None
    own, name = parts[0].partition(":")[0], parts[index + 1].strip().partition(":")[0]
    body = rest.partition(":\n")[2]
    attributes = {each[0]: each[2] or each[4] for each in ATTRIBUTE.findall(body) if own in (each[1], each[3])}
    for line in body.split("\n"):
        if not line.startswith("  ") or line.startswith("   "):
            continue
        if line.startswith(f"  {name} = "):  # from here on it is another value
            return None
        if any(name in names for names in INDICES.findall(line)):
            return "", 0
        for called, given in CALL.findall(line):
            places = [each.strip() for each in given.split(",")]
            if called in attributes and name in places:
                return attributes[called], places.index(name)
    return None
