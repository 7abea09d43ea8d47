"""The names of what lies in a group of HDF5: link messages of newer files, symbol tables of older ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.inspect import hdf5header as header
from chartgen.inspect.hdf5source import Hdf5Error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chartgen.inspect.hdf5source import Cursor, Source

# More than a root has that is looked at: that of a whole model has two.
_MAX_NAMES = 1000
_MAX_NODES = 1000
_MAX_NAME = 255


def names(source: Source, found: Iterable[header.Message]) -> tuple[str, ...]:
    """The names in a group; at most a thousand, and none of a group that keeps them in a heap of its own.

    Args:
        source: The file.
        found: The messages of the group's object header.

    Raises:
        Hdf5Error: The file is damaged.
    """
    listed: list[str] = []
    for message in found:
        if message.kind == header.LINK:
            listed.append(_link(message.body))
        elif message.kind == header.SYMBOL_TABLE:
            tree, heap = message.body.address(), message.body.address()
            if tree is not None and heap is not None:
                listed += _symbol_table(source, tree, heap)
        if len(listed) >= _MAX_NAMES:
            break
    return tuple(listed[:_MAX_NAMES])


def _link(body: Cursor) -> str:
    """The name of a link message; section IV.A.2.g."""
    body.expect(b"\x01")
    flags = body.number(1)
    body.take((flags >> 3 & 1) + 8 * (flags >> 2 & 1) + (flags >> 4 & 1))  # kind of link, order of creation, charset
    return text(body.take(body.number(1 << (flags & 3))))


def _symbol_table(source: Source, tree: int, heap: int) -> Iterator[str]:
    """The names of a symbol table: a B-tree of nodes, and a heap with the names; sections III.A.1, III.B and III.D."""
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
            offset = entries.number(source.offset_size)
            entries.take(source.offset_size + 24)
            if offset >= size:
                raise Hdf5Error("a name would lie outside its heap")
            yield text(source.take(place + offset, min(_MAX_NAME + 1, size - offset), "a name").partition(b"\0")[0])


def _leaves(source: Source, tree: int) -> Iterator[int]:
    """The addresses of the leaves of a B-tree of version 1."""
    waiting, seen = [tree], {tree}
    while waiting:
        address = waiting.pop()
        begin = source.cursor(address, 8 + 2 * source.offset_size, "a B-tree")
        begin.expect(b"TREE\0")
        level, count = begin.number(1), begin.number(2)
        width = source.length_size + source.offset_size
        children = source.cursor(address + 8 + 2 * source.offset_size, count * width, "a B-tree")
        for _ in range(count):
            children.take(source.length_size)
            child = children.address()
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
