"""The tensors that the pickles of a PyTorch archive make: their types, their shapes, and how far they reach.

A tensor is a call of `torch._utils._rebuild_tensor_v2` on a persistent id, which names the member with its bytes
(torch/serialization.py, torch/csrc/jit/serialization/pickler.cpp).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chartgen.inspect.picklevalues import Entries, Global, Items, Made

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chartgen.inspect.picklevalues import Value

STORAGE = Global("torch", "a storage")
"""What a persistent id stands for."""
REBUILD = frozenset({"_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3"})
ON_STORAGE = REBUILD | {"_rebuild_qtensor"}
"""The functions that take a storage, an offset, a shape and strides."""
PARAMETERS = frozenset({"_rebuild_parameter", "_rebuild_parameter_with_state"})
_DIMENSIONS = 64
_VISITED = 1000

DTYPES = {
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
    "ComplexHalfStorage": "complex32",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}
"""The types by the class of their storage."""
_ITEMS = {
    1: "bool uint8 int8 float8e4m3fn float8e5m2 float8e4m3fnuz float8e5m2fnuz float8e8m0fnu",
    2: "int16 uint16 float16 bfloat16",
    4: "int32 uint32 float32 complex32",
    8: "int64 uint64 float64 complex64",
    16: "complex128",
}
ITEM_SIZES = {name: size for size, names in _ITEMS.items() for name in names.split()}
"""How many bytes an element takes, by NumPy's name of its type."""
STORAGE_SIZES = {kind: ITEM_SIZES[name] for kind, name in DTYPES.items()} | {
    "QInt8Storage": 1,
    "QUInt8Storage": 1,
    "QInt32Storage": 4,
    "UntypedStorage": 1,
    "Float8_e4m3fnStorage": 1,
    "Float8_e5m2Storage": 1,
}
"""How many bytes an element takes, by the class of its storage; the pod makes tensors of no other."""


@dataclass(frozen=True)
class Tensor:
    """A tensor that a pickle holds.

    Attributes:
        dtype: Its element type by NumPy's name; None where it is of none that is known.
        shape: Its shape.
    """

    dtype: str | None
    shape: tuple[int, ...]


def reached(offset: Any, sizes: Iterable[Any], strides: Iterable[Any]) -> int | None:
    """How many elements the bytes of a tensor must hold.

    Args:
        offset: Its first element.
        sizes: Its shape.
        strides: How many elements lie between neighbours, for each dimension.

    Returns:
        The number; None where these are not what a tensor has.
    """
    sizes, strides = list(sizes), list(strides)
    numbers = [offset, *sizes, *strides]
    if len(sizes) != len(strides) or not all(isinstance(each, int) and each >= 0 for each in numbers):
        return None
    if 0 in sizes:
        return 0
    return int(offset + 1 + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True)))


def tensor_of(value: Value) -> Tensor | None:
    """The tensor, or the parameter around one, that a value is; None for anything else."""
    if not isinstance(value, Made) or value.maker is None or value.maker.module != "torch._utils":
        return None
    given = value.arguments if isinstance(value.arguments, tuple) else ()
    if value.maker.name in PARAMETERS and given:
        return tensor_of(given[0])
    if value.maker.name not in REBUILD or len(given) < 3:  # noqa: PLR2004 - storage, offset, shape
        return None
    storage, shape = given[0], given[2]
    if not isinstance(storage, Made) or storage.maker != STORAGE or not isinstance(storage.arguments, tuple):
        return None
    kind = storage.arguments[1]
    sizes = tuple(size for size in shape if isinstance(size, int)) if isinstance(shape, tuple) else None
    if sizes is None or len(sizes) != len(shape if isinstance(shape, tuple) else ()) or len(sizes) > _DIMENSIONS:
        return None
    return Tensor(DTYPES.get(kind.name) if isinstance(kind, Global) else None, sizes)


def entries_of(value: Value) -> dict[str, Value]:
    """The entries of a dictionary, or of a mapping such as an OrderedDict, as far as they were kept."""
    if isinstance(value, Entries):
        return value.head
    if isinstance(value, Made) and value.entries is not None:
        return value.entries.head
    return {}


def tensors_in(value: Value) -> Iterator[tuple[str, Tensor]]:
    """The tensors in nested dictionaries, each with its name, as far as they were kept."""
    seen: set[int] = set()
    waiting = [value]
    while waiting and len(seen) < _VISITED:
        inner = waiting.pop()
        if id(inner) in seen:
            continue
        seen.add(id(inner))
        for name, each in entries_of(inner).items():
            tensor = tensor_of(each)
            if tensor is not None:
                yield name, tensor
            else:
                waiting.append(each)


def weights_keys(value: Value) -> list[str]:
    """The keys of a training checkpoint under which weights lie, those of an optimizer last; none of anything else.

    Args:
        value: What loading would give; weights themselves have tensors at their first level.
    """
    entries = entries_of(value)
    if any(tensor_of(each) is not None for each in entries.values()):
        return []
    found = [
        key for key, each in entries.items() if any(tensor_of(one) is not None for one in entries_of(each).values())
    ]
    return sorted(found, key=lambda key: ("optim" in key, "model" not in key and "state_dict" not in key))


def elements_of(value: Value) -> list[Value]:
    """The elements of a list or tuple, as far as they were kept."""
    if isinstance(value, Items):
        return list(value.head)
    return list(value) if isinstance(value, tuple) else []
