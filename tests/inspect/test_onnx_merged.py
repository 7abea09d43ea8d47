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
