"""Judges the code in a TorchScript archive: nothing passes but what PyTorch's own printer writes.

The code is data to chartgen and a program to the pod, so it is not searched for what is bad: every character of it must
belong to a piece that torch/csrc/jit/serialization/python_print.cpp writes. The printer has no comments, line
continuations or spaces around a dot; it names `torch` and `ops` nowhere but in the call of an operator, and `ops`
where a class declares an attribute that is called so, which gives the name to nothing else; and the words
of torch/csrc/jit/frontend/lexer.h that run into what follows them (`is not`) are none of its own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from chartgen.errors import ModelUnsafeError, ModelUnsupportedError
from chartgen.inspect.printable import printable

if TYPE_CHECKING:
    from chartgen.inspect.readable import Readable

CLASSES = ("quantized", "sparse", "mkldnn", "rnn", "xnnpack")
"""The namespaces of torch's own classes in C++ that models are made of: weights as they were packed."""

# Operators of torch that read or write files.
_OUTSIDE = ("save", "load", "from_file")
_OWN = ("aten", "prim", "prims", "quantized", "_caffe2", "mkldnn", "mkldnn_prepacked", "prepacked", "sparse")
# Words of the language that the printer does not write, or that stand for more than themselves.
_KEPT = "torch|ops|__torch__|is|not|and|or|lambda|elif|assert|raise|del|global|break|continue|from"

_LONGEST = 255

# Each repetition is possessive, so that matching takes one step forward at a time.
_NAME = rf"[A-Za-z_]\w{{0,{_LONGEST - 1}}}+(?!\w)"
_COMPUTING = rf"(?!(?:{'|'.join(_OUTSIDE)})\b){_NAME}\("
_PIECES = (
    r'"(?!"")[^"\\\x00-\x1f]*+(?:\\[^\x00-\x1f][^"\\\x00-\x1f]*+)*+"(?!")',
    rf"torch\.(?:autograd\.(?:backward|grad)\(|{_COMPUTING})",
    rf"ops\.(?:{'|'.join(_OWN)})\.{_COMPUTING}",
    rf"__torch__(?!\.torch(?![\w.])|\.torch\.classes(?!\w|\.(?:{'|'.join(CLASSES)})\.))(?:\.{_NAME})++",
    rf"(?!(?:{_KEPT})\b){_NAME}(?:\.{_NAME})*+",
    r"(?<=\n  )ops : ",
    rf"(?<=[\])])\.{_NAME}(?:\.{_NAME})*+",
    r"[0-9]++\.?+[0-9]*+(?:e[+-]?+[0-9]++)?+j?+(?![\w.])",
    r"->|[-+()\[\]{},:= \n]",
)
_CODE = re.compile(rf"(?>{'|'.join(_PIECES)})*+", re.ASCII)
# What stands at the first place that is of no piece, as far as it is one name, however it is written.
_SPACED = re.compile(r"(?:torch|ops)\b(?:[\s\\]{0,9}+\.[\s\\]{0,9}+\w{1,99}+){0,9}+", re.ASCII)
_SHOWN = 60


class _Odd(NamedTuple):
    """The first thing in the code that PyTorch does not write, or that the pod must not or cannot run.

    Attributes:
        kind: `file` for an operator that reads or writes files, `library` for one of another library, else `form`.
        said: The operator, the library, or the text from there on.
        line: The line, counted from 1.
    """

    kind: str
    said: str
    line: int


def check(file: Readable, member: str, code: str) -> None:
    """Refuses code that is not as PyTorch writes it.

    Args:
        file: The archive, for messages.
        member: The name of the code's file in it, for messages.
        code: The code.

    Raises:
        ModelUnsafeError: It names an operator that reads or writes files.
        ModelUnsupportedError: It names an operator of a library that the pod does not have.
        ModelUnreadableError: It holds something else that PyTorch never writes.
    """
    found = _odd(code)
    if found is None:
        return
    if found.kind == "file":
        raise ModelUnsafeError(
            f"the program in this TorchScript archive reads or writes files: it names {found.said}",
            [found.said],
            where=str(file.path),
            expected="a program that computes",
            hint="do not load the file; export the model anew from its source",
        )
    if found.kind == "library":
        raise ModelUnsupportedError(
            f"the model calls operators of {printable(found.said)}, which torch itself lacks",
            where=str(file.path),
            hint="export it with operators of torch itself, or to ONNX",
        )
    raise file.unreadable(
        f"the code in the TorchScript archive is not as PyTorch writes it: {member} line {found.line} has "
        f"{printable(found.said)}",
        expected=f"what torch.jit.save writes, with names of at most {_LONGEST} characters",
        hint="export the model anew from its source, with nothing in it called `torch`, `ops` or like a word of Python",
    )


def _odd(code: str) -> _Odd | None:
    """What in the code is not as PyTorch writes it; None when all of it is."""
    found = _CODE.match(code)
    end = found.end() if found else 0
    if end == len(code):
        return None
    line = code.count("\n", 0, end) + 1
    spaced = _SPACED.match(code, end)
    parts = re.sub(r"[\s\\]", "", spaced[0]).split(".") if spaced else []
    for at, part in enumerate(parts[1:], 1):
        if part in _OUTSIDE:
            return _Odd("file", ".".join(parts[: at + 1]), line)
    if len(parts) > 2 and parts[0] == "ops" and parts[1] not in _OWN:  # noqa: PLR2004 - ops, library, operator
        return _Odd("library", parts[1], line)
    return _Odd("form", code[end : end + _SHOWN].partition("\n")[0], line)
