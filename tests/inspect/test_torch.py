"""PyTorch files made by torch 2.13.0 (models/torch/make.py), and what is made of them to deceive."""

from __future__ import annotations

import io
import json
import os
import pickle
import time
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from chartgen.errors import ModelError, ModelUnreadableError, ModelUnsafeError, ModelUnsupportedError
from chartgen.inspect import Signature, inspect_model
from tests.inspect.archives import MODELS, changed, with_program, zipped
from tests.inspect.conftest import Call
from tests.inspect.test_mutations import SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EVIL = pickle.dumps(Call(os.system, "true"), 2)

INPUTS = {
    # The layer that the input meets first is linear: it takes any rank, and the type of its weights.
    "network-script": [Signature("x", "float32", None)],
    # The example of a trace says the rank, and the first layer the last size.
    "network-trace": [Signature("x", "float32", (None, 4))],
    "network-export": [Signature("x", "float32", ("batch", 4))],
    "bags-script": [Signature("words", "int64", None)],
    "texts-script": [Signature("tokens", "int64", None), Signature("weight", "float32", None)],
    "texts-frozen": [Signature("tokens", "int64", None), Signature("weight", "float32", None)],
    "texts-export": [Signature("tokens", "int64", ("batch", "size_1")), Signature("weight", "float32", ("batch", 1))],
    # The first layer is a convolution of images.
    "images-script": [Signature("image", "float32", (None, None, None, None))],
    "images-trace": [Signature("image", "float32", (None, None, None, None))],
    "images-export": [Signature("image", "float32", (2, 1, 4, 4))],
    # Nothing but the type of the parameters; an argument that may be left out is.
    "doubled-script": [Signature("x", "float64", None)],
    # An attribute that is called `ops`, and one of an enumeration.
    "named-script": [Signature("x", "float32", None)],
    "named-trace": [Signature("x", "float32", (None, None))],
    "bfloat16-script": [Signature("x", "bfloat16", None)],
}


@pytest.mark.parametrize("name", INPUTS)
def test_the_inputs_are_those_of_forward(name: str) -> None:
    facts = inspect_model(MODELS / f"{name}.pt")
    assert facts.format == "torch"
    assert list(facts.inputs) == INPUTS[name]
    assert [each.name for each in facts.libraries] == ["torch"]
    assert facts.abilities.instead is None


def test_an_exported_program_says_its_outputs_and_the_version_that_wrote_it() -> None:
    facts = inspect_model(MODELS / "texts-export.pt")
    assert facts.outputs == (
        Signature("logits", "float32", ("batch", 2)),
        Signature("hidden", "float32", ("batch", 4)),
    )
    assert str(facts.producer) == "torch 2.13.0"
    assert inspect_model(MODELS / "network-export.pt").outputs == (Signature("output", "float32", ("batch", 3)),)
    two = inspect_model(MODELS / "images-export.pt").outputs
    assert two == (Signature("output_0", "int64", (2,)), Signature("output_1", "float32", (2, 3)))


@pytest.mark.parametrize("name", ["weights", "checkpoint"])
def test_weights_are_told_from_a_model(name: str) -> None:
    facts = inspect_model(MODELS / f"{name}.pt")
    assert "state_dict" in str(facts.abilities.instead)
    assert facts.details["tensors"] == "4"
    assert "hidden.weight float32[8, 4]" in facts.details["weights"]


def test_a_pickled_module_is_refused_with_what_it_needs_and_the_way_out() -> None:
    with pytest.raises(ModelUnsupportedError, match=r"pickled module.*__main__\.Network") as refused:
        inspect_model(MODELS / "module.pt")
    assert "torch.export.save" in str(refused.value.hint)
    assert "load(model)" in str(refused.value.hint)


def test_the_layout_of_the_time_before_1_6_is_refused_with_the_way_out() -> None:
    with pytest.raises(ModelUnsupportedError, match=r"before 1\.6") as refused:
        inspect_model(MODELS / "legacy.pt")
    assert "torch.save of 1.6" in str(refused.value.hint)


def test_the_older_layout_of_torch_export_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "m.pt2"
    path.write_bytes(zipped({"version": b"8.8", "serialized_exported_program.json": b"{}"}))
    with pytest.raises(ModelUnsupportedError, match=r"torch 2\.7 or older"):
        inspect_model(path)


def test_an_archive_that_was_packed_again_is_read_as_well(tmp_path: Path) -> None:
    path = changed("network-trace.pt", {}, tmp_path / "m.pt", zipfile.ZIP_DEFLATED)
    assert list(inspect_model(path).inputs) == INPUTS["network-trace"]


# What would run when the file is loaded.


@pytest.mark.parametrize("name", ["network-script", "network-trace", "weights"])
@pytest.mark.parametrize("member", ["data.pkl", "constants.pkl", "traced_inputs.pkl"])
def test_a_pickle_that_calls_what_is_no_tensor_is_refused(tmp_path: Path, name: str, member: str) -> None:
    if name == "weights" and member != "data.pkl":
        member = "data.pkl"
    path = changed(f"{name}.pt", {member: EVIL}, tmp_path / "m.pt")
    with pytest.raises(ModelUnsafeError, match=r"would import posix\.system"):
        inspect_model(path)


def test_a_pickle_within_the_example_of_an_exported_program_is_walked_too(tmp_path: Path) -> None:
    inner = zipped({"x/data.pkl": EVIL, "x/version": b"3"})
    path = changed("network-export.pt", {"data/sample_inputs/model.pt": inner}, tmp_path / "m.pt")
    with pytest.raises(ModelUnsafeError, match=r"posix\.system"):
        inspect_model(path)


def with_code(line: str, path: Path) -> Path:
    """The archive of the network, with another line in its `forward`."""
    with zipfile.ZipFile(MODELS / "network-script.pt") as archive:
        code = archive.read("network-script/code/__torch__.py").decode()
    code = code.replace("    return", f"    {line}\n    return", 1)
    return changed("network-script.pt", {"code/__torch__.py": code.encode()}, path)


# All of these write the file when torch 2.13 runs them, or look for it.
FILES = {
    "as the printer would": 'torch.save(x, "/tmp/x")',
    "a space before the call": 'y = torch.save (x, "/tmp/x")',
    "spaces around the dot": 'y = torch . save(x, "/tmp/x")',
    "a tab": 'y = torch\t.save(x, "/tmp/x")',
    "a form feed": 'y = torch.\fsave(x, "/tmp/x")',
    "a continued line": 'y = torch.save\\\n(x, "/tmp/x")',
    "in parentheses": 'y = (torch.save)(x, "/tmp/x")',
    "not called": "y = torch.save",
    "reading": 'x = torch.from_file ("/tmp/x", True, 4, dtype=0)',
    "by its namespace": 'y = ops.aten.save(x, "/tmp/x")',
    "by its namespace, with spaces": 'y = ops . aten . save (x, "/tmp/x")',
    "through a module of it": 'y = torch.autograd.save(x, "/tmp/x")',
    "through a namespace of none": 'y = ops.foo.autograd.save(x, "/tmp/x")',
}


@pytest.mark.parametrize("line", FILES.values(), ids=FILES)
def test_code_that_names_an_operator_of_files_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(ModelUnsafeError, match=r"reads or writes files: it names (torch|ops)\.[\w.]*(save|from_file)$"):
        inspect_model(with_code(line, tmp_path / "m.pt"))


# The first of these write the file, too.
UNPRINTED = {
    "another name of the module": 't = torch\n    y = t.save(x, "/tmp/x")',
    "another name of a namespace": 't = ops.aten\n    y = t.save(x, "/tmp/x")',
    "an attribute by a text": 'y = getattr(torch, "save")(x, "/tmp/x")',
    "a comment": 'y = (torch. # a comment\n    save)(x, "/tmp/x")',
    "a word that ends early": 'y = x is nottorch.save(x, "/tmp/x")',
    "another word that ends early": 'y = 1 not intorch.save(x, "/tmp/x")',
    "a text of three quotes": 'y = torch.len("""a"""), (torch.save)(x, "/tmp/x")',
    "a text of single quotes": "y = torch.len(')')",
    "two texts": 'y = torch.len("a""b")',
    "a text without an end": 'y = torch.len("a)',
    "a continued text": 'y = torch.len("a\\\nb")',
    "a number that runs on": 'y = 1.torch.save(x, "/tmp/x")',
    "letters of other scripts": "y = \u0442orch.relu(x)",
    "a class that talks to the network": "y = __torch__.torch.classes.c10d.Work()",
    "classes by another name": "c = __torch__.torch.classes\n    y = c.c10d.Work()",
    "a namespace of them by another name": "c = __torch__.torch\n    y = c.classes.c10d.Work()",
    "a namespace where an attribute is declared": "y = x\n  ops = ops.aten",
    "a namespace in place of an attribute's type": "y = x\n  y : torch",
    # PyTorch loads no such class.
    "an attribute that is called torch": "y = x\n  torch : Tensor",
    "an attribute's name elsewhere": "ops : Tensor = x",
    "a name of 256 letters": f"{'y' * 256} = x",
}


@pytest.mark.parametrize("line", UNPRINTED.values(), ids=UNPRINTED)
def test_code_that_pytorch_does_not_write_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    with pytest.raises(ModelUnreadableError, match=r"not as PyTorch writes it: code/__torch__\.py line 1[3-6] has "):
        inspect_model(with_code(line, tmp_path / "m.pt"))


def test_operators_of_another_library_are_refused_by_its_name(tmp_path: Path) -> None:
    for line in ("y = ops.torchvision.nms(x, x, 0.5)", "y = (ops . torchvision. nms)(x, x, 0.5)"):
        with pytest.raises(ModelUnsupportedError, match="operators of torchvision"):
            inspect_model(with_code(line, tmp_path / "m.pt"))


PRINTED = (
    '_0 = "torch.save(x, \\"/tmp/x\\") # \\\\ \\003 ops.foo.bar("',
    'y = torch.format("", {"é": [1, -2.5, 1.0000000000000001e-05, 0., inf, -inf, nan, (1.+2.j)]})',
    'y = getattr(self, "0").save.load',
    "y, _1, = (self.drop).forward(x[0][1:2], )",
    'y = torch.to(x, torch.device("cpu"), dtype=6)',
    "y = annotate(List[Optional[Tensor]], [(x, (x)[0])].items()[0].name)",
    "y = torch.autograd.grad([x], [x])",
    "y = __torch__.torch.classes.quantized.LinearPackedParamsBase.__new__(__torch__.Own)",
    f"{'y' * 255} = uninitialized(Tensor)",
)


@pytest.mark.parametrize("line", PRINTED)
def test_code_as_pytorch_writes_it_passes(tmp_path: Path, line: str) -> None:
    assert list(inspect_model(with_code(line, tmp_path / "m.pt")).inputs) == INPUTS["network-script"]


def test_only_a_class_of_the_program_is_called_with_a_value_alone(tmp_path: Path) -> None:
    def made(name: bytes) -> Path:
        return changed("network-script.pt", {"constants.pkl": b"\x80\x02c%s\nK\x01R." % name}, tmp_path / "m.pt")

    assert inspect_model(made(b"__torch__\nWay")).format == "torch"
    for name in (b"torch._utils\n_rebuild_tensor_v2", b"collections\nOrderedDict"):
        with pytest.raises(ModelUnsafeError, match="arguments that are not known"):
            inspect_model(made(name))


@pytest.mark.parametrize("name", [b"mean", b"std", b"squeeze", b"encode", b"update", b"append", b"__len__"])
def test_an_attribute_of_the_program_may_have_the_name_of_a_method_of_pythons(tmp_path: Path, name: bytes) -> None:
    def made(cls: bytes) -> Path:
        value = b"c__torch__\nInner\n)\x81}b"
        content = b"\x80\x02c%s\n)\x81}(X%s%s%sub." % (cls, len(name).to_bytes(4, "little"), name, value)
        return changed("network-script.pt", {"constants.pkl": content}, tmp_path / "m.pt")

    assert inspect_model(made(b"__torch__\nWay")).format == "torch"
    with pytest.raises(ModelUnsafeError):
        inspect_model(made(b"collections\nOrderedDict"))


@pytest.mark.parametrize("content", [b"ctorch\nper_channel_affine\n", b"cbuiltins\ncomplex\n(K\x01K\x02tR"])
def test_what_quantized_weights_and_complex_attributes_name_passes(tmp_path: Path, content: bytes) -> None:
    path = changed("network-script.pt", {"constants.pkl": b"\x80\x02(%st." % content}, tmp_path / "m.pt")
    assert inspect_model(path).format == "torch"


def test_a_class_in_cpp_that_holds_no_weights_is_not_made_by_a_pickle(tmp_path: Path) -> None:
    def made(name: bytes) -> Path:
        return changed("network-script.pt", {"constants.pkl": b"\x80\x02c%s\n)\x81}b." % name}, tmp_path / "m.pt")

    for name in (b"__torch__.torch.classes.c10d\nWork", b"__torch__\ntorch.classes.c10d.Work"):
        with pytest.raises(ModelUnsafeError, match=r"__torch__\.torch\.classes\.c10d\.Work"):
            inspect_model(made(name))
    assert inspect_model(made(b"__torch__.torch.classes.quantized\nLinearPackedParamsBase")).format == "torch"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("x: Tensor,\n    n: int", r"takes `n`, which is no tensor but int"),
        ("x: List[Tensor]", r"no tensor but List\[Tensor\]"),
        ("x: Optional[Tensor]=None", "takes no tensor"),
    ],
)
def test_a_forward_that_takes_more_than_tensors_is_refused(tmp_path: Path, arguments: str, said: str) -> None:
    with zipfile.ZipFile(MODELS / "network-script.pt") as archive:
        code = archive.read("network-script/code/__torch__.py").decode()
    code = code.replace("x: Tensor", arguments, 1)
    path = changed("network-script.pt", {"code/__torch__.py": code.encode()}, tmp_path / "m.pt")
    with pytest.raises(ModelUnsupportedError, match=said):
        inspect_model(path)


def _node(program: Any) -> Any:
    return program["graph_module"]["graph"]["nodes"][0]


def _named(program: Any, name: object) -> None:
    """Makes the program take an argument by this name."""
    signature = program["graph_module"]["module_call_graph"][0]["signature"]
    version, tree = json.loads(signature["in_spec"])
    tree["children_spec"][1] |= {
        "context": json.dumps([name]),
        "children_spec": [{"type": None, "context": None, "children_spec": []}],
    }
    signature |= {"in_spec": json.dumps([version, tree]), "forward_arg_names": None}


def _size(program: Any) -> Any:
    return program["graph_module"]["graph"]["tensor_values"]["x"]["sizes"][0]["as_expr"]


def _called(program: Any, name: str, size: str) -> None:
    """Gives a tensor of the graph a name and a size."""
    values = program["graph_module"]["graph"]["tensor_values"]
    values[name] = values.pop("x")
    values[name]["sizes"][0]["as_expr"]["expr_str"] = size


HOSTILE: dict[str, tuple[Callable[[Any], object], str]] = {
    "a size that is a program": (lambda p: _size(p).update(expr_str="__import__('os').system('true')"), "a size"),
    "a size that is an attribute": (lambda p: _size(p).update(expr_str="Symbol('s0').__class__"), "a size"),
    "a size in an operator": (
        lambda p: _node(p)["inputs"][0].update(arg={"as_expr": {"expr_str": "exec('1')"}}),
        "its expr_str",
    ),
    # A place is told by the schema: anything in a mapping may be called as a note or a text is.
    **{
        f"a size of a tensor called {name}": (lambda p, name=name: _called(p, name, "exec('1')"), "a size")
        for name in ("metadata", "as_string", "as_strings")
    },
    "a size among notes of no place": (
        lambda p: p["graph_module"]["graph"].update(metadata={"expr_str": "exec('1')"}),
        "its expr_str",
    ),
    "a size in place of a note": (
        lambda p: _node(p).update(metadata=[{"target": "a", "metadata": {"stack_trace": "exec('1')"}}]),
        "its stack_trace",
    ),
    # PyTorch writes what the program is handed into the code that checks it.
    "an input that is a text": (
        lambda p: p["graph_module"]["graph"]["inputs"].append({"as_string": "' or print(1) or '"}),
        "its as_string",
    ),
    "an input that is a number as text": (
        lambda p: p["graph_module"]["graph"]["inputs"].append({"as_int": "print"}),
        "its as_int",
    ),
    "a power of a power": (lambda p: _size(p).update(expr_str="9**9**9**9"), "a size"),
    "a power of a power by calls": (
        lambda p: _size(p).update(expr_str="Pow(Integer(9), Pow(Integer(9), Integer(9)))"),
        "a size",
    ),
    "a power in parentheses of a power": (lambda p: _size(p).update(expr_str="(((9**9)**9)**9)**9"), "a size"),
    "a power that is great": (
        lambda p: _size(p).update(expr_str="PowByNatural(Integer(9), Integer(99999999))"),
        "a size",
    ),
    "a power of a part of a number": (lambda p: _size(p).update(expr_str="9**Rational(1,1e-9)"), "a size"),
    "a sequence that is repeated": (lambda p: _size(p).update(expr_str="(1,)*999999999"), "a size"),
    "a number in words": (lambda p: _size(p).update(expr_str="Float('1', dps=999999999)"), "a size"),
    "a product of many sums": (
        lambda p: _size(p).update(expr_str="FloorDiv(" + "*".join(["(s0+s1)"] * 30) + ",Integer(7))"),
        "a size",
    ),
    "the greatest of too many": (
        lambda p: _size(p).update(expr_str=f"Max({','.join(f's{i}' for i in range(100))})"),
        "a size",
    ),
    "all sizes of an input, repeated": (lambda p: p.update(guards_code=["L['x'].size()*900000000 != 3"]), "checks"),
    "a power of a size": (lambda p: p.update(guards_code=["2**L['x'].size()[0] < 9"]), "checks"),
    "a guard of powers": (lambda p: p.update(guards_code=["L['x'].size()[0] < 9**9**9**9"]), "checks"),
    "a number of many digits": (lambda p: _size(p).update(expr_str="9" * 99), "a size"),
    "a number of a great exponent": (lambda p: _size(p).update(expr_str="floor(Float('1e9999'))"), "a size"),
    "a text that is multiplied": (lambda p: _size(p).update(expr_str="Symbol('a'*9999999999)"), "a size"),
    "a precision of many digits": (lambda p: _size(p).update(expr_str="Float('1.0', precision=9999)"), "a size"),
    "a guard that is a program": (lambda p: p.update(guards_code=["print(1) or L['x'].size()[0] == 1"]), "checks"),
    "a guard that closes its call": (lambda p: p.update(guards_code=["1, ''); import os; ('"]), "checks"),
    "a function of torch": (lambda p: _node(p).update(target="torch.hub.load"), r"calls torch\.hub\.load"),
    "a module in torch": (lambda p: _node(p).update(target="torch.os.system"), r"calls torch\.os\.system"),
    "an operator that reads files": (lambda p: _node(p).update(target="torch.ops.aten.from_file.default"), "from_file"),
    "a library that is loaded": (lambda p: _node(p).update(target="torch.ops.load_library"), "load_library"),
    "an operator that reads files as an argument": (
        lambda p: _node(p)["inputs"][0].update(arg={"as_operator": "torch.ops.aten.from_file.default"}),
        "from_file",
    ),
    "an operator that writes files, without its overload": (
        lambda p: _node(p)["inputs"][0].update(arg={"as_operator": "torch.ops.aten.save"}),
        "save",
    ),
    "a module as an argument": (lambda p: _node(p)["inputs"][0].update(arg={"as_operator": "torch"}), "calls torch"),
    "an attribute of an operator": (
        lambda p: _node(p).update(target="torch.ops.aten.relu.__getattribute__"),
        "__getattribute__",
    ),
    "what is no operator of torch but a method": (
        lambda p: _node(p).update(target="torch.ops.prim.__and__.Tensor"),
        "__and__",
    ),
    "an attribute of a higher operator": (
        lambda p: _node(p).update(target="torch.ops.higher_order.cond.py_impl"),
        "py_impl",
    ),
    "a function of operator": (lambda p: _node(p).update(target="_operator.methodcaller"), "methodcaller"),
    "a name that is code": (lambda p: _node(p).update(name="x=1); import os; ("), "its name"),
    "code in the name of an argument": (lambda p: _named(p, "a=print(1)"), "odd names"),
    "an argument without a name": (lambda p: _named(p, ""), "odd names"),
    "a number as the name of an argument": (lambda p: _named(p, 1), "odd names"),
    "an argument that is code": (
        lambda p: p["graph_module"]["module_call_graph"][0]["signature"].update(forward_arg_names=["x=print(1)"]),
        "forward_arg_names",
    ),
    "a weight's name that is code": (
        lambda p: p["graph_module"]["signature"]["input_specs"][0]["parameter"].update(parameter_name='a"]; b["'),
        "parameter_name",
    ),
    "a key that is code": (lambda p: p["range_constraints"].update({"a b;": {"min_val": 0, "max_val": 1}}), "odd name"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_text_that_would_be_evaluated_is_refused(tmp_path: Path, case: str) -> None:
    change, said = HOSTILE[case]
    with pytest.raises(ModelUnsafeError, match=said):
        inspect_model(with_program("network-export.pt", change, tmp_path / "m.pt"))


def _spec_of(kind: str, keys: str) -> str:
    children = [{"type": None, "context": None, "children_spec": []}] * len(json.loads(keys))
    return json.dumps([1, {"type": kind, "context": keys, "children_spec": children}])


@pytest.mark.parametrize("kind", ["builtins.dict", "collections.OrderedDict"])
def test_the_outputs_are_the_keys_of_a_mapping(tmp_path: Path, kind: str) -> None:
    def change(program: Any) -> None:
        program["graph_module"]["module_call_graph"][0]["signature"]["out_spec"] = _spec_of(
            kind, '["n-m sc/ore \\u00e4"]'
        )

    path = with_program("network-export.pt", change, tmp_path / "m.pt")
    assert inspect_model(path).outputs == (Signature("n-m sc/ore ä", "float32", ("batch", 3)),)


@pytest.mark.parametrize("key", ["a'b", 'a"b', "a\\b", "a\nb", "a{b}", "a\u2028b"])
def test_a_key_that_would_end_its_quotes_is_refused(tmp_path: Path, key: str) -> None:
    def change(program: Any) -> None:
        signature = program["graph_module"]["module_call_graph"][0]["signature"]
        signature["out_spec"] = _spec_of("builtins.dict", json.dumps([key]))

    with pytest.raises(ModelUnsafeError, match="odd names"):
        inspect_model(with_program("network-export.pt", change, tmp_path / "m.pt"))


def test_names_in_letters_of_all_languages_pass(tmp_path: Path) -> None:
    def change(program: Any) -> None:
        graph = program["graph_module"]
        graph["module_call_graph"].append({"fqn": "schicht_ä.n-m", "signature": None})
        graph["signature"]["input_specs"][0]["parameter"]["parameter_name"] = "schicht_ä.n-m.weight"
        _node(program)["name"] = "schicht_ä"

    assert inspect_model(with_program("network-export.pt", change, tmp_path / "m.pt")).format == "torch"


@pytest.mark.parametrize("name", ["a b", "a-b", "\uff45val", "\ufb01x"])
def test_a_node_whose_name_is_none_in_python_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelUnsafeError, match="its name"):
        inspect_model(with_program("network-export.pt", lambda p: _node(p).update(name=name), tmp_path / "m.pt"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: _node(p).update(target="torch.ops.torchvision.nms.default"), "operators of torchvision"),
        (lambda p: p["schema_version"].update(major=9), "version 9"),
        (
            lambda p: p["graph_module"]["treespec_namedtuple_fields"].update({"a.B": {"field_names": ["c"]}}),
            "named tuple",
        ),
        (
            lambda p: p["graph_module"]["module_call_graph"][0]["signature"].update(
                out_spec='[1, {"type": "transformers.Output", "context": "[]", "children_spec": []}]'
            ),
            r"transformers\.Output",
        ),
        (
            lambda p: p["graph_module"]["signature"]["input_specs"][-1]["user_input"].update(arg={"as_int": 3}),
            "no tensor, but of the kind int",
        ),
    ],
)
def test_a_program_that_the_pod_could_not_load_is_refused(
    tmp_path: Path, change: Callable[[Any], object], said: str
) -> None:
    with pytest.raises(ModelUnsupportedError, match=said):
        inspect_model(with_program("network-export.pt", change, tmp_path / "m.pt"))


def test_a_program_of_more_parts_than_any_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = with_program("network-export.pt", lambda p: p.update(more=[{}] * 250_000), tmp_path / "m.pt")
    with pytest.raises(ModelUnsupportedError, match=r"model\.json in the archive has more parts") as refused:
        inspect_model(path)
    assert "ONNX" in str(refused.value.hint)


def test_powers_without_end_are_refused_at_once(tmp_path: Path) -> None:
    def change(program: Any) -> None:
        size = "+".join(["Pow(Symbol('s77'), Integer(2))"] * 50)
        sizes = [{"as_expr": {"expr_str": f"{size}+{number}"}} for number in range(500)]
        program["graph_module"]["graph"]["tensor_values"]["x"]["sizes"] += sizes

    begin = time.process_time()
    with pytest.raises(ModelUnsupportedError, match="more different sizes"):
        inspect_model(with_program("network-export.pt", change, tmp_path / "m.pt"))
    assert time.process_time() - begin < SECONDS


def test_a_program_without_a_graph_is_refused(tmp_path: Path) -> None:
    path = with_program("network-export.pt", lambda p: p.update(graph_module=[]), tmp_path / "m.pt")
    with pytest.raises(ModelUnreadableError, match="lacks what PyTorch writes"):
        inspect_model(path)


def test_weights_that_would_be_unpickled_are_refused(tmp_path: Path) -> None:
    member = "data/weights/model_weights_config.json"
    with zipfile.ZipFile(MODELS / "network-export.pt") as archive:
        document = json.loads(archive.read(next(name for name in archive.namelist() if name.endswith(member))))
    next(iter(document["config"].values()))["use_pickle"] = True
    path = changed("network-export.pt", {member: json.dumps(document).encode()}, tmp_path / "m.pt")
    with pytest.raises(ModelUnsafeError, match="pickled object"):
        inspect_model(path)


def test_a_compiled_library_is_refused(tmp_path: Path) -> None:
    path = changed("network-export.pt", {"data/aotinductor/model/a.so": b"\x7fELF"}, tmp_path / "m.pt")
    with pytest.raises(ModelUnsafeError, match="compiled library"):
        inspect_model(path)


@pytest.mark.parametrize("name", ["__and__", "__or__", "__xor__", "__rshift__", "__ilshift__"])
def test_a_program_with_signs_between_tensors_is_read(tmp_path: Path, name: str) -> None:
    """As `(ids != 0) & (ids < 9)`, a mask of most models of text."""
    path = with_program(
        "network-export.pt", lambda p: _node(p).update(target=f"torch.ops.aten.{name}.Tensor"), tmp_path / "m.pt"
    )
    assert inspect_model(path).format == "torch"


def test_a_program_with_the_functions_of_sizes_is_read(tmp_path: Path) -> None:
    symbol = "Symbol('s77', positive=True, integer=True)"
    power = f"FloatPow(ToFloat(Pow({symbol}, Integer(2))), Float('0.5', precision=53))"
    text = f"Mod(Add(Mul(Integer(-2), {symbol}), Integer(1), FloorToInt({power})), Integer(8))"

    def change(program: Any) -> None:
        _size(program)["expr_str"] = text
        program["guards_code"] = [
            "8*(L['x'].size()[0]//8) == L['x'].size()[0] and not L['x'].size()[0] < 8",
            "L['x']['é n-m'].size()[1] ** 2 <= 64",
        ]

    path = with_program("network-export.pt", change, tmp_path / "m.pt")
    assert inspect_model(path).inputs == (Signature("x", "float32", (None, 4)),)


@pytest.mark.parametrize("text", ["1" * 19_999 + "!", "Symbol('" + "s" * 19_000, "((" * 9_000 + "!", "L['x']" * 3_000])
def test_a_long_text_is_judged_at_once(tmp_path: Path, text: str) -> None:
    def change(program: Any) -> None:
        _size(program)["expr_str"] = text
        program["guards_code"] = [text]

    with pytest.raises(ModelUnsafeError):
        inspect_model(with_program("network-export.pt", change, tmp_path / "m.pt"))


@pytest.mark.parametrize("name", ["network-script.pt", "network-export.pt", "weights.pt"])
def test_every_beginning_of_an_archive_is_refused(tmp_path: Path, name: str) -> None:
    whole = (MODELS / name).read_bytes()
    path = tmp_path / "m.pt"
    for length in range(1, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelError):
            inspect_model(path)


def test_an_archive_with_a_member_outside_of_its_folder_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(MODELS / "weights.pt") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    path = tmp_path / "m.pt"
    path.write_bytes(zipped({**members, "other/data.pkl": EVIL}))
    with pytest.raises(ModelUnreadableError, match="outside of its folder"):
        inspect_model(path)


def test_a_file_of_nothing_that_predicts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.pt"
    buffer = io.BytesIO()
    pickle.dump({"epoch": 3}, buffer, 2)
    path.write_bytes(zipped({"x/data.pkl": buffer.getvalue(), "x/version": b"3"}))
    with pytest.raises(ModelUnsupportedError, match="no model and no weights"):
        inspect_model(path)
