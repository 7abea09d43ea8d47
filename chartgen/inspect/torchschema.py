"""The shape of a torch.export program, and the texts in it, each with what it is by its place.

The shape is torch/_export/serde/schema.py of torch 2.13. A text is never judged by the name of its key alone: tensors,
sizes and weights are keys as well, under whatever names the file gives them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a text is for. Constants of the model and notes for people are left out.
NAME = "name"
"""Letters, digits and a few marks; also every text in a place that is none of the schema's."""
WORD = "word"
"""The name of a value or an argument: a name in Python code that PyTorch generates."""
PATH = "path"
"""The name of a weight, a module or an entry: quoted in that code, where it is no name of Python's."""
KEY = "key"
"""A key whose text the file chooses."""
NUMBER, SIZE, GUARD, TREE, OPERATOR = "number", "size", "guard", "tree", "operator"
_FREE = "free"
_NOTES = "{free}"

_ARGUMENT = {
    "as_tensor": "Named",
    "as_tensors": "[Named]",
    "as_sym_int": "Symbolic",
    "as_sym_ints": "[Symbolic]",
    "as_sym_float": "Symbolic",
    "as_sym_floats": "[Symbolic]",
    "as_sym_bool": "Symbolic",
    "as_sym_bools": "[Symbolic]",
    "as_device": "Device",
    "as_optional_tensor": "OptionalTensor",
    "as_optional_tensors": "[OptionalTensor]",
    "as_custom_obj": "CustomObject",
    "as_operator": OPERATOR,
    "as_nested_tensors": "[[Named]]",
    "as_complex": "Complex",
    **dict.fromkeys(("as_none", "as_int", "as_float", "as_bool", "as_ints", "as_floats", "as_bools"), NUMBER),
    **dict.fromkeys(("as_scalar_type", "as_memory_format", "as_layout", "as_int_lists", "as_float_lists"), NUMBER),
}
_TENSOR_VALUE = {"arg": "Named"}
# What each part holds: `[x]` is a list and `{x}` a mapping of such things. `Given` is the schema's Argument where the
# program is handed it: a text there would get into the code that checks the inputs.
_FIELDS: dict[str, dict[str, str]] = {
    "ExportedProgram": {
        "graph_module": "GraphModule",
        "opset_version": "{number}",
        "range_constraints": "{Range}",
        "schema_version": "SchemaVersion",
        "verifiers": "[name]",
        "torch_version": NAME,
        "guards_code": "[guard]",
    },
    "SchemaVersion": {"major": NUMBER, "minor": NUMBER},
    "Range": {"min_val": NUMBER, "max_val": NUMBER},
    "GraphModule": {
        "graph": "Graph",
        "signature": "Signature",
        "module_call_graph": "[ModuleCall]",
        "metadata": _NOTES,
        "treespec_namedtuple_fields": "{NamedTuple}",
    },
    "NamedTuple": {"field_names": "[word]"},
    "ModuleCall": {"fqn": PATH, "signature": "ModuleCallSignature"},
    "ModuleCallSignature": {
        "inputs": "[Given]",
        "outputs": "[Given]",
        "in_spec": TREE,
        "out_spec": TREE,
        "forward_arg_names": "[word]",
    },
    "Graph": {
        "inputs": "[Given]",
        "outputs": "[Argument]",
        "nodes": "[Node]",
        "tensor_values": "{Tensor}",
        "sym_int_values": "{Size}",
        "sym_float_values": "{Size}",
        "sym_bool_values": "{Size}",
        "is_single_tensor_return": NUMBER,
        "custom_obj_values": "{CustomObject}",
    },
    "Node": {
        "target": OPERATOR,
        "inputs": "[NamedArgument]",
        "outputs": "[Given]",
        "metadata": _NOTES,
        "is_hop_single_tensor_return": NUMBER,
        "name": WORD,
    },
    "NamedArgument": {"name": WORD, "arg": "Argument", "kind": NUMBER},
    "Given": _ARGUMENT | {"as_string": NAME, "as_strings": "[name]", "as_string_to_argument": "{Given}"},
    "Argument": _ARGUMENT
    | {"as_string": _FREE, "as_strings": "[free]", "as_string_to_argument": "{Argument}", "as_graph": "SubGraph"},
    "SubGraph": {"name": WORD, "graph": "Graph"},
    "Named": {"name": WORD},
    "Symbolic": {"as_name": WORD, "as_int": NUMBER, "as_float": NUMBER, "as_bool": NUMBER},
    "OptionalTensor": {"as_tensor": "Named", "as_none": NUMBER},
    "CustomObject": {"name": WORD, "class_fqn": NAME},
    "Complex": {"real": NUMBER, "imag": NUMBER},
    "Device": {"type": NAME, "index": NUMBER},
    "Tensor": {
        "dtype": NUMBER,
        "sizes": "[Size]",
        "requires_grad": NUMBER,
        "device": "Device",
        "strides": "[Size]",
        "storage_offset": "Size",
        "layout": NUMBER,
    },
    "Size": {"as_expr": "Expression", "as_int": NUMBER, "as_float": NUMBER, "as_bool": NUMBER},
    "Expression": {"expr_str": SIZE, "hint": "Hint"},
    "Hint": {"as_int": NUMBER, "as_float": NUMBER, "as_bool": NUMBER},
    "Signature": {"input_specs": "[Input]", "output_specs": "[Output]"},
    "Input": {
        "user_input": "GivenValue",
        "parameter": "Parameter",
        "buffer": "Buffer",
        "tensor_constant": "TensorConstant",
        "custom_obj": "CustomObjectInput",
        "token": "TensorValue",
        "constant_input": "ConstantInput",
    },
    "GivenValue": {"arg": "Given"},
    "TensorValue": _TENSOR_VALUE,
    "Parameter": _TENSOR_VALUE | {"parameter_name": PATH},
    "Buffer": _TENSOR_VALUE | {"buffer_name": PATH, "persistent": NUMBER},
    "TensorConstant": _TENSOR_VALUE | {"tensor_constant_name": PATH},
    "CustomObjectInput": {"arg": "CustomObject", "custom_obj_name": PATH},
    "ConstantInput": {"name": WORD, "value": "Given"},
    "Output": {
        "user_output": "UserOutput",
        "loss_output": "TensorValue",
        "buffer_mutation": "Buffer",
        "parameter_mutation": "Parameter",
        "gradient_to_parameter": "Parameter",
        "gradient_to_user_input": "InputMutation",
        "user_input_mutation": "InputMutation",
        "token": "TensorValue",
    },
    "UserOutput": {"arg": "Argument"},
    "InputMutation": _TENSOR_VALUE | {"user_input_name": WORD},
}
_CONTAINING = (str, list, dict)
_TEXTS = frozenset({NAME, WORD, PATH, NUMBER, SIZE, GUARD, TREE, OPERATOR, _FREE})


class Text(NamedTuple):
    """A text in a program.

    Attributes:
        role: What it is for: one of the constants of this module.
        field: The field that it is in, or under.
        text: The text.
    """

    role: str
    field: str
    text: str


def texts(document: Any) -> Iterator[Text]:
    """The texts in a program that are more than data, and the keys that the file chooses.

    Args:
        document: The program, as it was parsed.
    """
    waiting: list[tuple[str, str, Any]] = [("ExportedProgram", "", document)]
    while waiting:
        form, field, value = waiting.pop()
        if isinstance(value, str):
            if form != _FREE:
                yield Text(form if form in _TEXTS else NAME, field, value)
        elif isinstance(value, list):
            inner = form[1:-1] if form.startswith("[") else form if form == NUMBER else NAME
            waiting += [(inner, field, each) for each in value if isinstance(each, _CONTAINING)]
        elif isinstance(value, dict):
            known = _FIELDS.get(form, {})
            inner = form[1:-1] if form.startswith("{") else NAME
            waiting += [
                (known.get(key, inner), field if form.startswith("{") else key, each)
                for key, each in value.items()
                if isinstance(each, _CONTAINING)
            ]
            if form != _NOTES:
                yield from (Text(KEY, field, key) for key in value if key not in known)
