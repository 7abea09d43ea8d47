"""Graphs that cannot be loaded are refused, and none that onnxruntime loads."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import onnxruntime
import pytest
from onnx import ModelProto, TensorProto, helper

from chartgen.errors import ModelUnreadableError, ModelUnsupportedError
from chartgen.inspect import ModelFacts, inspect_model
from chartgen.inspect.onnxfunctions import written_out
from chartgen.pins.onnxlimits import check_onnx
from chartgen.pins.tables import library_sets
from tests.helpers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from onnx import NodeProto

VERSION = list(library_sets("fastapi", "onnxruntime"))[-1]
X, Y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "xy")
FLAG = helper.make_tensor_value_info("flag", TensorProto.BOOL, [])


def model(nodes: list[NodeProto], *, opset: int = 18, inputs: Any = (X,), **more: Any) -> bytes:
    graph = helper.make_graph(nodes, "g", list(inputs), [Y], **more)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


def node(operator: str, taken: str, made: str, **more: Any) -> NodeProto:
    return helper.make_node(operator, taken.split(), made.split(), **more)


def branches(taken: str) -> NodeProto:
    """An `If` whose graphs take the names of the graph around them, and the name `taken`."""
    values = [helper.make_tensor_value_info(f"out{number}", TensorProto.FLOAT, [2]) for number in (1, 2)]
    then = helper.make_graph([node("Add", f"x {taken}", "out1")], "then", [], values[:1])
    other = helper.make_graph([node("Neg", "x", "out2")], "else", [], values[1:])
    return node("If", "flag", "y", then_branch=then, else_branch=other)


def with_function(opsets: list[Any]) -> bytes:
    """A model with a function of its own, of the domain `mine`."""
    onnx = helper.make_opsetid("", 18)
    function = helper.make_function("mine", "Twice", ["a"], ["b"], [node("Add", "a a", "b")], [onnx])
    graph = helper.make_graph([node("Twice", "x", "y", domain="mine")], "g", [X], [Y])
    made = helper.make_model(graph, opset_imports=[onnx, *opsets], ir_version=10, functions=[function])
    return made.SerializeToString()


def with_functions(**bodies: list[NodeProto]) -> bytes:
    """A model that calls the function `f`, one of these of the domain `mine`, each of `a` and with the result `b`."""
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("mine", 1)]
    functions = [helper.make_function("mine", name, ["a"], ["b"], body, opsets) for name, body in bodies.items()]
    graph = helper.make_graph([node("f", "x", "y", domain="mine")], "g", [X], [Y])
    made = helper.make_model(graph, opset_imports=opsets, ir_version=10, functions=functions)
    return made.SerializeToString()


def own(name: str, taken: str = "a", made: str = "b") -> NodeProto:
    return node(name, taken, made, domain="mine")


def doubling(count: int) -> bytes:
    """Functions of which each calls the next one twice."""
    names = ["f", *(f"f{number}" for number in range(1, count))]
    bodies = {name: [own(after, "a", "c"), own(after, "c", "b")] for name, after in pairwise(names)}
    return with_functions(**bodies, **{names[-1]: [node("Neg", "a", "b")]})


def facts_of(tmp_path: Path, content: bytes) -> ModelFacts:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    facts = inspect_model(path)
    check_onnx(facts, VERSION)
    return facts


def loads(content: bytes) -> bool:
    options: Any = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        onnxruntime.InferenceSession(content, options)
    except Exception:
        return False
    return True


GOOD = {
    "in the order of the names": model([node("Neg", "x", "a"), node("Neg", "a", "y")]),
    "in another order": model([node("Neg", "a", "y"), node("Neg", "x", "a")]),
    "an optional input left out": model(
        [helper.make_node("Clip", ["x", "", "top"], ["y"])],
        initializer=[helper.make_tensor("top", TensorProto.FLOAT, [], [1.0])],
    ),
    "a name of the graph around": model([branches("x")], inputs=(X, FLAG)),
    "an input with a default": model(
        [node("Neg", "x", "y")], initializer=[helper.make_tensor("x", TensorProto.FLOAT, [2], [1.0, 2.0])]
    ),
    "a name that is made later, and taken inside": model([branches("z"), node("Neg", "x", "z")], inputs=(X, FLAG)),
    "an operator of onnxruntime's own, whose set is not named": model([node("Gelu", "x", "y", domain="com.microsoft")]),
    "an operator before it was taken away": model(
        [node("Upsample", "x s", "y")], opset=9, initializer=[helper.make_tensor("s", TensorProto.FLOAT, [1], [1.0])]
    ),
}
NAMES = {
    "nothing makes 'a', which a Neg takes": model([node("Neg", "a", "y")]),
    "nothing makes 'a', which the node 'one' (Neg) takes": model([node("Neg", "a", "y", name="one")]),
    "nothing makes 'y', which the caller takes": model([node("Neg", "x", "a")]),
    "'y' is made twice, the second time by a Abs": model([node("Neg", "x", "y"), node("Abs", "x", "y")]),
    "'x' is given, and a node makes it as well": model([node("Neg", "x", "x"), node("Neg", "x", "y")]),
    "nothing makes 'a', which a Add takes": model([branches("a")], inputs=(X, FLAG)),
    "'b', which a Add takes, is made out of itself": model(
        [node("Add", "x b", "a"), node("Neg", "a", "b"), node("Neg", "b", "y")]
    ),
    "'y', which a Add takes, is made out of itself": model([branches("y")], inputs=(X, FLAG)),
    "the function 'f' that it defines calls itself": with_functions(f=[own("f")]),
    "the function 'g' that it defines calls itself, or does so by others": with_functions(
        f=[own("g")], g=[own("h")], h=[own("g")]
    ),
    "the function 'unused' that it defines calls itself": with_functions(
        f=[node("Neg", "a", "b")], unused=[own("unused")]
    ),
    "functions of the domain 'mine', which is not among its operator sets": with_function([]),
}
OPERATORS = {
    "'Nonsense', which there is not": model([node("Nonsense", "x", "y")]),
    "'Gelu', which comes with the operator set 20": model([node("Gelu", "x", "y")]),
    "'Upsample', which the operator set 10 took away": model([node("Upsample", "x x", "y")]),
    "'Nothing', which there is not": model([node("Nothing", "x", "y", domain="ai.onnx.ml")]),
    "'Relu', which there is not": model([node("Relu", "x", "y", domain="com.microsoft")]),
}


@pytest.mark.parametrize("content", GOOD.values(), ids=GOOD)
def test_a_graph_that_onnxruntime_loads_is_taken(tmp_path: Path, content: bytes) -> None:
    assert loads(content)
    assert facts_of(tmp_path, content).operators


@pytest.mark.parametrize(("said", "content"), NAMES.items(), ids=NAMES)
def test_names_that_do_not_fit_together_are_refused(tmp_path: Path, said: str, content: bytes) -> None:
    assert not loads(content)
    with pytest.raises(ModelUnreadableError) as refused:
        facts_of(tmp_path, content)
    assert said in refused.value.message


@pytest.mark.parametrize(("said", "content"), OPERATORS.items(), ids=OPERATORS)
def test_operators_that_onnxruntime_has_not_are_refused(tmp_path: Path, said: str, content: bytes) -> None:
    assert not loads(content)
    with pytest.raises(ModelUnsupportedError) as refused:
        facts_of(tmp_path, content)
    assert said in refused.value.message


def test_the_operators_of_another_onnxruntime_are_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(model([node("Nonsense", "x", "y")]))
    facts = inspect_model(path)
    check_onnx(facts, "0.0.1")
    check_onnx(facts, None)


def test_a_function_of_the_file_is_an_operator_of_its_own(tmp_path: Path) -> None:
    content = with_function([helper.make_opsetid("mine", 1)])
    assert loads(content)
    assert facts_of(tmp_path, content).operators == (("", "Add"),)


def test_functions_that_call_others_are_taken(tmp_path: Path) -> None:
    content = doubling(6)
    assert loads(content)
    assert facts_of(tmp_path, content).operators == (("", "Neg"),)


def test_a_function_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    proto = ModelProto.FromString(doubling(2))
    proto.functions.append(proto.functions[0])
    with pytest.raises(ModelUnreadableError, match="defines the function 'f' twice"):
        facts_of(tmp_path, proto.SerializeToString())


@pytest.mark.parametrize("count", [16, 24, 3000])
def test_functions_that_are_millions_of_nodes_when_written_out_are_refused(tmp_path: Path, count: int) -> None:
    with pytest.raises(ModelUnsupportedError, match="call one another so often") as refused:
        facts_of(tmp_path, doubling(count))
    assert "20,000 calls" in str(refused.value.expected)


def test_functions_deeper_in_one_another_than_onnxruntime_goes_are_refused(tmp_path: Path) -> None:
    names = ["f", *(f"f{number}" for number in range(1, 102))]
    chain = {name: [own(after)] for name, after in pairwise(names)}
    content = with_functions(**chain, **{names[-1]: [node("Neg", "a", "b")]})
    assert not loads(content)
    with pytest.raises(ModelUnsupportedError, match="call one another so often"):
        facts_of(tmp_path, content)


def test_a_graph_of_many_nodes_without_functions_is_as_large_as_it_is() -> None:
    graph = Counter({("", "Neg", ""): 5_000_000})
    assert not written_out(graph, {}).too_large
    assert not written_out(graph, {("mine", "f", ""): graph}).too_large
    assert written_out(Counter({("mine", "f", ""): 1}), {("mine", "f", ""): graph}).too_large


def test_the_shipped_table_is_what_the_library_has() -> None:
    import runpy

    tool = runpy.run_path(str(ROOT / "tools" / "make_onnx_operators.py"))
    assert tool["target"]().read_text() == tool["table"]()
