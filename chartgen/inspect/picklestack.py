"""The stack, marks and memo of the machine that walks a pickle, and the opcodes that only move values about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.inspect.picklevalues import Entries, Items, Made, Opaque

if TYPE_CHECKING:
    from chartgen.inspect.picklestream import PickleStream
    from chartgen.inspect.picklevalues import Value

_MEMO_LIMIT = 2_000_000
_STACK_LIMIT = 4_000_000
_KEPT_TUPLE = 128


class PickleStack:
    """The values of one pickle while it is walked; like Python's unpickler, each mark begins a new stack.

    Args:
        stream: The pickle's bytes.
    """

    def __init__(self, stream: PickleStream) -> None:
        self._in = stream
        self._stack: list[Value] = []
        self._marks: list[list[Value]] = []
        self._memo: dict[int, Value] = {}

    # The stack.

    def _push(self, value: Value) -> None:
        if len(self._stack) >= _STACK_LIMIT:
            raise self._in.corrupt("its stack grows without end")
        self._stack.append(value)

    def _pop(self) -> Value:
        if not self._stack:
            raise self._in.corrupt("it takes a value from an empty stack")
        return self._stack.pop()

    def _top(self) -> Value:
        if not self._stack:
            raise self._in.corrupt("it needs a value on an empty stack")
        return self._stack[-1]

    def _mark(self) -> None:
        if len(self._marks) >= _STACK_LIMIT:
            raise self._in.corrupt("its stack grows without end")
        self._marks.append(self._stack)
        self._stack = []

    def _pop_mark(self) -> list[Value]:
        if not self._marks:
            raise self._in.corrupt("it goes back to a mark that was never set")
        items, self._stack = self._stack, self._marks.pop()
        return items

    def _pop_or_unmark(self) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._pop_mark()

    # The memo.

    def _put(self, index: int) -> None:
        if index >= _MEMO_LIMIT:
            raise self._in.corrupt("its memo grows without end")
        self._memo[index] = self._top()

    def _drop_mark(self) -> None:
        self._pop_mark()

    # Constants whose length comes first.

    def _length(self, width: int) -> int:
        """A length that is signed in the file."""
        length = self._in.signed(width)
        if length < 0:
            raise self._in.corrupt("a length is negative")
        return length

    def _bytes(self, width: int) -> Value:
        data = self._in.data(self._in.number(width))
        return Opaque("bytes") if data is None else data

    def _byte_array(self) -> Value:
        return self._bytes(8)

    # Containers.

    def _pop_tuple(self) -> Value:
        return self.as_tuple(self._pop_mark())

    @staticmethod
    def as_tuple(items: list[Value]) -> Value:
        """A tuple of values; a long one keeps its first elements only."""
        if len(items) <= _KEPT_TUPLE:
            return tuple(items)
        long = Items("tuple")
        long.extend(items)
        return long

    def _tuple_of(self, count: int) -> None:
        if len(self._stack) < count:
            raise self._in.corrupt("it takes a value from an empty stack")
        items = tuple(self._stack[-count:])
        del self._stack[-count:]
        self._push(items)

    def _pop_items(self, kind: str) -> Value:
        made = Items(kind)
        made.extend(self._pop_mark())
        return made

    def _pop_entries(self) -> Value:
        made = Entries()
        self._set(made, self._pop_mark())
        return made

    def _append(self, values: list[Value]) -> None:
        target = self._top()
        if isinstance(target, Items):
            target.extend(values)
        elif not isinstance(target, Made):
            raise self._in.corrupt("it appends to what is no list")

    def _set_items(self, values: list[Value]) -> None:
        target = self._top()
        if isinstance(target, Made):
            target.entries = target.entries or Entries()
            self._set(target.entries, values)
        elif isinstance(target, Entries):
            self._set(target, values)
        else:
            raise self._in.corrupt("it sets an entry of what is no dictionary")

    def _set(self, target: Entries, values: list[Value]) -> None:
        if len(values) % 2:
            raise self._in.corrupt("it sets a key without a value")
        for index in range(0, len(values), 2):
            target.set(values[index], values[index + 1])

    def _pop_pair(self) -> list[Value]:
        value = self._pop()
        return [self._pop(), value]
