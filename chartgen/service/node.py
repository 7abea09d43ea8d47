"""A service file as it was written: every value knows the place, and the folder, that it came from."""

from __future__ import annotations

import math
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from os import PathLike, fspath
from typing import TYPE_CHECKING

from chartgen.errors import ServiceFileError

if TYPE_CHECKING:
    from pathlib import Path

    from chartgen.service.model import JsonValue

Step = str | int
"""A key of a mapping, or an index of a list."""

DataPath = tuple[Step, ...]
"""The way from the top of the document to a value."""

MAX_DEPTH = 64


@dataclass(frozen=True)
class Source:
    """What a value was read from.

    Attributes:
        name: The file as the user named it, or the option (`--set model.version=…`).
        order: Its rank among the sources, the first file 0: violations are told in this order.
        base: The folder that relative paths start from.
        is_option: Whether it is an option of the `--set` family.
    """

    name: str
    order: int
    base: Path
    is_option: bool = False


@dataclass(frozen=True)
class Position:
    """A place in a source.

    Attributes:
        source: The source.
        line: The line, from 1; 0 where the source has no lines.
        column: The column in characters, from 1; 0 where the source has no lines.
    """

    source: Source
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}" if self.line else self.source.name

    @property
    def rank(self) -> tuple[int, int, int]:
        """What positions are sorted by."""
        return self.source.order, self.line, self.column


@dataclass(frozen=True)
class Scalar:
    """Text, a number, true, false or null.

    Attributes:
        value: The value by the rules of YAML 1.2.
        text: The characters that were written, without quotes.
        where: Its place.
    """

    value: bool | int | float | str | None
    text: str
    where: Position


@dataclass(frozen=True)
class Listing:
    """A list.

    Attributes:
        items: The values in their order.
        where: The place where it starts.
    """

    items: tuple[Node, ...]
    where: Position


@dataclass(frozen=True)
class Entry:
    """One key of a mapping and its value.

    Attributes:
        key: The place of the key.
        node: The value.
    """

    key: Position
    node: Node


@dataclass(frozen=True)
class Removed:
    """A key that a null took away.

    Attributes:
        key: The place of the key.
        text: How the null is written; empty when nothing stands behind the key.
        took: Whether there was something to take away.
    """

    key: Position
    text: str
    took: bool


@dataclass(frozen=True)
class Mapping:
    """A mapping.

    Attributes:
        entries: The entries by key, in their order.
        where: The place where it starts.
        removed: The keys that a null took away.
    """

    entries: dict[str, Entry]
    where: Position
    removed: dict[str, Removed] = field(default_factory=dict)


Node = Scalar | Listing | Mapping


@dataclass(frozen=True)
class Written:
    """A value that has no place yet, and the characters it was written with.

    Attributes:
        value: The value.
        text: The characters.
    """

    value: bool | int | float | str | None
    text: str


def is_null(node: Node) -> bool:
    """Whether the value is null."""
    return isinstance(node, Scalar) and node.value is None


def find(node: Node, path: DataPath) -> Node | None:
    """The value at `path`, or None where there is none."""
    for step in path:
        if isinstance(node, Mapping) and isinstance(step, str) and step in node.entries:
            node = node.entries[step].node
        elif isinstance(node, Listing) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        else:
            return None
    return node


def key_position(node: Mapping, path: DataPath) -> Position:
    """The place of the key that `path` ends with; for an item of a list, and for the document, its own place."""
    parent = find(node, path[:-1])
    if path and isinstance(parent, Mapping):
        return parent.entries[str(path[-1])].key
    found = find(node, path)
    return found.where if found else node.where


def is_written(path: DataPath) -> bool:
    """Whether plain text at `path` is taken as it is written, whatever number or word it looks like.

    An environment variable is text for the process that reads it (`1.10` is not `1.1`), and a quantity is text for
    Kubernetes.
    """
    match path:
        case ("env", _) | ("cpu" | "memory",) | ("cpu" | "memory", "request" | "limit"):
            return True
        case _:
            return False


def is_recorded(path: DataPath) -> bool:
    """Whether `path` lies in recorded data, where null is a value and does not take a key away."""
    return path[:2] in {("sample", "input"), ("sample", "output")}


def to_data(node: Node, path: DataPath = ()) -> JsonValue:
    """The plain value of a node, as JSON knows it.

    Args:
        node: The value.
        path: Where it lies in the document.

    Returns:
        The value; what `is_written` names is text.
    """
    match node:
        case Scalar():
            return node.text if node.value is not None and is_written(path) else node.value
        case Listing():
            return [to_data(item, (*path, index)) for index, item in enumerate(node.items)]
        case Mapping():
            return {key: to_data(entry.node, (*path, key)) for key, entry in node.entries.items()}


def from_data(value: object, where: Position, depth: int = 1) -> Node:
    """A node from a plain Python value, every part at the same place.

    Args:
        value: What JSON knows, a path, or `Written`.
        where: The place of every part.
        depth: How deep the value lies.

    Raises:
        ServiceFileError: The value is none that JSON knows, or lies deeper than 64.
    """
    if depth > MAX_DEPTH:
        raise ServiceFileError(f"the values lie deeper than {MAX_DEPTH} levels", where=str(where))
    match value:
        case list() | tuple():
            return Listing(tuple(from_data(item, where, depth + 1) for item in value), where)
        case AnyMapping():
            entries: dict[str, Entry] = {}
            for key, item in value.items():
                if not isinstance(key, str):
                    raise ServiceFileError(f"the key {key!r} is not text", where=str(where))
                entries[encodable(key, where)] = Entry(where, from_data(item, where, depth + 1))
            return Mapping(entries, where)
        case _:
            return _scalar(value, where)


def _scalar(value: object, where: Position) -> Scalar:
    match value:
        case Written():
            return Scalar(value.value, encodable(value.text, where), where)
        case bool() | None:
            return Scalar(value, "null" if value is None else str(value).lower(), where)
        case int() | float():
            return _number(value, where)
        case str() | PathLike():
            text = encodable(str(fspath(value)), where)
            return Scalar(text, text, where)
        case _:
            raise ServiceFileError(
                f"a value is a Python {type(value).__name__}, which a service file cannot hold",
                where=str(where),
                expected="what JSON knows: a mapping, a list, text, a number, true, false or null",
            )


def _number(value: int | float, where: Position) -> Scalar:
    if isinstance(value, float) and not math.isfinite(value):
        raise ServiceFileError(f"{value} is no number that JSON knows", where=str(where), expected="a finite number")
    try:
        return Scalar(value, repr(value), where)
    except ValueError:  # Python refuses to write more than 4,300 digits
        raise ServiceFileError("a number has more than 4,300 digits", where=str(where)) from None


def encodable(text: str, where: Position) -> str:
    """`text` itself.

    Raises:
        ServiceFileError: It holds half of a surrogate pair (such as a byte of an argument that is not UTF-8), and could
            be written nowhere.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ServiceFileError(
            f"a text holds U+{ord(text[error.start]):04X}, which is no character", where=str(where), expected="UTF-8"
        ) from None
    return text
