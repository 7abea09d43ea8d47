"""Checks a user's handler by its text: parsed, never executed."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chartgen.service import kubernetes

if TYPE_CHECKING:
    from collections.abc import Iterator

# What the pod calls, and what it hands over.
FUNCTIONS = {
    "load": ("model",),
    "preprocess": ("value",),
    "predict": ("model", "inputs"),
    "postprocess": ("value",),
}
EXPECTED = (
    "any of `def load(model)`, `def preprocess(value)`, `def predict(model, inputs)` and `def postprocess(value)`"
)

# The Python of the pod.
PYTHON = (3, 11)

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class HandlerProblem:
    """One reason why a handler cannot be used.

    Attributes:
        message: The reason.
        line: The line in the handler, from 1; 0 for the file as a whole.
        expected: What was wanted.
    """

    message: str
    line: int = 0
    expected: str | None = None


def functions(content: bytes) -> frozenset[str]:
    """The functions of a handler that the pod calls, of `load`, `preprocess`, `predict` and `postprocess`.

    Args:
        content: The bytes of a handler in which `problems` finds nothing.
    """
    return frozenset(_called(ast.parse(content, feature_version=PYTHON)))


def problems(content: bytes) -> list[HandlerProblem]:
    """Everything because of which a handler cannot be used.

    Args:
        content: The bytes of the Python file.
    """
    if content.startswith(BYTE_ORDER_MARK):
        return [HandlerProblem("starts with a byte-order mark", expected="UTF-8 without one")]
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return [HandlerProblem(f"holds the byte 0x{content[error.start]:02x}, which is not UTF-8", line, "UTF-8")]
    lost = kubernetes.LOST.search(text)
    if lost:
        line = text.count("\n", 0, lost.start()) + 1
        message = f"holds the character U+{ord(lost.group()):04X}, which does not reach the pod as it is"
        return [HandlerProblem(message, line, "an escape such as \\x85")]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the handler's own style is its author's business
            module = ast.parse(text, feature_version=PYTHON)
    except SyntaxError as error:
        return [HandlerProblem(f"is not Python: {error.msg}", error.lineno or 0)]
    except (ValueError, RecursionError, MemoryError) as error:
        return [HandlerProblem(f"is not Python: {str(error) or 'nested too deeply'}")]
    return _judge(module)


def _judge(module: ast.Module) -> list[HandlerProblem]:
    found = _called(module)
    if not found:
        return [HandlerProblem("defines none of the functions that are called", expected=EXPECTED)]
    return [problem for name, node in found.items() for problem in _mismatch(name, node)]


def _called(module: ast.Module) -> dict[str, ast.stmt]:
    return {name: node for node in _statements(module.body) for name in _defined(node) if name in FUNCTIONS}


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of the module's own level, those under `if` and `try` included."""
    for node in body:
        yield node
        for attribute in ("body", "orelse", "finalbody"):
            if isinstance(node, ast.If | ast.Try | ast.With):
                yield from _statements(getattr(node, attribute, []))
        if isinstance(node, ast.Try):
            for handler in node.handlers:
                yield from _statements(handler.body)


def _defined(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            yield name
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from (alias.asname or alias.name for alias in names)
        case _:
            pass


def _mismatch(name: str, node: ast.stmt) -> Iterator[HandlerProblem]:
    """Why a definition cannot be called with what the pod hands over; what only a run would tell is let pass."""
    parameters = FUNCTIONS[name]
    expected = f"def {name}({', '.join(parameters)})"
    count = f"{len(parameters)} argument{'s' if len(parameters) > 1 else ''}"
    match node:
        case ast.AsyncFunctionDef():
            yield HandlerProblem(f"`{name}` is an async function, and is called without await", node.lineno, expected)
        case ast.FunctionDef(args=arguments) if not node.decorator_list and not _takes(arguments, len(parameters)):
            yield HandlerProblem(f"`{name}` cannot be called with {count}", node.lineno, expected)
        case ast.Assign(value=ast.Lambda(args=arguments)) if not _takes(arguments, len(parameters)):
            yield HandlerProblem(f"`{name}` cannot be called with {count}", node.lineno, expected)
        case _:
            pass


def _takes(arguments: ast.arguments, count: int) -> bool:
    """Whether a function can be called with `count` positional arguments."""
    positional = len(arguments.posonlyargs) + len(arguments.args)
    required = positional - len(arguments.defaults)
    keyword_only = any(default is None for default in arguments.kw_defaults)
    return required <= count and (count <= positional or arguments.vararg is not None) and not keyword_only
