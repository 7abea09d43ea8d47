"""The links to what lies in a group of HDF5: link messages of newer files, symbol tables of older ones."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from chartgen.inspect import hdf5header as header
from chartgen.inspect.hdf5source import Hdf5Error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chartgen.inspect.hdf5source import Cursor, Source

# More than a root has that is looked at: that of a whole model has two.
_MAX_NAMES = 1000
_MAX_NODES = 10_000
_MAX_NAME = 255
HARD = 0
"""The kind of a link to an object of the same file, by its address; others lead to it by a path, or to another file."""
_SOFT = 1
_SYMBOL_IS_SOFT = 2


class Link(NamedTuple):
    """A link of a group: the name, the kind, and the address of the object's header where the link is a hard one."""

    name: str
    kind: int
    address: int | None


def names(source: Source, found: Iterable[header.Message]) -> tuple[str, ...]:
    """The names in a group; at most a thousand, and none of a group that keeps them in a heap of its own.

    Args:
        source: The file.
        found: The messages of the group's object header.

    Raises:
        Hdf5Error: The file is damaged.
    """
    return tuple(link.name for link in islice(links(source, found), _MAX_NAMES))


def links(source: Source, found: Iterable[header.Message]) -> Iterator[Link]:
    """The links of a group, each once, but for those that it keeps in a heap of its own; see `is_dense`.

    A name that is there twice is damage: readers would differ on which one counts.

    Args:
        source: The file.
        found: The messages of the group's object header; their bodies are read.

    Raises:
        Hdf5Error: The file is damaged.
    """
    seen: set[str] = set()
    for link in _links(source, found):
        if link.name in seen:
            raise Hdf5Error(f"the name {link.name!r} is in a group twice")
        seen.add(link.name)
        yield link


def _links(source: Source, found: Iterable[header.Message]) -> Iterator[Link]:
    for message in found:
        if message.kind == header.LINK:
            yield _link(message.body)
        elif message.kind == header.SYMBOL_TABLE:
            tree, heap = message.body.address(), message.body.address()
            if tree is not None and heap is not None:
                yield from _symbol_table(source, tree, heap)


def is_dense(message: header.Message) -> bool:
    """Whether a link info message refers to a heap with the links; section IV.A.2.c."""
    if message.kind != header.LINK_INFO:
        return False
    message.body.expect(b"\0")
    message.body.take(8 * (message.body.number(1) & 1))
    return message.body.address() is not None


def _link(body: Cursor) -> Link:
    """A link message; section IV.A.2.g."""
    body.expect(b"\x01")
    flags = body.number(1)
    kind = body.number(1) if flags >> 3 & 1 else HARD
    body.take(8 * (flags >> 2 & 1) + (flags >> 4 & 1))  # order of creation, charset
    name = body.take(body.number(1 << (flags & 3)))
    if b"\0" in name:  # which ends it for the library
        raise Hdf5Error(f"the name {text(name)!r} in a group has a NUL")
    return Link(text(name), kind, body.address() if kind == HARD else None)


def _symbol_table(source: Source, tree: int, heap: int) -> Iterator[Link]:
    """The links of a symbol table: a B-tree of nodes, and a heap with the names; sections III.A.1, III.B and III.D."""
    begin = source.cursor(heap, 8 + 2 * source.length_size + source.offset_size, "a local heap")
    begin.expect(b"HEAP\0")
    begin.take(3)
    size, _ = begin.length(), begin.length()
    place = begin.address()
    if place is None:
        raise Hdf5Error("a local heap has no data")
    for leaf in _leaves(source, tree):
        begin = source.cursor(leaf, 8, "a symbol table")
        begin.expect(b"SNOD\x01")
        begin.take(1)
        count = begin.number(2)
        entries = source.cursor(leaf + 8, count * (2 * source.offset_size + 24), "a symbol table")
        for _ in range(count):
            offset, address = entries.number(source.offset_size), entries.address()
            kind = _SOFT if entries.number(4) == _SYMBOL_IS_SOFT else HARD
            entries.take(20)
            if offset >= size:
                raise Hdf5Error("a name would lie outside its heap")
            name = source.take(place + offset, min(_MAX_NAME + 1, size - offset), "a name").partition(b"\0")[0]
            yield Link(text(name), kind, address if kind == HARD else None)


def _leaves(source: Source, tree: int) -> Iterator[int]:
    """The addresses of the leaves of a B-tree of version 1."""
    waiting, seen = [tree], {tree}
    while waiting:
        level, entries = source.node(waiting.pop(), b"\0", source.length_size)
        for _, child in entries:
            if child is None or child in seen or len(seen) > _MAX_NODES:
                raise Hdf5Error("a B-tree has no end")
            seen.add(child)
            if level:
                waiting.append(child)
            else:
                yield child


def text(name: bytes) -> str:
    """A name as text that can be shown."""
    shown = name[:_MAX_NAME].decode("utf-8", "replace")
    return shown if shown.isprintable() else repr(shown)[1:-1]
