"""PyTorch files made by torch 2.13.0 (models/torch/make.py), and what is made of them to deceive."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from chartgen.errors import ModelError, ModelUnreadableError, ModelUnsafeError, ModelUnsupportedError
from chartgen.inspect import Signature, inspect_model
from tests.inspect.archives import MODELS, changed, with_program, zipped
from tests.inspect.conftest import Call

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
    "texts-script": [Signature("tokens", "int64", None), Signature("weight", "float32", None)],
    "texts-frozen": [Signature("tokens", "int64", None), Signature("weight", "float32", None)],
    "texts-export": [Signature("tokens", "int64", ("batch", "size_1")), Signature("weight", "float32", ("batch", 1))],
    # The first layer is a convolution of images.
    "images-script": [Signature("image", "float32", (None, None, None, None))],
    "images-trace": [Signature("image", "float32", (None, None, None, None))],
    "images-export": [Signature("image", "float32", (2, 1, 4, 4))],
    # Nothing but the type of the parameters; an argument that may be left out is.
    "doubled-script": [Signature("x", "float64", None)],
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


@pytest.mark.parametrize(
    ("line", "error", "said"),
    [
        ('    torch.save(x, "/tmp/x")', ModelUnsafeError, r"torch\.save"),
        ("    y = ops.aten.from_file(x)", ModelUnsafeError, "from_file"),
        ("    y = ops.torchvision.nms(x, x, 0.5)", ModelUnsupportedError, "operators of torchvision"),
    ],
)
def test_code_that_reaches_outside_of_the_model_is_refused(
    tmp_path: Path, line: str, error: type[ModelError], said: str
) -> None:
    with zipfile.ZipFile(MODELS / "network-script.pt") as archive:
        code = archive.read("network-script/code/__torch__.py").decode()
    code = code.replace("    return", f"{line}\n    return", 1)
    path = changed("network-script.pt", {"code/__torch__.py": code.encode()}, tmp_path / "m.pt")
    with pytest.raises(error, match=said):
        inspect_model(path)


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


def _size(program: Any) -> Any:
    return program["graph_module"]["graph"]["tensor_values"]["x"]["sizes"][0]["as_expr"]


HOSTILE: dict[str, tuple[Callable[[Any], object], str]] = {
    "a size that is a program": (lambda p: _size(p).update(expr_str="__import__('os').system('true')"), "a size"),
    "a size that is an attribute": (lambda p: _size(p).update(expr_str="Symbol('s0').__class__"), "a size"),
    "a size in an operator": (
        lambda p: _node(p)["inputs"][0].update(arg={"as_expr": {"expr_str": "exec('1')"}}),
        "size",
    ),
    "a guard that is a program": (lambda p: p.update(guards_code=["print(1) or L['x'].size()[0] == 1"]), "checks"),
    "a guard that closes its call": (lambda p: p.update(guards_code=["1, ''); import os; ('"]), "checks"),
    "a function of torch": (lambda p: _node(p).update(target="torch.hub.load"), r"calls torch\.hub\.load"),
    "a module in torch": (lambda p: _node(p).update(target="torch.os.system"), r"calls torch\.os\.system"),
    "an operator that reads files": (lambda p: _node(p).update(target="torch.ops.aten.from_file.default"), "from_file"),
    "a library that is loaded": (lambda p: _node(p).update(target="torch.ops.load_library"), "load_library"),
    "a function of operator": (lambda p: _node(p).update(target="_operator.methodcaller"), "methodcaller"),
    "a name that is code": (lambda p: _node(p).update(name="x=1); import os; ("), "its name"),
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


def test_a_program_with_the_functions_of_sizes_is_read(tmp_path: Path) -> None:
    text = "Mod(Add(Mul(Integer(-2), Symbol('s77', positive=True, integer=True)), Integer(1)), Integer(8))"

    def change(program: Any) -> None:
        _size(program)["expr_str"] = text
        program["guards_code"] = ["8*(L['x'].size()[0]//8) == L['x'].size()[0] and not L['x'].size()[0] < 8"]

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
