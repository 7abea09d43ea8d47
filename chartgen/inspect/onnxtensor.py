"""Reads ONNX tensors but for their values: the name, the file that holds the values, and whether they are all there.

TensorProto of onnx.proto says for each element type how its values lie in `raw_data`, or else in which other field;
onnxruntime loads a tensor only where these are exactly as many as its dimensions say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chartgen.inspect.onnxnames import shown
from chartgen.inspect.onnxtypes import ELEMENT_TYPES
from chartgen.inspect.protobuf import FIXED32, FIXED64, LENGTH, VARINT, Once, WireError

if TYPE_CHECKING:
    from chartgen.inspect.protobuf import Field, Reader

# TensorProto, and SparseTensorProto's two tensors.
_DIMS, _DATA_TYPE, _NAME, _RAW_DATA, _EXTERNAL_DATA, _DATA_LOCATION, _EXTERNAL = 1, 2, 8, 9, 13, 14, 1
_FLOAT_DATA, _INT32_DATA, _STRING_DATA, _INT64_DATA, _DOUBLE_DATA, _UINT64_DATA = 4, 5, 6, 7, 10, 11
_RUNS = (_FLOAT_DATA, _INT32_DATA, _INT64_DATA, _UINT64_DATA)
_WIRE = {
    **{_FLOAT_DATA: FIXED32, _DOUBLE_DATA: FIXED64, _STRING_DATA: LENGTH},
    **dict.fromkeys((_INT32_DATA, _INT64_DATA, _UINT64_DATA), VARINT),
}
_SPARSE_TENSORS, _SPARSE_DIMS = (1, 2), 3
_NAME_LIMIT = 4096
# As in NumPy; and a number of elements that no file holds.
_MAX_RANK, _TOO_MANY = 64, 1 << 62
# How many elements a sparse tensor may have that takes next to nothing in the file.
_FREE, _RATIO = 16 << 20, 10


class _Form(NamedTuple):
    """How values lie: the bits of an element in `raw_data`, the other field, and its numbers for `per` elements.

    Types of fewer than eight bits share bytes, and complex ones are two numbers.
    """

    bits: int
    field: int
    numbers: int = 1
    per: int = 1


_FORMS = {
    "float32": _Form(32, _FLOAT_DATA),
    "float64": _Form(64, _DOUBLE_DATA),
    "complex64": _Form(64, _FLOAT_DATA, numbers=2),
    "complex128": _Form(128, _DOUBLE_DATA, numbers=2),
    "int64": _Form(64, _INT64_DATA),
    "uint32": _Form(32, _UINT64_DATA),
    "uint64": _Form(64, _UINT64_DATA),
    "int32": _Form(32, _INT32_DATA),
    **dict.fromkeys(("int16", "uint16", "float16", "bfloat16"), _Form(16, _INT32_DATA)),
    **dict.fromkeys(("int8", "uint8", "bool", "float8e8m0"), _Form(8, _INT32_DATA)),
    **dict.fromkeys(("float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz"), _Form(8, _INT32_DATA)),
    **dict.fromkeys(("int4", "uint4", "float4e2m1"), _Form(4, _INT32_DATA, per=2)),
    **dict.fromkeys(("int2", "uint2"), _Form(2, _INT32_DATA, per=4)),
}


def read_tensor(reader: Reader, tensor: Field) -> tuple[str, str | None]:
    """The name of a tensor, and the file that holds its values where that is another one.

    Raises:
        WireError: It is corrupt, or has not as many values as its dimensions say.
    """
    name, external, location, kind = "", False, "", 0
    dims: list[int] = []
    raw: int | None = None
    counts = dict.fromkeys(_WIRE, 0)
    for item in reader.message(tensor, _RUNS):
        if item.number == _NAME:
            name = reader.text(item, _NAME_LIMIT)
        elif item.number == _DATA_TYPE:
            kind = reader.number(item).int32
        elif item.number == _DIMS:
            _add_dims(reader, item, dims)
        elif item.number == _RAW_DATA and item.kind == LENGTH:
            raw = item.end - item.start
        elif item.number in counts:
            counts[item.number] += _numbers(reader, item)
        elif item.number == _DATA_LOCATION:  # what is said later does not take it back
            external |= reader.number(item).int32 == _EXTERNAL
        elif item.number == _EXTERNAL_DATA:
            location = _location(reader, item) or location
    if external:
        return name, location
    _check(name, ELEMENT_TYPES.get(kind, ""), dims, raw, counts)
    return name, None


def read_sparse(reader: Reader, sparse: Field) -> tuple[str, list[str]]:
    """The name of a sparse tensor, which is that of its values, and the other files that hold it; see `read_tensor`."""
    found, once = {}, Once()
    dims: list[int] = []
    for item in reader.message(sparse):
        if item.number == _SPARSE_DIMS:
            _add_dims(reader, item, dims)
        if item.number in _SPARSE_TENSORS:
            once.see(item)
            found[item.number] = read_tensor(reader, item)
    name = found[1][0] if 1 in found else ""
    # onnxruntime makes a whole tensor of it; an element has at most 16 bytes, and mostly four or eight.
    elements, most = _elements(dims), _FREE + _RATIO * len(reader.buffer)
    if elements > most or any(size < 0 for size in dims):
        raise WireError(
            f"the sparse tensor {shown(name)} would have {elements:,} values, where at most {most:,} are read"
        )
    return name, [location for _, location in found.values() if location is not None]


def _elements(dims: list[int]) -> int:
    """How many elements a tensor of these sizes has; no more are counted than fit any file."""
    elements = 0 if 0 in dims else 1
    for size in dims if elements else ():
        elements = min(elements * size, _TOO_MANY)
    return elements


def _add_dims(reader: Reader, item: Field, dims: list[int]) -> None:
    """Adds the sizes that a field says, one or several.

    Raises:
        WireError: They are more than of any tensor.
    """
    if item.kind == VARINT:
        dims.append(item.signed)
    position = item.start if item.kind == LENGTH else item.end
    while position < item.end and len(dims) <= _MAX_RANK:
        value, position = reader.varint(position, item.end)
        dims.append(value - (1 << 64) if value >> 63 else value)
    if len(dims) > _MAX_RANK:
        raise WireError(f"the tensor of the sizes at byte {item.start} has more than {_MAX_RANK} dimensions")


def _numbers(reader: Reader, item: Field) -> int:
    """How many numbers, or texts, a field holds; none where protobuf would pass over it."""
    wire = _WIRE[item.number]
    if item.kind == wire:
        return item.run
    return reader.packed(item, wire) if item.kind == LENGTH else 0


def _check(name: str, kind: str, dims: list[int], raw: int | None, counts: dict[int, int]) -> None:
    """Compares what the dimensions say with what is there.

    Raises:
        WireError: It is another number.
    """
    if any(size < 0 for size in dims):
        raise WireError(f"the tensor {shown(name)} has a negative size: {dims}")
    elements = _elements(dims)
    form = _FORMS.get(kind)
    said = f"the tensor {shown(name)} of {kind}, {dims}, should have"
    if kind == "string" and (raw is not None or counts[_STRING_DATA] != elements):
        raise WireError(f"{said} {elements:,} texts, and has {counts[_STRING_DATA]:,}")
    if form is None:  # texts, and types of which no number is known
        return
    if raw is not None:
        if raw != (elements * form.bits + 7) // 8:
            raise WireError(f"{said} {(elements * form.bits + 7) // 8:,} bytes, and has {raw:,}")
        return
    numbers = -(-elements // form.per) * form.numbers
    if counts[form.field] != numbers:
        raise WireError(f"{said} {numbers:,} values, and has {counts[form.field]:,}")


def _location(reader: Reader, entry: Field) -> str:
    """The value of an entry of a tensor's external data, if its key is `location`."""
    texts = {1: "", 2: ""}
    for item in reader.message(entry):
        if item.number in texts:
            texts[item.number] = reader.text(item, _NAME_LIMIT)
    return texts[2] if texts[1] == "location" else ""
