"""How much the values of a pickle are once they are made: a value out of the memo takes a byte or two, however large.

A hash visits all that is in a tuple, once for each time that it is there, and a state is copied for each object that
has it. So what loading copies and hashes is counted, and bounded by what the file holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.inspect.picklevalues import Entries, Global, Items, Made, Opaque

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chartgen.inspect.picklevalues import Value

# Tuples that are as small are counted again and again; of larger ones it is kept.
_SMALL = 16
# Python's pickler nests less deeply, and a hash takes a piece of the machine's own stack for each level.
DEPTH_LIMIT = 1000


class Nested(tuple["Value", ...]):
    """A tuple that knows its weight: how many values are in it, those within its tuples included, and how deeply."""

    weight: int
    depth: int


TUPLES = frozenset({tuple, Nested, Items})
"""The types of values that tuples are of, and lists."""


def nested(items: tuple[Value, ...]) -> tuple[Value, ...]:
    """The same tuple, which knows its weight where that is not small.

    Args:
        items: What is in it.
    """
    if len(items) <= _SMALL:
        for item in items:
            if type(item) in TUPLES and item != ():
                break
        else:
            return items
    weight, depth = weigh_all(items)
    if weight <= _SMALL:
        return items
    made = Nested(items)
    made.weight, made.depth = weight, depth
    return made


def weigh_all(values: Sequence[Value]) -> tuple[int, int]:
    """The weight and the depth of a tuple with these values."""
    weight, depth = len(values), 0
    for value in values:
        kind = type(value)  # asked first, as there may be millions
        if kind not in TUPLES or value == ():
            weight += value.size if kind is Opaque and value.kind == "int" else 0  # type: ignore[union-attr]  # as asked
            continue
        if isinstance(value, Nested):
            inner, below = value.weight, value.depth
        elif isinstance(value, Items):
            inner, below = (value.count + value.weight, value.depth) if value.kind == "tuple" else (0, 0)
        else:
            inner, below = weigh_all(value)  # type: ignore[arg-type]  # a tuple, as was just asked
        weight += inner
        depth = max(depth, below)
    return weight, depth + 1


def size_of(value: Value) -> int:
    """How much a copy of a value takes: bytes of a text, or elements."""
    kind = type(value)  # A vocabulary may hold a number of NumPy for each word: what these are given comes first.
    if kind is bytes:
        return len(value)  # type: ignore[arg-type]  # as was just asked
    if kind is Made and value.maker is not None and value.maker.module != "_codecs":  # type: ignore[union-attr]  # likewise
        return 0
    match value:
        case str() | bytes():
            size = len(value)
        case Opaque():
            size = value.size
        case Items():
            size = value.count + value.weight
        case Entries():
            size = value.count
        case Nested():
            size = value.weight
        case tuple():
            size = weigh_all(value)[0]
        case Made(maker=Global(module="_codecs"), arguments=(text, *_)):  # bytes, as protocols below 3 write them
            size = size_of(text)
        case _:
            size = 0
    return size


def size_of_all(values: Value) -> int:
    """How much copies of all of the values of a tuple take."""
    return sum(map(size_of, values)) if isinstance(values, tuple) else size_of(values)
