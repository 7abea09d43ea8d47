from __future__ import annotations

import random
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from onnx.backend.test.case.node import collect_testcases

from chartgen.errors import ModelUnreadableError, ModelUnsupportedError
from chartgen.inspect import ModelFacts, Signature, inspect_model

ONNX_FILES = sorted(Path(onnx.__file__).parent.glob("backend/test/data/**/*.onnx"))
NUMBERS = sorted(set(TensorProto.DataType.values()) - {0})
# Names that onnx and NumPy share but for these.
NAMES = {"float": "float32", "double": "float64"}


def element_name(number: int) -> str | None:
    name = TensorProto.DataType.Name(number).lower()
    return None if name == "undefined" else NAMES.get(name, name)


def expected(value: onnx.ValueInfoProto) -> Signature:
    """What the onnx package says of an input or output."""
    kind = value.type.WhichOneof("value")
    if kind is None:
        return Signature(value.name, None, None)
    inner = getattr(value.type, kind)
    if kind not in ("tensor_type", "sparse_tensor_type"):
        return Signature(value.name, kind.removesuffix("_type"), None)
    shape: Any = None
    if inner.HasField("shape"):
        shape = tuple(
            dim.dim_value if dim.WhichOneof("value") == "dim_value" else dim.dim_param or None
            for dim in inner.shape.dim
        )
    return Signature(value.name, "sparse" if kind == "sparse_tensor_type" else element_name(inner.elem_type), shape)


def assert_agrees(facts: ModelFacts, model: onnx.ModelProto) -> None:
    initialized = {one.name for one in model.graph.initializer} | {
        one.values.name for one in model.graph.sparse_initializer
    }
    assert facts.inputs == tuple(expected(one) for one in model.graph.input if one.name not in initialized)
    assert facts.outputs == tuple(expected(one) for one in model.graph.output)
    opsets: dict[str, int] = {}
    for one in model.opset_import:
        opsets[one.domain or "ai.onnx"] = max(one.version, opsets.get(one.domain or "ai.onnx", one.version))
    assert facts.opsets == opsets
    assert facts.details["IR version"] == str(model.ir_version)
    assert (facts.producer.name if facts.producer else "") == model.producer_name


def inspect_bytes(folder: Path, content: bytes) -> ModelFacts:
    path = folder / "model.onnx"
    path.write_bytes(content)
    return inspect_model(path)


def test_the_reader_agrees_with_onnx_on_the_files_of_its_own_tests() -> None:
    assert len(ONNX_FILES) > 100
    differing = 0
    for path in ONNX_FILES:
        model = onnx.load(path, load_external_data=False)
        try:
            facts = inspect_model(path)
        except ModelUnsupportedError as error:
            assert "other files" in error.message or "does not have" in error.message  # noqa: PT017
            differing += 1
            continue
        assert_agrees(facts, model)
    assert differing <= 5


@pytest.mark.parametrize("number", NUMBERS)
def test_every_element_type_has_its_name(tmp_path: Path, number: int) -> None:
    value = helper.make_tensor_value_info("x", number, [2])
    model = helper.make_model(helper.make_graph([], "g", [value], [value]))
    assert_agrees(inspect_bytes(tmp_path, model.SerializeToString()), model)


dimension = st.one_of(st.none(), st.integers(0, 2**40), st.text(st.characters(codec="utf-8"), max_size=5))
shape = st.one_of(st.none(), st.lists(dimension, max_size=5))
tensor_type = st.builds(
    helper.make_tensor_type_proto, st.sampled_from([TensorProto.FLOAT, TensorProto.STRING, TensorProto.INT64]), shape
)
value_type = st.recursive(
    tensor_type,
    lambda inner: st.one_of(
        st.builds(helper.make_sequence_type_proto, inner),
        st.builds(helper.make_optional_type_proto, inner),
        st.builds(helper.make_map_type_proto, st.just(TensorProto.INT64), inner),
    ),
    max_leaves=3,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    inputs=st.lists(value_type, max_size=4),
    outputs=st.lists(value_type, max_size=4),
    initializers=st.sets(st.integers(0, 3)),
    producer=st.text(st.characters(codec="utf-8"), max_size=20),
)
def test_the_reader_agrees_with_onnx_on_made_models(
    tmp_path: Path, inputs: list[Any], outputs: list[Any], initializers: set[int], producer: str
) -> None:
    graph = helper.make_graph(
        [helper.make_node("Any", [], [f"o{index}" for index in range(len(outputs))])],
        "graph",
        [helper.make_value_info(f"i{index}", kind) for index, kind in enumerate(inputs)],
        [helper.make_value_info(f"o{index}", kind) for index, kind in enumerate(outputs)],
        [onnx.numpy_helper.from_array(np.zeros(2), f"i{index}") for index in initializers],
    )
    model = helper.make_model(graph, producer_name=producer, ir_version=3)
    assert_agrees(inspect_bytes(tmp_path, model.SerializeToString()), model)


def test_a_classifier_of_skl2onnx_says_the_type_of_its_probabilities(tmp_path: Path, iris: Any) -> None:
    from skl2onnx import to_onnx

    model = to_onnx(iris, np.zeros((1, 4), np.float32))
    facts = inspect_bytes(tmp_path, model.SerializeToString())
    assert facts.inputs == (Signature("X", "float32", (None, 4)),)
    assert facts.outputs[1].dtype == "sequence"
    assert facts.details["output output_probability"] == "sequence(map(int64, float32))"
    assert [str(library) for library in facts.libraries] == ["onnxruntime"]


def test_metadata_is_reported(tmp_path: Path, small_onnx: bytes) -> None:
    model = onnx.load_from_string(small_onnx)
    helper.set_model_props(model, {"author": "a" * 500})
    facts = inspect_bytes(tmp_path, model.SerializeToString())
    assert facts.details["metadata author"] == "a" * 200 + "…"


def _external(name: str) -> onnx.TensorProto:
    tensor = onnx.numpy_helper.from_array(np.zeros(4, np.float32), "w")
    onnx.external_data_helper.set_external_data(tensor, name)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    return tensor


@pytest.mark.parametrize("place", ["initializer", "attribute", "subgraph", "function"])
def test_weights_in_other_files_are_refused_wherever_they_are_named(tmp_path: Path, place: str) -> None:
    constant = helper.make_node("Constant", [], ["c"], value=_external("weights.bin"))
    inner = helper.make_graph([constant], "inner", [], [helper.make_tensor_value_info("c", TensorProto.FLOAT, [4])])
    branch = helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)
    opsets = [helper.make_opsetid("", 17)]
    nodes = {"attribute": [constant], "subgraph": [branch]}.get(place, [])
    initializers = [_external("weights.bin")] if place == "initializer" else []
    functions = [helper.make_function("mine", "F", [], ["c"], [constant], opsets)] if place == "function" else []
    graph = helper.make_graph(nodes, "g", [], [], initializers)
    model = helper.make_model(graph, functions=functions, opset_imports=opsets)
    with pytest.raises(ModelUnsupportedError, match=r"other files.*'weights.bin' \(missing\)"):
        inspect_bytes(tmp_path, model.SerializeToString())
    (tmp_path / "weights.bin").touch()
    with pytest.raises(ModelUnsupportedError, match=r"'weights.bin' \(beside it\)"):
        inspect_bytes(tmp_path, model.SerializeToString())


def test_operators_that_nobody_brings_along_are_refused(tmp_path: Path) -> None:
    node = helper.make_node("Magic", ["x"], ["y"], domain="my.domain")
    model = helper.make_model(helper.make_graph([node], "g", [], []))
    with pytest.raises(ModelUnsupportedError, match=r"'my\.domain'"):
        inspect_bytes(tmp_path, model.SerializeToString())


@pytest.mark.parametrize("missing", ["graph", "opset_import"])
def test_a_protobuf_message_that_is_no_model_is_refused(tmp_path: Path, small_onnx: bytes, missing: str) -> None:
    model = onnx.load_from_string(small_onnx)
    model.ClearField(missing)
    with pytest.raises(ModelUnreadableError, match="no valid ONNX model"):
        inspect_bytes(tmp_path, model.SerializeToString())


def test_a_tensor_file_that_is_called_onnx_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnreadableError, match="no valid ONNX model"):
        inspect_bytes(tmp_path, onnx.numpy_helper.from_array(np.zeros(4)).SerializeToString())


def test_a_forest_with_a_million_unpacked_numbers_is_read_quickly(tmp_path: Path, small_onnx: bytes) -> None:
    model = onnx.load_from_string(small_onnx)
    node = model.graph.node[0]
    node.attribute.append(helper.make_attribute("ids", np.arange(1_000_000).tolist()))
    node.attribute.append(helper.make_attribute("values", np.arange(1_000_000, dtype=float).tolist()))
    assert_agrees(inspect_bytes(tmp_path, model.SerializeToString()), model)


def test_graphs_nested_without_end_are_refused(tmp_path: Path, small_onnx: bytes) -> None:
    graph = b"\x12\x01g"
    for _ in range(2000):
        attribute = b"\x32" + _length(graph)
        graph = b"\x0a" + _length(b"\x2a" + _length(attribute))
    with pytest.raises(ModelUnreadableError, match="too deep"):
        inspect_bytes(tmp_path, b"\x08\x08\x42\x02\x10\x11\x3a" + _length(graph))


def _length(content: bytes) -> bytes:
    size, head = len(content), b""
    while size >= 0x80:
        head += bytes([size & 0x7F | 0x80])
        size >>= 7
    return head + bytes([size]) + content


def test_the_reader_agrees_with_onnx_on_a_model_of_every_operator(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Their reference computations divide by zero on purpose.
        cases = collect_testcases("")
    assert len(cases) > 1000
    for case in cases:
        assert_agrees(inspect_bytes(tmp_path, case.model.SerializeToString()), case.model)


def _any_value(generator: random.Random, name: str) -> onnx.ValueInfoProto:
    kind = generator.choice([helper.make_tensor_type_proto, helper.make_sparse_tensor_type_proto])
    sizes = [generator.choice([None, "N", "höhe", 0, 1, 7, 2**40]) for _ in range(generator.randrange(5))]
    made = kind(generator.choice(NUMBERS), generator.choice([None, sizes, sizes]))
    if generator.random() < 0.2:
        made = helper.make_sequence_type_proto(made)
    if generator.random() < 0.1:
        made = helper.make_optional_type_proto(made)
    return helper.make_value_info(name, made)


def _made(generator: random.Random) -> tuple[onnx.ModelProto, set[str]]:
    """A model of any element types and shapes, with subgraphs and tensors, some of them in other files."""
    external: set[str] = set()

    def tensor(name: str) -> onnx.TensorProto:
        if generator.random() < 0.02:
            external.add(f"{name}.bin")
            return _external(f"{name}.bin")
        made = TensorProto(name=name, data_type=generator.choice(NUMBERS), dims=[2])
        if made.data_type == TensorProto.STRING:
            made.string_data.extend([b"a", b"b"])
        else:
            zeros = np.zeros(2, helper.tensor_dtype_to_np_dtype(made.data_type))
            made.raw_data = generator.randbytes(len(onnx.numpy_helper.from_array(zeros).raw_data))
        return made

    def graph(depth: int, name: str) -> onnx.GraphProto:
        nodes = [] if depth else [helper.make_node("Constant", [], ["x"], value=tensor("x"))]
        for number in range(generator.randrange(3)):
            node = helper.make_node("Constant", [], [f"{name}c{number}"], value=tensor(f"{name}c{number}"))
            nodes.append(node)
            if depth < 3 and generator.random() < 0.6:
                branches = [graph(depth + 1, f"{name}{number}{letter}") for letter in "ab"]
                nodes.append(
                    helper.make_node(
                        "If", ["x"], [f"{name}y{number}"], then_branch=branches[0], else_branch=branches[1]
                    )
                )
        inputs = [_any_value(generator, f"{name}i{number}") for number in range(generator.randrange(4))]
        outputs = [_any_value(generator, f"{name}o{number}") for number in range(generator.randrange(3))]
        nodes.append(helper.make_node("Any", [], [one.name for one in outputs]))
        given = [tensor(one.name) for one in inputs if generator.random() < 0.3]
        for one in given:
            if one.data_location == TensorProto.EXTERNAL:
                one.name = one.external_data[0].value.removesuffix(".bin")
        return helper.make_graph(nodes, name, inputs, outputs, given)

    opsets = [helper.make_opsetid("", generator.randint(7, 26)), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph(0, "g"), opset_imports=opsets, ir_version=generator.randint(3, 12))
    model.producer_name = generator.choice(["", "pytorch", "größe"])
    return model, external


def test_the_reader_agrees_with_onnx_on_three_hundred_models_of_every_element_type(tmp_path: Path) -> None:
    generator = random.Random(26)
    kept_elsewhere = 0
    for _ in range(300):
        model, external = _made(generator)
        content = model.SerializeToString()
        if not external:
            assert_agrees(inspect_bytes(tmp_path, content), model)
            continue
        kept_elsewhere += 1
        with pytest.raises(ModelUnsupportedError) as refused:
            inspect_bytes(tmp_path, content)
        assert all(f"'{name}' (missing)" in refused.value.message for name in sorted(external)[:5])
    assert 20 < kept_elsewhere < 150
