"""The operators that a torch.export program may call: PyTorch looks them up by their dotted names in the file."""

from __future__ import annotations

import re

_OPERATOR = re.compile(
    r"torch\.ops\.(?:higher_order\.(?P<higher>\w+)|(?P<library>(?!higher_order\.)\w+)\.(?P<name>\w+)\.(?P<overload>\w+))"
    r"|torch\.sym_\w+|torch\._sym_\w+|_operator\.\w+|math\.\w+",
    re.ASCII,
)
_OWN = frozenset({"aten", "prims", "prim", "quantized", "quantized_decomposed"})
# Control flow, and notes around a part of the program; others start programs of their own.
_HIGHER = frozenset(
    {"cond", "while_loop", "map_impl", "scan", "associative_scan", "invoke_subgraph", "strict_mode", "flex_attention"}
    | {"wrap_with_set_grad_enabled", "wrap_with_autocast", "auto_functionalized", "auto_functionalized_v2"}
)
# Operators of tensors under the names of Python's methods; a module, where PyTorch looks them up, has none of these.
_SIGNS = frozenset(
    {f"__{inplace}{sign}__" for inplace in ("", "i") for sign in ("and", "or", "xor", "lshift", "rshift")}
)
_OUTSIDE = frozenset({"from_file", "save", "load"})
_PYTHON = frozenset(
    {"add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "neg", "pos", "eq", "ne", "lt", "le", "gt", "ge"}
    | {"and_", "or_", "not_", "xor", "getitem", "truth", "index", "lshift", "rshift", "abs"}
    | {"ceil", "floor", "trunc", "sqrt", "log2", "isqrt"}
)


def library_of(target: str) -> str | None:
    """Which library an operator is of.

    Args:
        target: The operator's dotted name, as `torch.ops.aten.linear.default`.

    Returns:
        `torch`, the namespace of another library's operators, or None for what is no operator that computes.
    """
    found = _OPERATOR.fullmatch(target)
    if found is None:
        return None
    if found["higher"]:
        return "torch" if found["higher"] in _HIGHER else None
    if found["library"] is None:
        return "torch" if target.startswith("torch.") or target.rpartition(".")[2] in _PYTHON else None
    # What else begins so is no operator but an attribute of Python's, such as `__getattribute__`.
    is_method = found["name"].startswith("__") and not (found["library"] == "aten" and found["name"] in _SIGNS)
    if found["name"] in _OUTSIDE or is_method or found["overload"].startswith("_"):
        return None
    return "torch" if found["library"] in _OWN else found["library"]
