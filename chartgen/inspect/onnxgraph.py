"""Reads ONNX graphs: inputs, outputs and their types, and what nodes and tensors refer to outside of the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chartgen.inspect.facts import Dimension, Signature
from chartgen.inspect.protobuf import LENGTH, VARINT, Field, Reader, WireError

if TYPE_CHECKING:
    from collections.abc import Iterator

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

# GraphProto.
_NODE, _GRAPH_NAME, _INITIALIZER, _INPUT, _OUTPUT, _SPARSE_INITIALIZER = 1, 2, 5, 11, 12, 15
# NodeProto; FunctionProto's nodes have the same content under another number.
_ATTRIBUTE, _NODE_DOMAIN, _FUNCTION_NODE, _FUNCTION_DOMAIN, _FUNCTION_ATTRIBUTE = 5, 7, 7, 10, 11
# AttributeProto; its floats and ints are repeated numbers that are not packed, a million of them in a big forest.
_FLOATS, _INTS = 7, 8
_TENSOR_VALUES, _GRAPH_VALUES, _SPARSE_VALUES = (5, 10), (6, 11), (22, 23)
# TrainingInfoProto.
_TRAINING_GRAPHS = (1, 2)
# TensorProto, and SparseTensorProto's two tensors.
_TENSOR_NAME, _EXTERNAL_DATA, _DATA_LOCATION, _EXTERNAL = 8, 13, 14, 1
_DIMS, _FLOAT_DATA, _INT32_DATA, _INT64_DATA, _UINT64_DATA = 1, 4, 5, 7, 11
_SPARSE_TENSORS = (1, 2)
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
_GRAPH_DEPTH = 32
_TYPE_DEPTH = 16


@dataclass(frozen=True)
class Graph:
    """What the main graph says.

    Attributes:
        name: Its name.
        inputs: What a caller must give: the inputs that no initializer gives a value to.
        outputs: What it answers.
        types: The whole type of each input and output by name, such as `sequence(map(int64, float32))`.
    """

    name: str
    inputs: tuple[Signature, ...]
    outputs: tuple[Signature, ...]
    types: dict[str, str]


@dataclass(frozen=True)
class _Type:
    """A TypeProto: the kind or element type, the shape, and the whole written out."""

    dtype: str | None
    shape: tuple[Dimension, ...] | None
    text: str


class GraphReader:
    """Reads graphs, and collects what they refer to.

    Args:
        reader: The file's fields.

    Attributes:
        external: The files that hold tensors, as the model names them.
        used_domains: The domains of the operators in use.
        local_domains: The domains that the file's own functions define.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.external: set[str] = set()
        self.used_domains: set[str] = set()
        self.local_domains: set[str] = set()

    def read(self, graph: Field) -> Graph:
        """Reads the main graph.

        Raises:
            WireError: It is corrupt.
        """
        name, initialized = "", set()
        values: dict[int, list[tuple[str, _Type]]] = {_INPUT: [], _OUTPUT: []}
        for item in self._message(graph):
            if item.number == _GRAPH_NAME:
                name = self._reader.text(item, _NAME_LIMIT)
            elif item.number in values:
                values[item.number].append(self._value(item))
            elif item.number == _INITIALIZER:
                initialized.add(self._tensor(item))
            elif item.number == _SPARSE_INITIALIZER:
                initialized.add(self._sparse(item))
            elif item.number == _NODE:
                self._node(item, 1)
        inputs = [(label, kind) for label, kind in values[_INPUT] if label not in initialized]
        return Graph(
            name=name,
            inputs=tuple(Signature(label, kind.dtype, kind.shape) for label, kind in inputs),
            outputs=tuple(Signature(label, kind.dtype, kind.shape) for label, kind in values[_OUTPUT]),
            types={label: kind.text for label, kind in [*inputs, *values[_OUTPUT]]},
        )

    def scan_function(self, function: Field) -> None:
        """Collects what a function of the file refers to, and the domain that it defines."""
        for item in self._message(function):
            if item.number == _FUNCTION_DOMAIN:
                self.local_domains.add(self._reader.text(item, _NAME_LIMIT))
            elif item.number == _FUNCTION_NODE:
                self._node(item, 1)
            elif item.number == _FUNCTION_ATTRIBUTE:
                self._attribute(item, 1)

    def scan_training(self, training: Field) -> None:
        """Collects what the graphs for training refer to."""
        for item in self._message(training):
            if item.number in _TRAINING_GRAPHS:
                self._scan_graph(item, 1)

    def _message(self, field: Field, runs: tuple[int, ...] = ()) -> Iterator[Field]:
        if field.kind != LENGTH:
            raise WireError(f"the field {field.number} at byte {field.start} should hold a message")
        return self._reader.fields(field.start, field.end, runs)

    def _scan_graph(self, graph: Field, depth: int) -> None:
        if depth > _GRAPH_DEPTH:
            raise WireError("its graphs lie too deep within each other")
        for item in self._message(graph):
            if item.number == _NODE:
                self._node(item, depth)
            elif item.number == _INITIALIZER:
                self._tensor(item)
            elif item.number == _SPARSE_INITIALIZER:
                self._sparse(item)

    def _node(self, node: Field, depth: int) -> None:
        domain = ""
        for item in self._message(node):
            if item.number == _NODE_DOMAIN:
                domain = self._reader.text(item, _NAME_LIMIT)
            elif item.number == _ATTRIBUTE:
                self._attribute(item, depth)
        self.used_domains.add(domain)

    def _attribute(self, attribute: Field, depth: int) -> None:
        for item in self._message(attribute, (_FLOATS, _INTS)):
            if item.number in _TENSOR_VALUES:
                self._tensor(item)
            elif item.number in _GRAPH_VALUES:
                self._scan_graph(item, depth + 1)
            elif item.number in _SPARSE_VALUES:
                self._sparse(item)

    def _tensor(self, tensor: Field) -> str:
        """The tensor's name; notes the file that holds it where that is another."""
        name, external, location = "", False, ""
        for item in self._message(tensor, (_DIMS, _FLOAT_DATA, _INT32_DATA, _INT64_DATA, _UINT64_DATA)):
            if item.number == _TENSOR_NAME:
                name = self._reader.text(item, _NAME_LIMIT)
            elif item.number == _DATA_LOCATION:
                external = item.value == _EXTERNAL
            elif item.number == _EXTERNAL_DATA:
                location = self._location(item) or location
        if external:
            self.external.add(location)
        return name

    def _location(self, entry: Field) -> str:
        """The value of an entry of a tensor's external data, if its key is `location`."""
        texts = {1: "", 2: ""}
        for item in self._message(entry):
            if item.number in texts:
                texts[item.number] = self._reader.text(item, _NAME_LIMIT)
        return texts[2] if texts[1] == "location" else ""

    def _sparse(self, sparse: Field) -> str:
        """The sparse tensor's name, which is that of its values."""
        names = {}
        for item in self._message(sparse, (3,)):
            if item.number in _SPARSE_TENSORS:
                names[item.number] = self._tensor(item)
        return names.get(_SPARSE_TENSORS[0], "")

    def _value(self, value: Field) -> tuple[str, _Type]:
        name, kind = "", _Type(None, None, "unknown")
        for item in self._message(value):
            if item.number == _VALUE_NAME:
                name = self._reader.text(item, _NAME_LIMIT)
            elif item.number == _VALUE_TYPE:
                kind = self._type(item, 1)
        return name, kind

    def _type(self, message: Field, depth: int) -> _Type:
        if depth > _TYPE_DEPTH:
            raise WireError("a type is nested too deep")
        result = _Type(None, None, "unknown")
        for item in self._message(message):
            kind = _KINDS.get(item.number)
            if kind in ("tensor", "sparse"):
                result = self._tensor_type(item, sparse=kind == "sparse")
            elif kind == "map":
                result = self._map_type(item, depth)
            elif kind is not None and kind != "opaque":
                inner = [self._type(part, depth + 1).text for part in self._message(item) if part.number == 1]
                result = _Type(kind, None, f"{kind}({inner[-1] if inner else 'unknown'})")
            elif kind is not None:
                result = _Type(kind, None, kind)
        return result

    def _map_type(self, message: Field, depth: int) -> _Type:
        key, value = "unknown", "unknown"
        for item in self._message(message):
            if item.number == 1 and item.kind == VARINT:
                key = ELEMENT_TYPES.get(item.value, "unknown")
            elif item.number == 2:  # noqa: PLR2004 - value_type
                value = self._type(item, depth + 1).text
        return _Type("map", None, f"map({key}, {value})")

    def _tensor_type(self, message: Field, *, sparse: bool) -> _Type:
        dtype: str | None = None
        shape: tuple[Dimension, ...] | None = None
        for item in self._message(message):
            if item.number == 1 and item.kind == VARINT:
                if item.value and item.value not in ELEMENT_TYPES:
                    raise WireError(f"there is no element type {item.value}")
                dtype = ELEMENT_TYPES.get(item.value)
            elif item.number == 2:  # noqa: PLR2004 - shape
                shape = tuple(self._dimension(part) for part in self._message(item) if part.number == 1)
        if sparse:
            return _Type("sparse", shape, f"sparse({dtype or 'unknown'})")
        return _Type(dtype, shape, dtype or "unknown")

    def _dimension(self, message: Field) -> Dimension:
        """A fixed size, or the name of a dynamic one; some exporters write -1 for a dynamic one without a name."""
        size: Dimension = None
        for item in self._message(message):
            if item.number == 1 and item.kind == VARINT:
                size = item.signed if item.signed >= 0 else None
            elif item.number == 2:  # noqa: PLR2004 - dim_param
                size = self._reader.text(item, _NAME_LIMIT) or None
        return size
