"""The containers of the machine that walks a pickle: tuples, lists, sets and dictionaries, as far as they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.inspect.picklehashes import Hashes, cost_of_copy, hard_of
from chartgen.inspect.picklestack import PickleStack
from chartgen.inspect.picklevalues import Entries, Items, Made, Opaque
from chartgen.inspect.pickleweights import DEPTH_LIMIT, TUPLES, Nested, nested, size_of, weigh_all

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chartgen.inspect.picklestream import PickleStream
    from chartgen.inspect.picklevalues import Value

# A tuple takes more than these many bytes of the file with what is in it, but for the first ones; nested in each other
# they would take much room for a byte.
_TUPLES_FREE = 100_000
_TUPLE_BYTES = 3
# What values take in memory, in bytes.
_DICTIONARY, _FIRST_ENTRY, _ENTRY = 80, 232, 72
_LIST, _PLACE, _NUMBER = 64, 8, 32
_CACHED_NUMBER = 256
# Numbers below it are their own hashes.
_SMALL = 1 << 60
_KEPT_TUPLE = 128
_WEIGHED = 160


class PickleContainers(PickleStack):
    """The stack of one pickle, with the opcodes that put values of it into others.

    Args:
        stream: The pickle's bytes.
    """

    def __init__(self, stream: PickleStream) -> None:
        super().__init__(stream)
        self._tuples = 0
        # Whether the pickle names a class that no container may hold; most do not, which spares the look.
        self._guarded = False
        # What is added to objects that are sets, all of them together.
        self._added = Items("set")

    def _check_kept(self, values: Sequence[Value]) -> None:
        """Looks at values that are about to become part of another, all of them, whatever is kept of it."""

    def _check_tuple(self, values: Sequence[Value]) -> None:
        """Looks at what is about to become a tuple, which may be the arguments of a call."""

    def _check_entries(self, target: Made, values: Sequence[Value]) -> None:
        """Looks at entries, keys and values in turn, that were just set on an object that is a dictionary as well."""

    def _note_change(self) -> None:
        """Notes that a dictionary is changed which was the state of an object."""

    def _pop_tuple(self) -> Value:
        items = self._pop_mark()
        if self._guarded:
            self._check_tuple(items)
        self._charge_tuple(items[:_KEPT_TUPLE])
        return self.as_tuple(items)

    def _charge_tuple(self, items: Sequence[Value]) -> None:
        """Takes room for a tuple, and for the numbers that only it keeps."""
        room = _LIST + _PLACE * len(items)
        for item in items:
            kind = type(item)
            if kind is float or (kind is int and not 0 <= item <= _CACHED_NUMBER):  # type: ignore[operator]  # an int
                room += _NUMBER
        self._in.charge(room)

    def as_tuple(self, items: list[Value]) -> Value:
        """A tuple of values; a long one keeps its first elements only."""
        if len(items) <= _KEPT_TUPLE:
            return self._nest(tuple(items))
        long = Items("tuple")
        long.extend(items)
        long.hard = len(hard_of(items))
        long.weight, long.depth = weigh_all(items)
        long.weight -= len(items)
        self._check_depth(long.depth)
        return long

    def _nest(self, items: tuple[Value, ...]) -> tuple[Value, ...]:
        made = nested(items)
        if isinstance(made, Nested):
            self._in.charge(_WEIGHED)
            self._check_depth(made.depth)
        return made

    def _check_depth(self, depth: int) -> None:
        if depth > DEPTH_LIMIT:
            raise self._in.corrupt("it nests more tuples in each other than any pickler")

    def _tuple_of(self, count: int) -> None:
        if len(self._stack) < count:
            raise self._in.corrupt("it takes a value from an empty stack")
        self._tuples += 1
        if self._tuples > _TUPLES_FREE + self._in.position // _TUPLE_BYTES:
            raise self._in.corrupt("it makes more tuples than any model of its size")
        items = self._nest(tuple(self._stack[-count:]))
        if self._guarded:
            self._check_tuple(items)
        self._charge_tuple(items)
        del self._stack[-count:]
        self._push(items)

    def _pop_items(self, kind: str) -> Value:
        made, items = self._new_items(kind), self._pop_mark()
        if self._guarded:
            self._check_kept(items)
        self._extend(made, items)
        return made

    def _new_items(self, kind: str) -> Items:
        self._in.charge(_LIST)
        return Items(kind)

    def _new_entries(self) -> Entries:
        self._in.charge(_DICTIONARY)
        return Entries()

    def _extend(self, target: Items, values: list[Value]) -> None:
        if not values:
            return
        before = len(target.head)
        target.extend(values)
        self._weigh(values, target)
        if hard := hard_of(values):
            target.hard += len(hard)
            if target.kind != "list":
                self._hash(target, hard)
        if added := len(target.head) - before:
            self._in.charge((0 if before else _LIST) + added * (_PLACE + _NUMBER))

    def _weigh(self, values: list[Value], target: Items | None) -> None:
        """Counts what hashing the elements of a set takes, now or, of a list, when a set is made of it."""
        weight = sum([size_of(value) for value in values if type(value) in TUPLES])
        if weight and target is not None:
            target.weight += weight
        if weight and (target is None or target.kind != "list"):
            self._in.copy(weight)

    def _hash(self, target: Items | Entries, keys: Sequence[Value]) -> None:
        """Counts the keys that loading finds another one of the same hash for, and compares with it."""
        if target.hashes is None:
            self._in.charge(_FIRST_ENTRY)
            target.hashes = Hashes()
        for key in keys:
            size = 1 + size_of(key) + cost_of_copy(key)
            if isinstance(key, Opaque):
                self._in.copy(size)
            before = target.hashes.add(key)
            if before:
                target.hashes.cost += before * size
                self._in.collide(before * size)
            else:
                self._in.charge(_ENTRY + _NUMBER)

    def _hash_keys(self, target: Entries, keys: list[Value]) -> None:
        if hard := hard_of(keys):
            self._in.copy(sum([size_of(key) for key in hard if type(key) in TUPLES]))  # first: it bounds the hashing
            self._hash(target, hard)

    def _add(self) -> None:
        values = self._pop_mark()
        self._append(values)
        if isinstance(self._top(), Made) and (hard := hard_of(values)):
            self._hash(self._added, hard)

    def _pop_entries(self) -> Value:
        made = self._new_entries()
        self._set(made, self._pop_mark())
        return made

    def _append(self, values: list[Value]) -> None:
        target = self._top()
        if self._guarded:
            self._check_kept(values)
        if isinstance(target, Items):
            self._extend(target, values)
        elif isinstance(target, Made):
            self._weigh(values, None)
        else:
            raise self._in.corrupt("it appends to what is no list")

    def _set_items(self, values: list[Value]) -> None:
        target = self._top()
        if isinstance(target, Made):
            target.entries = target.entries or self._new_entries()
            self._set(target.entries, values)
            self._check_entries(target, values)
        elif isinstance(target, Entries):
            if target.used:
                self._note_change()
            self._set(target, values)
        else:
            raise self._in.corrupt("it sets an entry of what is no dictionary")

    def _set(self, target: Entries, values: list[Value]) -> None:
        if len(values) % 2:
            raise self._in.corrupt("it sets a key without a value")
        if self._guarded:
            self._check_kept(values)
        if target.sealed:
            raise self._in.corrupt("it changes what is already made: an array's element type, or a partial function")
        before = len(target.head)
        key = values[0] if len(values) == 2 else ()  # noqa: PLR2004 - a single entry, of which there may be millions
        if type(key) is not str and not (type(key) is int and -1 < key < _SMALL):
            self._hash_keys(target, values[::2])
        for index in range(0, len(values), 2):
            target.set(values[index], values[index + 1])
        if added := len(target.head) - before:
            self._in.charge((0 if before else _FIRST_ENTRY) + added * _ENTRY)

    def _pop_pair(self) -> list[Value]:
        value = self._pop()
        return [self._pop(), value]

    # The table.

    def value_steps(self) -> dict[int, Callable[[], object]]:
        """What each opcode does that moves values about, or into each other."""
        push = self._push
        return super().value_steps() | {
            ord(")"): lambda: push(()),
            0x85: lambda: self._tuple_of(1),
            0x86: lambda: self._tuple_of(2),
            0x87: lambda: self._tuple_of(3),
            ord("t"): lambda: push(self._pop_tuple()),
            ord("]"): lambda: push(self._new_items("list")),
            ord("l"): lambda: push(self._pop_items("list")),
            ord("a"): lambda: self._append([self._pop()]),
            ord("e"): lambda: self._append(self._pop_mark()),
            0x8F: lambda: push(self._new_items("set")),
            0x90: self._add,
            0x91: lambda: push(self._pop_items("frozenset")),
            ord("}"): lambda: push(self._new_entries()),
            ord("d"): lambda: push(self._pop_entries()),
            ord("s"): lambda: self._set_items(self._pop_pair()),
            ord("u"): lambda: self._set_items(self._pop_mark()),
        }
