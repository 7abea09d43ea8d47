"""The stack, marks and memo of the machine that walks a pickle, and the opcodes that only move values about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.inspect.picklevalues import Opaque

if TYPE_CHECKING:
    from collections.abc import Callable

    from chartgen.inspect.picklestream import PickleStream
    from chartgen.inspect.picklevalues import Value

# A pickler puts at most 1,000 elements of a list or dictionary at once on the stack; only tuples are longer.
_STACK_LIMIT = 500_000
_MARK_LIMIT = 20_000
# A value that is worth remembering takes more than these many bytes, but for the first ones.
_MEMO_FREE = 100_000
_MEMO_BYTES = 4
_MEMO_LIMIT = 3_000_000
_NEVER_SET = Opaque("a memo entry that was never set")


class PickleStack:
    """The values of one pickle while it is walked; like Python's unpickler, each mark begins a new stack.

    Args:
        stream: The pickle's bytes.
    """

    def __init__(self, stream: PickleStream) -> None:
        self._in = stream
        self._stack: list[Value] = []
        self._marks: list[list[Value]] = []
        # How many values the stack may hold above the last mark: the ones below count as well.
        self._room = _STACK_LIMIT
        # By number, which is dense where a pickler gives it; a list takes a tenth of a dictionary's room.
        self._memo: list[Value] = []
        self._memo_count = 0

    # The stack.

    def _push(self, value: Value) -> None:
        stack = self._stack
        if len(stack) >= self._room:
            raise self._in.corrupt("its stack grows without end")
        stack.append(value)

    def _pop(self) -> Value:
        if not self._stack:
            raise self._in.corrupt("it takes a value from an empty stack")
        return self._stack.pop()

    def _top(self) -> Value:
        if not self._stack:
            raise self._in.corrupt("it needs a value on an empty stack")
        return self._stack[-1]

    def _mark(self) -> None:
        if len(self._marks) >= _MARK_LIMIT:
            raise self._in.corrupt("its stack grows without end")
        self._marks.append(self._stack)
        self._room -= len(self._stack)
        self._stack = []

    def _pop_mark(self) -> list[Value]:
        if not self._marks:
            raise self._in.corrupt("it goes back to a mark that was never set")
        items, self._stack = self._stack, self._marks.pop()
        self._room += len(self._stack)
        return items

    def _pop_or_unmark(self) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._pop_mark()

    # The memo.

    def _put(self, index: int) -> None:
        if index >= _MEMO_LIMIT or self._memo_count > _MEMO_FREE + self._in.position // _MEMO_BYTES:
            raise self._in.corrupt("its memo grows without end")
        memo, value = self._memo, self._top()
        if index >= len(memo):
            memo.extend([_NEVER_SET] * (index + 1 - len(memo)))
        if memo[index] is _NEVER_SET:
            self._memo_count += 1
        memo[index] = value

    def _get(self, index: int) -> Value:
        """Pushes a memo entry, and returns it."""
        if index >= len(self._memo) or self._memo[index] is _NEVER_SET:
            raise self._in.corrupt(f"it asks for the memo entry {index}, which was never set")
        self._push(self._memo[index])
        return self._memo[index]

    def _duplicate(self) -> None:
        self._push(self._top())

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
        return self._in.data(self._in.number(width))

    def _byte_array(self) -> Value:
        return self._bytes(8)

    # The table.

    def value_steps(self) -> dict[int, Callable[[], object]]:
        """What each opcode does that makes a constant, or moves values about."""
        read, push = self._in, self._push
        return {
            # Constants.
            ord("N"): lambda: push(None),
            0x88: lambda: push(value=True),
            0x89: lambda: push(value=False),
            ord("I"): lambda: push(read.decimal()),
            ord("L"): lambda: push(read.long_decimal()),
            ord("J"): lambda: push(read.signed(4)),
            ord("K"): lambda: push(read.number(1)),
            ord("M"): lambda: push(read.number(2)),
            0x8A: lambda: push(read.integer(read.number(1))),
            0x8B: lambda: push(read.integer(self._length(4))),
            ord("F"): lambda: push(read.decimal_float()),
            ord("G"): lambda: push(read.double()),
            ord("S"): lambda: push(read.quoted()),
            ord("T"): lambda: push(read.ascii(self._length(4))),
            ord("U"): lambda: push(read.ascii(read.number(1))),
            ord("V"): lambda: push(read.escaped_unicode()),
            0x8C: lambda: push(read.text(read.number(1))),
            ord("X"): lambda: push(read.text(read.number(4))),
            0x8D: lambda: push(read.text(read.number(8))),
            ord("C"): lambda: push(self._bytes(1)),
            ord("B"): lambda: push(self._bytes(4)),
            0x8E: lambda: push(self._bytes(8)),
            0x96: lambda: push(self._byte_array()),
            0x95: read.frame,
            # The stack and the memo.
            ord("("): self._mark,
            ord("0"): self._pop_or_unmark,
            ord("1"): self._drop_mark,
            ord("2"): self._duplicate,
            ord("p"): lambda: self._put(read.index()),
            ord("q"): lambda: self._put(read.number(1)),
            ord("r"): lambda: self._put(read.number(4)),
            0x94: lambda: self._put(self._memo_count),
            ord("g"): lambda: self._get(read.index()),
            ord("h"): lambda: self._get(read.number(1)),
            ord("j"): lambda: self._get(read.number(4)),
        }
