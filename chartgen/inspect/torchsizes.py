"""Judges the sizes in a torch.export program, and the guards that compare them, by their grammar and by their cost.

PyTorch hands a size to sympy as a text, which Python evaluates, and makes a function out of the guards. So only the
words of PyTorch's own printers may be there (torch/_export/serde/serialize.py, torch/export/_unlift.py), each where it
takes numbers; and as a short text can say a computation without end, what it would cost is bounded too.
"""

from __future__ import annotations

import ast
import re
from math import ceil, prod
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_POWERS = frozenset({"Pow", "PowByNatural", "FloatPow"})
_LATTICES = frozenset({"Max", "Min", "And", "Or"})
_OF_ONE = """Abs Not floor ceiling ToFloat TruncToInt TruncToFloat CeilToInt FloorToInt RoundToInt OpaqueUnaryFn_sqrt
    math.floor math.ceil math.trunc math.sqrt"""
_OF_TWO = """Mod PythonMod FloorDiv CeilDiv CleanDiv IntTrueDiv FloatTrueDiv Eq Ne Ge Gt Le Lt Equality Unequality
    GreaterThan StrictGreaterThan LessThan StrictLessThan"""
_ARGUMENTS = dict.fromkeys(_OF_ONE.split(), 1) | dict.fromkeys(_OF_TWO.split(), 2) | {"ModularIndexing": 3, "Where": 3}
_VARIABLE = re.compile(r"[su]\d{1,9}|u?zuf\d{1,9}|true|false", re.ASCII)
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,40}(?:\.\d{1,40})?(?:e[+-]?\d{1,2})?", re.ASCII)
_PROPERTIES = frozenset({"positive", "integer", "nonnegative", "nonzero", "finite", "real"})
# The way to an input, L['tokens'][0], of which a guard asks a size, a stride, or where it begins.
_PLACE = re.compile(
    r"L(?:\['[^'\"\\{}]+'\]|\[\d{1,9}\])+\.(?:(?:size|stride)\(\)\[\d{1,9}\]|storage_offset\(\))", re.ASCII
)
_LETTERS = re.compile(r"[\w .,()'=<>!+*/%\-]*", re.ASCII)
_SYMBOL = re.compile(r"Symbol\('(\w+)'(?:, \w+=True)*\)", re.ASCII)
_SIMPLE = re.compile(
    r"Symbol\('[A-Za-z_]\w*'(?:, (?:positive|integer|nonnegative)=True)*\)|Integer\(-?\d{1,18}\)", re.ASCII
)

_LONGEST = 20_000
_MOST_TERMS = 500
_MOST_DIGITS = 1_000
_MOST_ALTERNATIVES = 16
_DIGITS_OF_A_SIZE = 19  # as 2**63 has
_DIGITS_OF_A_FLOAT = 17  # that count, behind the point
_BEYOND_ALL_NUMBERS = 10**40

_ORDERS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)


class _Cost(NamedTuple):
    """What an expression amounts to.

    Attributes:
        terms: At most how many terms it has when it is multiplied out.
        digits: At most how many digits its value has.
        alternatives: How many arguments it adds to a `Max` or an `Or` around it.
    """

    terms: int = 1
    digits: int = 1
    alternatives: int = 1


class _NoSizeError(ValueError):
    """An expression is none of sizes, or would cost too much."""


def is_simple(text: str) -> bool:
    """Whether a size is a symbol or a number and nothing else, which needs no further judgement."""
    return _SIMPLE.fullmatch(text) is not None


def is_size(text: str) -> bool:
    """Whether an expression computes with symbols and numbers, and soon."""
    return is_simple(text) or _is_bounded(text, texts=True)


def is_guard(text: str) -> bool:
    """Whether a guard compares nothing but sizes of the inputs, and soon."""
    # A place is a number as any symbol is; what else is between quotes is no guard.
    return text.isprintable() and len(text) <= _LONGEST and _is_bounded(_PLACE.sub("s0", text), texts=False)


def symbol_of(text: str) -> str | None:
    """The name of a size that is a symbol and nothing else; None for one that is computed."""
    found = _SYMBOL.fullmatch(text)
    return found[1] if found else None


def _is_bounded(text: str, *, texts: bool) -> bool:
    if len(text) > _LONGEST or not _LETTERS.fullmatch(text) or (not texts and "'" in text):
        return False
    try:
        _cost(ast.parse(text, mode="eval").body)
    # Python's parser says so of what is nested too deeply, or has too many digits.
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True


def _cost(node: ast.expr) -> _Cost:
    """What an expression of sizes amounts to; raises _NoSizeError for any other."""
    match node:
        case ast.Constant() | ast.Call(func=ast.Name(id="Integer" | "Float" | "Rational")):
            cost = _Cost(digits=_digits(_value(node)))
        case ast.Name(id=name) if _VARIABLE.fullmatch(name):
            cost = _Cost(digits=_DIGITS_OF_A_SIZE)
        case ast.Call(func=ast.Name(id="Symbol")):
            cost = _symbol(node)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            cost = _call(name, arguments)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="math"), attr=name), args=[argument], keywords=[]):
            cost = _call(f"math.{name}", [argument])
        case _:
            cost = _operation(node)
    if cost.terms > _MOST_TERMS or cost.digits > _MOST_DIGITS or cost.alternatives > _MOST_ALTERNATIVES:
        raise _NoSizeError
    return cost


def _operation(node: ast.expr) -> _Cost:
    """What an operation amounts to that is written by a sign."""
    match node:
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Not(), operand=operand):
            return _cost(operand)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(left, right)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _SIGNS:
            return _SIGNS[type(sign)]([_cost(left), _cost(right)])
        case ast.BoolOp(values=values):
            return _choice([_cost(value) for value in values])
        case ast.Compare(left=left, ops=signs, comparators=others) if all(isinstance(sign, _ORDERS) for sign in signs):
            return _opaque([_cost(value) for value in (left, *others)])
        case _:
            raise _NoSizeError


def _call(name: str, arguments: Sequence[ast.expr]) -> _Cost:
    """What a function of sizes amounts to."""
    if name in _POWERS and len(arguments) == 2:  # noqa: PLR2004 - base and exponent
        return _power(*arguments)
    costs = [_cost(argument) for argument in arguments]
    if costs and name == "Add":
        return _sum(costs)
    if costs and name == "Mul":
        return _product(costs)
    if costs and name in _LATTICES:
        return _choice(costs)
    if _ARGUMENTS.get(name) != len(costs):
        raise _NoSizeError
    return _opaque(costs)


def _sum(costs: Sequence[_Cost]) -> _Cost:
    return _Cost(sum(cost.terms for cost in costs), max(cost.digits for cost in costs) + len(costs))


def _product(costs: Sequence[_Cost]) -> _Cost:
    return _Cost(prod(cost.terms for cost in costs), sum(cost.digits for cost in costs))


def _power(base: ast.expr, exponent: ast.expr) -> _Cost:
    """What a power amounts to: only a constant exponent says how much that is."""
    cost, times = _cost(base), ceil(max(1, abs(_value(exponent))))
    if times > _MOST_DIGITS:
        raise _NoSizeError
    return _Cost(cost.terms**times, cost.digits * times)


def _choice(costs: Sequence[_Cost]) -> _Cost:
    """What is one of several: sympy compares each of them with each other one."""
    return _Cost(1, max(cost.digits for cost in costs), sum(cost.alternatives for cost in costs))


def _opaque(costs: Sequence[_Cost]) -> _Cost:
    """What is not multiplied out, and at most as long as a product."""
    return _Cost(1, sum(cost.digits for cost in costs))


_SIGNS: dict[type[ast.operator], Callable[[Sequence[_Cost]], _Cost]] = {
    ast.Add: _sum,
    ast.Sub: _sum,
    ast.Mult: _product,
    ast.Div: _product,
    ast.FloorDiv: _opaque,
    ast.Mod: _opaque,
}


def _symbol(call: ast.Call) -> _Cost:
    """What `Symbol('s0', integer=True)` amounts to."""
    said = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
    properties = {word.arg for word in call.keywords if isinstance(word.value, ast.Constant)}
    if len(call.args) != 1 or not said or not isinstance(said[0], str) or not _NAME.fullmatch(said[0]):
        raise _NoSizeError
    if len(properties) != len(call.keywords) or not properties <= _PROPERTIES:
        raise _NoSizeError
    return _Cost(digits=_DIGITS_OF_A_SIZE)


def _value(node: ast.expr) -> int | float:
    """The value of a constant; raises _NoSizeError for anything else, and for one beyond all sizes."""
    value: int | float
    match node:
        case ast.Constant(value=int() | float() as found):
            value = found
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = -_value(operand)
        case ast.Call(func=ast.Name(id="Integer"), args=[whole], keywords=[]):
            value = _whole(whole)
        case ast.Call(func=ast.Name(id="Rational"), args=[over, under], keywords=[]) if _whole(under):
            value = _whole(over) / _whole(under)
        case ast.Call(func=ast.Name(id="Float"), args=[ast.Constant(value=str() as text)], keywords=words):
            value = _decimal(text, words)
        case _:
            raise _NoSizeError
    if not abs(value) < _BEYOND_ALL_NUMBERS:
        raise _NoSizeError
    return value


def _decimal(text: str, words: Sequence[ast.keyword]) -> float:
    """The value of `Float('0.5', precision=53)`."""
    precise = all(word.arg == "precision" and _value(word.value) < _MOST_DIGITS for word in words)
    if not precise or not _DECIMAL.fullmatch(text):
        raise _NoSizeError
    return float(text)


def _whole(node: ast.expr) -> int:
    value = _value(node)
    if not isinstance(value, int):
        raise _NoSizeError
    return value


def _digits(value: float) -> int:
    return len(str(int(abs(value)))) + (0 if isinstance(value, int) else _DIGITS_OF_A_FLOAT)
