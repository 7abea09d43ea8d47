"""Judges the texts in a torch.export program: loading one makes Python code of them, or evaluates them."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from chartgen.errors import ModelUnsafeError, ModelUnsupportedError
from chartgen.inspect import jsontext, torchoperators, torchschema, torchsizes
from chartgen.inspect.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chartgen.inspect.readable import Readable

# Names become parts of Python code that PyTorch generates: as they are, or between quotes.
_NAME = re.compile(r"[A-Za-z0-9_.:+\-]*", re.ASCII)
_KEY = re.compile(r"[\w.:+\-]*")
_UNQUOTED = re.compile(r"""[^'"\\{}]*""")
_NUMBERS = frozenset({"Infinity", "-Infinity", "NaN"})
_COMPUTED = frozenset({torchschema.SIZE, torchschema.GUARD})
# In letters of sizes that are computed, each counted once: they take longer to judge than all else in a program.
_ROOM = 500_000
_SEQUENCES = frozenset({"builtins.tuple", "builtins.list"})
MAPPINGS = frozenset({"builtins.dict", "collections.OrderedDict"})
"""The mappings that inputs and outputs may be nested in, as PyTorch calls them."""


def check(file: Readable, document: Any) -> None:
    """Checks every text in a program that could reach Python's evaluation.

    Args:
        file: The archive, for messages.
        document: The program, as it was parsed.

    Raises:
        ModelUnsafeError: One is not as PyTorch writes it.
        ModelUnsupportedError: The pod lacks an operator or a container, or more sizes than any program computes.
        ModelUnreadableError: It does not say how its inputs are nested.
    """
    judged: set[tuple[str, str]] = set()
    room = _ROOM
    for role, field, text in torchschema.texts(document):
        if role in _COMPUTED and not torchsizes.is_simple(text):
            if (role, text) in judged:
                continue
            judged.add((role, text))
            room -= len(text)
            if room < 0:
                raise ModelUnsupportedError(
                    "the program computes more different sizes than chartgen reads",
                    where=str(file.path),
                    hint="export the model with fewer dynamic sizes, or to ONNX",
                )
        if role == torchschema.OPERATOR:
            _check_operator(file, text)
        elif role == torchschema.TREE:
            _check_tree(file, text, named=field == "in_spec")
        elif not _PASSES[role](text):
            raise unsafe(file, f"{_SAID.get(role, f'its {field} holds')} {printable(text)}")


_SAID = {
    torchschema.SIZE: "a size in it is",
    torchschema.GUARD: "it checks its inputs by",
    torchschema.KEY: "it has the odd name",
}


def _is_plain(text: str) -> bool:
    """Whether Python reads a name as it is written; it takes some letters for others, as wide ones for narrow ones."""
    return unicodedata.is_normalized("NFKC", text)


def is_quotable(text: str) -> bool:
    """Whether a text ends nowhere before the quotes that PyTorch puts it between in the code that it generates."""
    return text.isprintable() and _UNQUOTED.fullmatch(text) is not None and _is_plain(text)


_PASSES: dict[str, Callable[[str], bool]] = {
    torchschema.NAME: lambda text: _NAME.fullmatch(text) is not None,
    torchschema.WORD: lambda text: not text or (text.isidentifier() and _is_plain(text)),
    torchschema.PATH: is_quotable,
    torchschema.KEY: lambda text: _KEY.fullmatch(text) is not None and _is_plain(text),
    torchschema.NUMBER: _NUMBERS.__contains__,
    torchschema.SIZE: torchsizes.is_size,
    torchschema.GUARD: torchsizes.is_guard,
}


def unsafe(file: Readable, message: str) -> ModelUnsafeError:
    """The error about an archive whose loading could run a program.

    Args:
        file: The archive.
        message: What in it is not as PyTorch writes it.
    """
    return ModelUnsafeError(
        f"loading this torch.export archive could run any program: {message}",
        where=str(file.path),
        expected="a program as torch.export.save writes it",
        hint="do not load the file; export the model anew from its source",
    )


def _check_operator(file: Readable, target: str) -> None:
    library = torchoperators.library_of(target)
    if library is None:
        raise unsafe(file, f"it calls {printable(target)}")
    if library != "torch":
        raise ModelUnsupportedError(
            f"the model calls operators of {printable(library)}, which torch itself lacks",
            where=str(file.path),
            hint="export it with operators of torch itself, or to ONNX",
        )


def _check_tree(file: Readable, text: str, *, named: bool) -> None:
    """Checks how inputs or outputs are nested: PyTorch looks the types of containers up by their names.

    Args:
        file: The archive, for messages.
        text: The nesting, as JSON.
        named: Whether it is that of the inputs, whose second part holds the arguments that are given by their names.
    """
    try:
        tree = jsontext.parse(text)
        nodes = list(_nodes(tree))
        arguments = [node["context"] for node in tree[1]["children_spec"][1:]] if named else []
    except (ValueError, TypeError, KeyError) as error:
        raise file.unreadable(
            "the program of the torch.export archive does not say how its inputs are nested"
        ) from error
    for kind, context in nodes:
        if kind not in _SEQUENCES | MAPPINGS:
            raise ModelUnsupportedError(
                f"the program takes or gives a {printable(str(kind))}, whose class the pod does not have",
                where=str(file.path),
                hint="export a module that takes tensors, and gives a tensor, a tuple or a dict of tensors",
            )
        if not _is_context(context):
            raise unsafe(file, f"its inputs or outputs have the odd names {printable(str(context))}")
    for context in arguments:
        # They become the parameters of a function, whose line PyTorch generates.
        if not all(isinstance(key, str) and key and _PASSES[torchschema.WORD](key) for key in _keys(context)):
            raise unsafe(file, f"its arguments have the odd names {printable(str(context))}")


def _nodes(tree: Any) -> Iterator[tuple[Any, Any]]:
    """The containers in a nesting, with what each says of its entries.

    Raises:
        ValueError: It is none.
        TypeError: It is none.
        KeyError: It is none.
    """
    _, root = tree
    waiting = [root]
    while waiting:
        node = waiting.pop()
        kind, context = node["type"], node["context"]
        waiting += node["children_spec"]
        if kind is not None or context is not None:
            yield kind, context


def _is_context(context: Any) -> bool:
    """Whether what a container says of its entries is nothing, or their keys."""
    try:
        keys = _keys(context)
    except ValueError:
        return False
    return all(is_quotable(key) if isinstance(key, str) else isinstance(key, int | float) for key in keys)


def _keys(context: Any) -> list[Any]:
    """The keys that a container says its entries have.

    Raises:
        ValueError: It says something else.
    """
    keys = jsontext.parse(context) if isinstance(context, str) else context
    if not isinstance(keys, list | None):
        raise ValueError("no list of keys")
    return keys or []
