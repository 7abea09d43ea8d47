"""Reads ONNX graphs: inputs, outputs and their types, and what nodes and tensors refer to outside of the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chartgen.inspect.facts import Signature
from chartgen.inspect.onnxfunctions import Body
from chartgen.inspect.onnxnames import Faults, Names, key_of, shown
from chartgen.inspect.onnxtensor import read_sparse, read_tensor
from chartgen.inspect.onnxtypes import read_value
from chartgen.inspect.protobuf import Once, WireError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chartgen.inspect.onnxfunctions import Key
    from chartgen.inspect.onnxtypes import ValueType
    from chartgen.inspect.protobuf import Field, Reader

# GraphProto.
_NODE, _GRAPH_NAME, _INITIALIZER, _INPUT, _OUTPUT, _SPARSE_INITIALIZER = 1, 2, 5, 11, 12, 15
# NodeProto.
_TAKEN, _MADE, _NODE_NAME, _OPERATOR, _ATTRIBUTE, _NODE_DOMAIN, _NODE_OVERLOAD = 1, 2, 3, 4, 5, 7, 8
_NODE_TEXTS = (_NODE_NAME, _OPERATOR, _NODE_DOMAIN, _NODE_OVERLOAD)
# FunctionProto; its nodes have the same content under another number.
_FUNCTION_NAME, _FUNCTION_NODE, _FUNCTION_DOMAIN, _FUNCTION_ATTRIBUTE, _FUNCTION_OVERLOAD = 1, 7, 10, 11, 13
_FUNCTION_TEXTS = (_FUNCTION_DOMAIN, _FUNCTION_NAME, _FUNCTION_OVERLOAD)
# AttributeProto; its floats and ints are repeated numbers that are not packed, a million of them in a big forest.
_FLOATS, _INTS = 7, 8
_TENSOR_VALUES, _GRAPH_VALUES, _SPARSE_VALUES = (5, 10), (6, 11), (22, 23)
_SINGLE_VALUES = (5, 6, 22)
_INITIALIZERS = (_INITIALIZER, _SPARSE_INITIALIZER)
# TrainingInfoProto.
_TRAINING_GRAPHS = (1, 2)
_NAME_LIMIT = 4096
_GRAPH_DEPTH = 32
# What the names in one node may take in memory, and what a short one does.
_NODE_LIMIT, _ROOM_OF_TEXT = 8 << 20, 60
# What a function takes beside its texts, here and while its size is found.
_ROOM_OF_FUNCTION = 1000


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


class GraphReader:
    """Reads graphs, and collects what they refer to.

    Args:
        reader: The file's fields.

    Attributes:
        external: The files that hold tensors, as the model names them.
        operators: The operators in use, as domain and name; the domain of ONNX itself is empty.
        nodes: How many nodes of each operator the main graph has.
        functions: Those that the file itself defines, and how many nodes of each operator each has.
        faults: What is wrong with the values in the main graph.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.external: set[str] = set()
        self.operators: set[tuple[str, str]] = set()
        self.nodes = Body()
        self.functions: dict[Key, Body] = {}
        self._body = self.nodes
        self.faults = Faults()

    def read(self, graph: Field) -> Graph:
        """Reads the main graph.

        Raises:
            WireError: It is corrupt.
        """
        name, initialized, names = "", set(), self._names()
        values: dict[int, list[tuple[str, ValueType]]] = {_INPUT: [], _OUTPUT: []}
        for item in self._reader.message(graph):
            if item.number == _GRAPH_NAME:
                name = self._reader.text(item, _NAME_LIMIT)
            elif item.number in values:
                values[item.number].append(read_value(self._reader, item))
            elif item.number in _INITIALIZERS:
                given = self._initializer(item)
                names.give(given)
                initialized.add(key_of(given))
        for label, _ in values[_INPUT]:
            names.give(label)
        self._nodes(graph, 1, names)
        for label, _ in values[_OUTPUT]:
            names.take(label, "the caller")
        names.close()
        self.faults = names.faults
        inputs = [(label, kind) for label, kind in values[_INPUT] if key_of(label) not in initialized]
        return Graph(
            name=name,
            inputs=tuple(Signature(label, kind.dtype, kind.shape) for label, kind in inputs),
            outputs=tuple(Signature(label, kind.dtype, kind.shape) for label, kind in values[_OUTPUT]),
            types={label: kind.text for label, kind in [*inputs, *values[_OUTPUT]]},
        )

    def scan_function(self, function: Field) -> None:
        """Collects what a function of the file refers to, and the domain that it defines."""
        texts = dict.fromkeys(_FUNCTION_TEXTS, "")
        self._body = Body()
        self._reader.keep(_ROOM_OF_FUNCTION)
        for item in self._reader.message(function):
            if item.number in texts:
                texts[item.number] = self._reader.kept(item, _NAME_LIMIT)
            elif item.number == _FUNCTION_NODE:
                self._node(item, 1, self._names())  # a function's names are its own
            elif item.number == _FUNCTION_ATTRIBUTE:
                self._attribute(item, 1, self._names())
        key = (_domain(texts[_FUNCTION_DOMAIN]), texts[_FUNCTION_NAME], texts[_FUNCTION_OVERLOAD])
        if key in self.functions:
            self.faults.add(f"it defines the function {shown(key[1])} twice")
        self.functions[key] = self._body

    def scan_training(self, training: Field) -> None:
        """Collects what the graphs for training refer to."""
        self._body = Body()
        for item in self._reader.message(training):
            if item.number in _TRAINING_GRAPHS:
                self._scan_graph(item, 1, self._names())

    def _scan_graph(self, graph: Field, depth: int, around: Names) -> None:
        if depth > _GRAPH_DEPTH:
            raise WireError("its graphs lie too deep within each other")
        names = around.within()
        outputs = []
        for item in self._reader.message(graph):
            if item.number in _INITIALIZERS:
                names.give(self._initializer(item))
            elif item.number == _INPUT:
                names.give(read_value(self._reader, item)[0])
            elif item.number == _OUTPUT:
                outputs.append(read_value(self._reader, item)[0])
        self._nodes(graph, depth, names)
        for label in outputs:
            names.take(label, "the node around a graph")
        names.close()

    def _names(self) -> Names:
        return Names(self._reader.keep)

    def _nodes(self, graph: Field, depth: int, names: Names) -> None:
        """The nodes, when all is known that is given: in the file they come first."""
        for item in self._reader.message(graph):
            if item.number == _NODE:
                self._node(item, depth, names)

    def _node(self, node: Field, depth: int, names: Names) -> None:
        texts = dict.fromkeys(_NODE_TEXTS, "")
        values: dict[int, list[str]] = {_TAKEN: [], _MADE: []}
        size = 0
        for item in self._reader.message(node):
            if item.number in texts:
                texts[item.number] = self._reader.text(item, _NAME_LIMIT)
            elif item.number in values and item.end > item.start:  # an empty name leaves an optional one out
                values[item.number].append(self._reader.text(item, _NAME_LIMIT))
                size += item.end - item.start + _ROOM_OF_TEXT
                if size > _NODE_LIMIT:
                    raise WireError(f"the node at byte {node.start} has more inputs and outputs than any")
            elif item.number == _ATTRIBUTE:
                self._attribute(item, depth, names)
        operator = (_domain(texts[_NODE_DOMAIN]), texts[_OPERATOR])
        if operator not in self.operators:
            self._reader.keep(200 + 4 * len(operator[0] + operator[1]))
            self.operators.add(operator)
        key = (*operator, texts[_NODE_OVERLOAD])
        if key not in self._body:
            self._reader.keep(300 + 4 * len("".join(key)))
        self._body[key] += 1
        by = (
            f"the node {shown(texts[_NODE_NAME])} ({texts[_OPERATOR]})"
            if texts[_NODE_NAME]
            else f"a {texts[_OPERATOR]}"
        )
        names.node(values[_TAKEN], values[_MADE], by)

    def _attribute(self, attribute: Field, depth: int, names: Names) -> None:
        once = Once()
        for item in self._reader.message(attribute, (_FLOATS, _INTS)):
            if item.number in _SINGLE_VALUES:
                once.see(item)
            if item.number in _TENSOR_VALUES:
                self._tensor(item)
            elif item.number in _GRAPH_VALUES:
                self._scan_graph(item, depth + 1, names)
            elif item.number in _SPARSE_VALUES:
                self._sparse(item)

    def _initializer(self, item: Field) -> str:
        return self._tensor(item) if item.number == _INITIALIZER else self._sparse(item)

    def _tensor(self, tensor: Field) -> str:
        """The tensor's name; notes the file that holds it where that is another."""
        name, location = read_tensor(self._reader, tensor)
        self._outside([] if location is None else [location])
        return name

    def _sparse(self, sparse: Field) -> str:
        name, locations = read_sparse(self._reader, sparse)
        self._outside(locations)
        return name

    def _outside(self, locations: Iterable[str]) -> None:
        for location in locations:
            if location not in self.external:
                self._reader.keep(200 + 4 * len(location))
                self.external.add(location)


def _domain(name: str) -> str:
    """A domain by its short name: that of ONNX itself is the empty one."""
    return "" if name == "ai.onnx" else name
