"""Reads the types of values in an ONNX graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chartgen.inspect.protobuf import Once, WireError

if TYPE_CHECKING:
    from chartgen.inspect.facts import Dimension
    from chartgen.inspect.protobuf import Field, Reader

# TensorProto.DataType: NumPy's names, and ONNX's where NumPy has none.
ELEMENT_TYPES = {
    1: "float32",
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    8: "string",
    9: "bool",
    10: "float16",
    11: "float64",
    12: "uint32",
    13: "uint64",
    14: "complex64",
    15: "complex128",
    16: "bfloat16",
    17: "float8e4m3fn",
    18: "float8e4m3fnuz",
    19: "float8e5m2",
    20: "float8e5m2fnuz",
    21: "uint4",
    22: "int4",
    23: "float4e2m1",
    24: "float8e8m0",
    25: "uint2",
    26: "int2",
    27: "float6e2m3",
    28: "float6e3m2",
}

# ValueInfoProto and TypeProto.
_VALUE_NAME, _VALUE_TYPE = 1, 2
_TENSOR_TYPE, _SEQUENCE_TYPE, _MAP_TYPE, _OPAQUE_TYPE, _SPARSE_TYPE, _OPTIONAL_TYPE = 1, 4, 5, 7, 8, 9
_KINDS = {
    _TENSOR_TYPE: "tensor",
    _SEQUENCE_TYPE: "sequence",
    _MAP_TYPE: "map",
    _OPAQUE_TYPE: "opaque",
    _SPARSE_TYPE: "sparse",
    _OPTIONAL_TYPE: "optional",
}

_NAME_LIMIT = 4096
_TYPE_DEPTH = 16
# What an input or output takes in memory beside its name, and each of its sizes.
_ROOM, _ROOM_OF_SIZE = 500, 50


@dataclass(frozen=True)
class ValueType:
    """A TypeProto: the kind or element type, the shape, and the whole written out."""

    dtype: str | None
    shape: tuple[Dimension, ...] | None
    text: str


def read_value(reader: Reader, value: Field) -> tuple[str, ValueType]:
    """The name and the type of a value.

    Raises:
        WireError: It is corrupt.
    """
    name, kind, once = "", ValueType(None, None, "unknown"), Once()
    reader.keep(_ROOM)
    for item in reader.message(value):
        if item.number == _VALUE_NAME:
            name = reader.kept(item, _NAME_LIMIT)
        elif item.number == _VALUE_TYPE:
            once.see(item)
            kind = _type(reader, item, 1)
    return name, kind


def _type(reader: Reader, message: Field, depth: int) -> ValueType:
    if depth > _TYPE_DEPTH:
        raise WireError("a type is nested too deep")
    result, once = ValueType(None, None, "unknown"), Once()
    for item in reader.message(message):
        kind = _KINDS.get(item.number)
        if kind is not None:
            once.see(item)
        if kind in ("tensor", "sparse"):
            result = _tensor_type(reader, item, sparse=kind == "sparse")
        elif kind == "map":
            result = _map_type(reader, item, depth)
        elif kind is not None and kind != "opaque":
            inner = [_type(reader, part, depth + 1).text for part in reader.message(item) if part.number == 1]
            result = ValueType(kind, None, f"{kind}({inner[-1] if inner else 'unknown'})")
        elif kind is not None:
            result = ValueType(kind, None, kind)
    return result


def _map_type(reader: Reader, message: Field, depth: int) -> ValueType:
    key, value, once = "unknown", "unknown", Once()
    for item in reader.message(message):
        if item.number == 1:
            key = ELEMENT_TYPES.get(reader.number(item).int32, "unknown")
        elif item.number == 2:  # noqa: PLR2004 - value_type
            once.see(item)
            value = _type(reader, item, depth + 1).text
    return ValueType("map", None, f"map({key}, {value})")


def _tensor_type(reader: Reader, message: Field, *, sparse: bool) -> ValueType:
    dtype: str | None = None
    shape: tuple[Dimension, ...] | None = None
    once = Once()
    for item in reader.message(message):
        if item.number == 1:
            if reader.number(item).int32 and item.int32 not in ELEMENT_TYPES:
                raise WireError(f"there is no element type {item.int32}")
            dtype = ELEMENT_TYPES.get(item.int32)
        elif item.number == 2:  # noqa: PLR2004 - shape
            once.see(item)
            shape = tuple(_dimension(reader, part) for part in reader.message(item) if part.number == 1)
    if sparse:
        return ValueType("sparse", shape, f"sparse({dtype or 'unknown'})")
    return ValueType(dtype, shape, dtype or "unknown")


def _dimension(reader: Reader, message: Field) -> Dimension:
    """A fixed size, or the name of a dynamic one; some exporters write -1 for a dynamic one without a name."""
    size: Dimension = None
    reader.keep(_ROOM_OF_SIZE)
    for item in reader.message(message):
        if item.number == 1:
            size = reader.number(item).signed if item.signed >= 0 else None
        elif item.number == 2:  # noqa: PLR2004 - dim_param
            size = reader.kept(item, _NAME_LIMIT) or None
    return size
