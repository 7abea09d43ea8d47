"""The texts in a torch.export program that Python evaluates when it is loaded: only harmless ones are let pass.

PyTorch hands the sizes (`expr_str`) to sympy, which evaluates them, makes a function out of the guards, and looks
operators up by their dotted names. So a text may hold nothing but the words that PyTorch's own printer writes
(torch/_export/serde/serialize.py, torch/export/_unlift.py).
"""

from __future__ import annotations

import ast
import re
from math import inf

_FUNCTIONS = (
    "Symbol|Integer|Float|Rational|Add|Mul|Pow|Abs|Max|Min|Mod|PythonMod|FloorDiv|CeilDiv|CleanDiv|IntTrueDiv|"
    "FloatTrueDiv|ModularIndexing|Where|Piecewise|Eq|Ne|Ge|Gt|Le|Lt|Equality|Unequality|GreaterThan|StrictGreaterThan|"
    "LessThan|StrictLessThan|And|Or|Not|floor|ceiling|ToFloat|TruncToInt|TruncToFloat|CeilToInt|FloorToInt|RoundToInt|"
    "PowByNatural|FloatPow|OpaqueUnaryFn_sqrt|true|false"
)
# Each alternative is atomic and each repetition possessive, so that matching takes one step forward at a time.
_NUMBER = r"(?<![\w.])\d{1,40}+(?:\.\d{1,40}+)?(?:e[+-]?\d{1,3}+)?(?![\w.])"
_PROPERTY = r"(?:positive|integer|nonnegative|nonzero|finite|real)=(?:True|False)|precision=\d{1,3}+(?!\d)"
# A text outside of these two calls could be multiplied.
_QUOTED = rf"(?<=\bSymbol\()'[A-Za-z_]\w*+'(?=[,)])|(?<=\bFloat\()'-?{_NUMBER}'(?=[,)])"
_SYMBOL_WORDS = r"[su]\d++\b|u?zuf\d++\b"
_EXPRESSION = re.compile(
    rf"(?>{_QUOTED}|\b(?:{_FUNCTIONS})\b|{_PROPERTY}|{_SYMBOL_WORDS}|{_NUMBER}|[-+*/%(),<>= ])++",
    re.ASCII,
)
# L['tokens'].size()[0] == L['weight'].size()[0] and 4*(L['x'].size()[1]//4) == L['x'].size()[1]
_PLACE = r"L(?:\['[^'\"\\{}]++'\]|\[\d++\])++\.(?:size|stride|storage_offset)\(\)(?:\[\d++\])?"
_WORDS = rf"{_FUNCTIONS}|and|or|not|True|False|math\.(?:floor|ceil|trunc|sqrt)"
_GUARD = re.compile(rf"(?>{_PLACE}|\b(?:{_WORDS})\b|{_NUMBER}|[-+*/%(),<>=! ])++", re.ASCII)
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
_OUTSIDE = frozenset({"from_file", "save", "load"})
_PYTHON = frozenset(
    {"add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "neg", "pos", "eq", "ne", "lt", "le", "gt", "ge"}
    | {"and_", "or_", "not_", "xor", "getitem", "truth", "index", "lshift", "rshift", "abs"}
    | {"ceil", "floor", "trunc", "sqrt", "log2", "isqrt"}
)
_SYMBOL = re.compile(r"Symbol\('(\w+)'(?:, \w+=True)*\)", re.ASCII)

# Nothing that one of these patterns matches is as long.
_LONGEST = 20_000
_LONGEST_WITH_POWERS = 2_000
_POWERS = frozenset({"Pow", "PowByNatural", "FloatPow"})
_CONSTANTS = frozenset({"Integer", "Float", "Rational"})
# A power of a power of a number has more digits than fit anywhere; squares and cubes of sizes are what models have.
_DEGREE = 16


def is_size(text: str) -> bool:
    """Whether an expression holds nothing but symbols, numbers and the functions of sizes."""
    return len(text) <= _LONGEST and _EXPRESSION.fullmatch(text) is not None and _powers_are_small(text)


def is_guard(text: str) -> bool:
    """Whether a guard compares nothing but sizes of the inputs."""
    return (
        len(text) <= _LONGEST and text.isprintable() and _GUARD.fullmatch(text) is not None and _powers_are_small(text)
    )


def has_powers(text: str) -> bool:
    """Whether there may be a power in a text, which makes it longer to judge."""
    return "Pow" in text or "**" in text


def _powers_are_small(text: str) -> bool:
    """Whether all powers have constant exponents, which multiplied along a nesting stay small.

    Args:
        text: An expression of the words that are let pass.
    """
    if not has_powers(text):
        return True
    if len(text) > _LONGEST_WITH_POWERS:
        return False
    try:
        return _degree(ast.parse(text, mode="eval")) <= _DEGREE
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False


def _degree(node: ast.AST) -> float:
    """The greatest product of exponents along a nesting; infinity where one is not a constant."""
    base: ast.AST
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        base, exponent = node.left, node.right
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _POWERS:
        if len(node.args) != 2 or node.keywords:  # noqa: PLR2004 - base and exponent
            return inf
        base, exponent = node.args
    else:
        return max(map(_degree, ast.iter_child_nodes(node)), default=1)
    return _degree(base) * max(1, _constant(exponent))


def _constant(node: ast.AST) -> float:
    """The size of an exponent, without its sign; infinity of one that is not a constant."""
    if isinstance(node, ast.UnaryOp):
        return _constant(node.operand)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CONSTANTS and node.args:
        return _constant(node.args[0])
    found = node.value if isinstance(node, ast.Constant) else None
    return abs(float(found)) if isinstance(found, int | float | str) else inf


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
    if found["higher"]:
        return "torch" if found["higher"] in _HIGHER else None
    if found["library"] is None:
        return "torch" if target.startswith("torch.") or target.rpartition(".")[2] in _PYTHON else None
    # What begins so is no operator but an attribute of Python's, such as `__getattribute__`.
    if found["name"] in _OUTSIDE or found["name"].startswith("__") or found["overload"].startswith("_"):
        return None
    return "torch" if found["library"] in _OWN else found["library"]
