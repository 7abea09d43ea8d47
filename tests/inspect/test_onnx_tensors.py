"""Tensors that have not as many values as their dimensions say are refused, as by onnxruntime."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from onnx import TensorProto, helper

from chartgen.errors import ModelUnreadableError
from chartgen.inspect import inspect_model
from tests.inspect.test_onnx_graphs import loads
from tests.inspect.test_onnx_merged import message, varint

if TYPE_CHECKING:
    from pathlib import Path

# Of other types onnxruntime has no tensors.
NUMBERS = sorted(
    number for name, number in TensorProto.DataType.items() if number and not name.startswith(("COMPLEX", "FLOAT6"))
)
FIELDS = ("float_data", "int32_data", "string_data", "int64_data", "double_data", "uint64_data")


def model(tensor: TensorProto) -> bytes:
    """A model that answers with a tensor."""
    value = helper.make_tensor_value_info("w", tensor.data_type, list(tensor.dims))
    graph = helper.make_graph([], "g", [], [value], initializer=[tensor])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10).SerializeToString()


def is_taken(tmp_path: Path, content: bytes) -> bool:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    try:
        inspect_model(path)
    except ModelUnreadableError as error:
        assert "should have" in error.message  # noqa: PT017
        return False
    return True


@pytest.mark.parametrize("number", NUMBERS, ids=TensorProto.DataType.Name)
def test_a_tensor_is_taken_if_onnxruntime_takes_it(tmp_path: Path, number: int) -> None:
    taken = 0
    for size in (0, 5):
        for count in (0, 1, 2, 3, 4, 5, 6, 10, 20, 40):
            for field in ("raw_data", *FIELDS):
                tensor = TensorProto(name="w", data_type=number, dims=[size])
                if field == "raw_data":
                    tensor.raw_data = bytes(count)
                else:
                    getattr(tensor, field).extend([b"a" if field == "string_data" else 0] * count)
                content = model(tensor)
                assert is_taken(tmp_path, content) == loads(content), (size, count, field)
                taken += loads(content)
    assert taken


@pytest.mark.parametrize("size", [3, 4])
@pytest.mark.parametrize("kind", ["packed", "in two parts", "not packed"])
def test_numbers_are_counted_however_they_are_written(tmp_path: Path, kind: str, size: int) -> None:
    tensor = TensorProto(name="w", data_type=TensorProto.INT64, dims=[size]).SerializeToString()
    numbers = [varint(number) for number in (1, 300, 70_000)]
    parts = {
        "packed": message(7, b"".join(numbers)),
        "in two parts": message(7, numbers[0]) + message(7, numbers[1] + numbers[2]),
        "not packed": b"".join(varint(7 << 3) + number for number in numbers),
    }
    value = helper.make_tensor_value_info("w", TensorProto.INT64, [size])
    graph = message(2, b"g") + message(5, tensor + parts[kind]) + message(12, value.SerializeToString())
    content = b"\x08\x0a" + message(8, b"\x10\x15") + message(7, graph)
    assert is_taken(tmp_path, content) == loads(content) == (size == 3)


def test_a_tensor_inside_of_a_node_has_its_values(tmp_path: Path) -> None:
    tensor = TensorProto(name="c", data_type=TensorProto.FLOAT, dims=[4, 4_000_000], raw_data=bytes(64))
    value = helper.make_tensor_value_info("y", TensorProto.FLOAT, [4, 4_000_000])
    graph = helper.make_graph([helper.make_node("Constant", [], ["y"], value=tensor)], "g", [], [value])
    content = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10).SerializeToString()
    assert not loads(content)
    with pytest.raises(ModelUnreadableError, match="should have 64,000,000 bytes, and has 64"):
        inspect_model(_written(tmp_path, content))


@pytest.mark.parametrize("dims", [[-1], [1 << 40, 1 << 40], [1] * 65], ids=["negative", "huge", "many"])
def test_sizes_that_no_tensor_has_are_refused(tmp_path: Path, dims: list[int]) -> None:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=dims, raw_data=bytes(4))
    with pytest.raises(ModelUnreadableError, match=r"the tensor ('w'|of the sizes)"):
        inspect_model(_written(tmp_path, model(tensor)))


@pytest.mark.parametrize("size", [1000, 10**10])
def test_a_sparse_tensor_is_bounded_as_the_whole_one_that_is_made_of_it(tmp_path: Path, size: int) -> None:
    values = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    sparse = helper.make_sparse_tensor(values, helper.make_tensor("i", TensorProto.INT64, [1], [3]), [size])
    value = helper.make_tensor_value_info("y", TensorProto.FLOAT, [])
    node = helper.make_node("ReduceMax", ["w"], ["y"], keepdims=0)
    graph = helper.make_graph([node], "g", [], [value], sparse_initializer=[sparse])
    path = _written(tmp_path, helper.make_model(graph).SerializeToString())
    if size == 1000:
        assert inspect_model(path).outputs[0].name == "y"
    else:
        with pytest.raises(ModelUnreadableError, match="'w' would have 10,000,000,000 values"):
            inspect_model(path)


def test_a_node_of_more_names_than_any_is_refused(tmp_path: Path) -> None:
    node = message(1, b"".join(message(2, b"%06d" % number) for number in range(140_000)))
    with pytest.raises(ModelUnreadableError, match="more inputs and outputs than any"):
        inspect_model(_written(tmp_path, b"\x08\x0a" + message(8, b"\x10\x15") + message(7, node)))


def test_long_names_do_not_stay_in_memory(tmp_path: Path) -> None:
    names = [f"{number}\N{GRINNING FACE}" + "a" * 4000 for number in range(1000)]
    nodes = [helper.make_node("Relu", [taken], [made]) for taken, made in pairwise(["x", *names, "y"])]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "xy"]
    graph = helper.make_graph(nodes[:500] + nodes[-1:500:-1] + nodes[500:501], "g", values[:1], values[1:])
    path = _written(tmp_path, helper.make_model(graph).SerializeToString())
    assert path.stat().st_size > 8_000_000
    inspect_model(path)
    tracemalloc.start()
    try:
        inspect_model(path)
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


def _written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    return path
