"""The texts in a torch.export program that Python evaluates when it is loaded: only harmless ones are let pass.

PyTorch hands the sizes (`expr_str`) to sympy, which evaluates them, makes a function out of the guards, and looks
operators up by their dotted names. So a text may hold nothing but the words that PyTorch's own printer writes
(torch/_export/serde/serialize.py, torch/export/_unlift.py).
"""

from __future__ import annotations

import re

_FUNCTIONS = (
    "Symbol|Integer|Float|Rational|Add|Mul|Pow|Abs|Max|Min|Mod|PythonMod|FloorDiv|CeilDiv|CleanDiv|IntTrueDiv|"
    "FloatTrueDiv|ModularIndexing|Where|Piecewise|Eq|Ne|Ge|Gt|Le|Lt|Equality|Unequality|GreaterThan|StrictGreaterThan|"
    "LessThan|StrictLessThan|And|Or|Not|floor|ceiling|ToFloat|TruncToInt|TruncToFloat|CeilToInt|FloorToInt|RoundToInt|"
    "PowByNatural|FloatPow|OpaqueUnaryFn_sqrt|true|false"
)
# Each alternative is atomic and each repetition possessive, so that matching takes one step forward at a time.
_NUMBER = r"\d++(?:\.\d++)?(?:e[+-]?\d++)?"
_PROPERTY = r"(?:positive|integer|nonnegative|nonzero|finite|real)=(?:True|False)|precision=\d++"
_SYMBOL_WORDS = r"[su]\d++\b|u?zuf\d++\b"
_EXPRESSION = re.compile(
    rf"(?>'[A-Za-z_]\w*+'|'-?{_NUMBER}'|\b(?:{_FUNCTIONS})\b|{_PROPERTY}|{_SYMBOL_WORDS}|{_NUMBER}|[-+*/%(),<>= ])++",
    re.ASCII,
)
# L['tokens'].size()[0] == L['weight'].size()[0] and 4*(L['x'].size()[1]//4) == L['x'].size()[1]
_PLACE = r"L(?:\['\w++'\]|\[\d++\])++\.(?:size|stride|storage_offset)\(\)(?:\[\d++\])?"
_WORDS = rf"{_FUNCTIONS}|and|or|not|True|False|math\.(?:floor|ceil|trunc|sqrt)"
_GUARD = re.compile(rf"(?>{_PLACE}|\b(?:{_WORDS})\b|{_NUMBER}|[-+*/%(),<>=! ])++", re.ASCII)
_OPERATOR = re.compile(
    r"torch\.ops\.(\w+)\.(\w+)(?:\.(\w+))?|torch\.sym_\w+|torch\._sym_\w+|_operator\.\w+|math\.\w+", re.ASCII
)
_OWN = frozenset({"aten", "prims", "prim", "quantized", "quantized_decomposed", "higher_order"})
# Control flow, and notes around a part of the program; others start programs of their own.
_HIGHER = frozenset(
    {"cond", "while_loop", "map_impl", "scan", "associative_scan", "invoke_subgraph", "strict_mode", "flex_attention"}
    | {"wrap_with_set_grad_enabled", "wrap_with_autocast", "auto_functionalized", "auto_functionalized_v2"}
)
_OUTSIDE = frozenset({"from_file", "save", "load"})
_PYTHON = frozenset(
    {"add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "neg", "pos", "eq", "ne", "lt", "le", "gt", "ge"}
    | {"and_", "or_", "not_", "xor", "getitem", "truth", "index", "lshift", "rshift", "abs"}
    | {"ceil", "floor", "trunc", "sqrt", "log2", "isqrt"}
)
_SYMBOL = re.compile(r"Symbol\('(\w+)'(?:, \w+=True)*\)", re.ASCII)

# Nothing that one of these patterns matches is as long.
_LONGEST = 20_000


def is_size(text: str) -> bool:
    """Whether an expression holds nothing but symbols, numbers and the functions of sizes."""
    return len(text) <= _LONGEST and _EXPRESSION.fullmatch(text) is not None


def is_guard(text: str) -> bool:
    """Whether a guard compares nothing but sizes of the inputs."""
    return len(text) <= _LONGEST and _GUARD.fullmatch(text) is not None


def symbol_of(text: str) -> str | None:
    """The name of a size that is a symbol and nothing else; None for one that is computed."""
    found = _SYMBOL.fullmatch(text)
    return found[1] if found else None


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
    if found[1] is None:
        return "torch" if target.startswith("torch.") or target.rpartition(".")[2] in _PYTHON else None
    if found[2] in _OUTSIDE or found[2].startswith("__") or (found[1] == "higher_order" and found[2] not in _HIGHER):
        return None
    return "torch" if found[1] in _OWN else found[1]
