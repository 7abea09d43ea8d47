"""ONNX files that protobuf reads otherwise than they look: long numbers are cut, and what stands twice is merged."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import onnx
import pytest
from onnx import TensorProto, helper

from chartgen.errors import ModelUnreadableError, ModelUnsupportedError
from chartgen.inspect import inspect_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

X, Y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 4]) for name in "xy")
GRAPH, INPUT, INITIALIZER, DATA_LOCATION = 7, 11, 5, 14


def varint(number: int) -> bytes:
    return bytes([*(number >> shift & 127 | 128 for shift in range(0, number.bit_length() - 7, 7))]) + bytes(
        [number >> 7 * ((max(number.bit_length(), 1) - 1) // 7)]
    )


def message(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def model(nodes: list[onnx.NodeProto], further: bytes = b"", inputs: tuple[onnx.ValueInfoProto, ...] = (X,)) -> bytes:
    """A model to whose graph some bytes are added."""
    graph = helper.make_graph(nodes, "g", list(inputs), [Y])
    whole = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    content = whole.graph.SerializeToString()
    whole.ClearField("graph")
    return whole.SerializeToString() + message(GRAPH, content + further)


def written(folder: Path, content: bytes) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(content)
    return path


ADD = helper.make_node("Add", ["x", "w"], ["y"])


@pytest.mark.parametrize("number", [1, (1 << 32) + 1, (1 << 40) + 1, (1 << 63) + 1])
def test_a_tensor_lies_in_another_file_however_long_the_number_is_that_says_so(tmp_path: Path, number: int) -> None:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4])
    tensor.external_data.add(key="location", value="w.bin")
    content = model(
        [ADD], message(INITIALIZER, tensor.SerializeToString() + varint(DATA_LOCATION << 3) + varint(number))
    )
    path = written(tmp_path, content)
    [read] = onnx.load(path, load_external_data=False).graph.initializer
    assert read.data_location == TensorProto.EXTERNAL
    with pytest.raises(ModelUnsupportedError, match=r"w\.bin"):
        inspect_model(path)


def outside_tensor(further: bytes) -> bytes:
    """A tensor whose values lie in another file, and some bytes more."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="w.bin")
    return tensor.SerializeToString() + further


def initializer(tensor: bytes) -> bytes:
    return message(INITIALIZER, tensor)


def constant(tensor: bytes) -> bytes:
    return message(1, message(2, b"w") + message(4, b"Constant") + message(5, attribute(5, tensor)))


def attribute(number: int, content: bytes) -> bytes:
    kind = {5: 4, 6: 5, 22: 11}[number]
    return message(1, b"value") + bytes([160, 1, kind]) + message(number, content)


def sparse_constant(tensor: bytes) -> bytes:
    whole = message(1, tensor) + message(2, TensorProto(data_type=TensorProto.INT64, dims=[0]).SerializeToString())
    return message(1, message(2, b"w") + message(4, b"Constant") + message(5, attribute(22, whole)))


def in_a_branch(tensor: bytes) -> bytes:
    return message(1, message(2, b"w") + message(4, b"If") + message(5, attribute(6, constant(tensor))))


PLACES = [initializer, constant, sparse_constant, in_a_branch]
OVERWRITTEN = {  # what protobuf passes over, or takes for the last word on where the values are
    "the kind of a text": varint(DATA_LOCATION << 3 | 2) + b"\0",
    "a list of numbers": varint(DATA_LOCATION << 3 | 2) + b"\1\0",
    "four bytes": varint(DATA_LOCATION << 3 | 5) + bytes(4),
    "eight bytes": varint(DATA_LOCATION << 3 | 1) + bytes(8),
    "a place that is none": varint(DATA_LOCATION << 3) + b"\7",
}


@pytest.mark.parametrize("further", OVERWRITTEN.values(), ids=OVERWRITTEN)
@pytest.mark.parametrize("place", PLACES)
def test_a_tensor_outside_is_seen_though_the_file_says_again_where_it_is(
    tmp_path: Path, place: Callable[[bytes], bytes], further: bytes
) -> None:
    content = outside_tensor(further)
    assert TensorProto.FromString(content).data_location == TensorProto.EXTERNAL
    path = written(tmp_path, model([ADD], place(content)))
    onnx.load(path, load_external_data=False)
    with pytest.raises((ModelUnsupportedError, ModelUnreadableError), match=r"w\.bin|should hold a number"):
        inspect_model(path)


@pytest.mark.parametrize("further", [b"", varint(DATA_LOCATION << 3 | 2) + b"\0"], ids=["plain", "overwritten"])
def test_a_tensor_outside_is_seen_in_a_function(tmp_path: Path, further: bytes) -> None:
    body = message(1, b"F") + message(7, constant(outside_tensor(further))[2:]) + message(10, b"own")
    whole = model([ADD], initializer(TensorProto(name="w", data_type=1, dims=[0]).SerializeToString())) + message(
        25, body
    )
    with pytest.raises((ModelUnsupportedError, ModelUnreadableError), match=r"w\.bin|should hold a number"):
        inspect_model(written(tmp_path, whole))


@pytest.mark.parametrize("kind", [1, 2, 5], ids=["eight bytes", "a text", "four bytes"])
@pytest.mark.parametrize("place", ["element type", "size", "key", "operator set"])
def test_a_number_that_is_written_as_something_else_is_refused(tmp_path: Path, place: str, kind: int) -> None:
    content = {1: bytes(8), 2: b"\0", 5: bytes(4)}[kind]
    first, second = (varint(number << 3 | kind) + content for number in (1, 2))
    types = {
        "element type": message(1, first),
        "size": message(1, b"\x08\x01" + message(2, message(1, first))),
        "key": message(5, first),
    }
    if place == "operator set":
        path = written(tmp_path, model([helper.make_node("Neg", ["x"], ["y"])]) + message(8, second))
    else:
        value = message(INPUT, message(1, b"x") + message(2, types[place]))
        path = written(tmp_path, model([helper.make_node("Neg", ["x"], ["y"])], value, inputs=()))
    onnx.load(path)
    with pytest.raises(ModelUnreadableError, match="should hold a number"):
        inspect_model(path)


def test_a_type_that_is_given_in_two_parts_is_refused(tmp_path: Path) -> None:
    first = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N"])
    second = onnx.ValueInfoProto()
    second.type.tensor_type.shape.dim.add().dim_value = 4
    both = message(INPUT, first.SerializeToString() + second.SerializeToString())
    path = written(tmp_path, model([helper.make_node("Neg", ["x"], ["y"])], both, inputs=()))
    [read] = onnx.load(path).graph.input
    assert len(read.type.tensor_type.shape.dim) == 2
    with pytest.raises(ModelUnreadableError, match="is there twice"):
        inspect_model(path)


@pytest.mark.parametrize("domain", ["com.microsoft.extensions", "com.microsoftish"])
def test_a_domain_that_only_begins_as_one_of_onnxruntimes_is_refused(tmp_path: Path, domain: str) -> None:
    path = written(tmp_path, model([helper.make_node("Neg", ["x"], ["y"], domain=domain)]))
    with pytest.raises(ModelUnsupportedError, match="operators that onnxruntime does not have"):
        inspect_model(path)


def test_a_graph_of_many_nodes_takes_time_by_their_number_and_not_by_its_square(tmp_path: Path) -> None:
    def seconds(count: int) -> float:
        names = ["x", *(f"n{index}" for index in range(count - 1)), "y"]
        nodes = [helper.make_node("Identity", [names[index]], [names[index + 1]]) for index in range(count)]
        path = written(tmp_path, model(nodes))
        taken = []
        for _ in range(3):
            begin = time.process_time()
            inspect_model(path)
            taken.append(time.process_time() - begin)
        return min(taken)

    assert seconds(16_000) < 10 * seconds(4_000)
