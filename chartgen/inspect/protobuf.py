"""A reader of protobuf's wire format: fields one by one, bounds checked, what is not asked for is skipped unread."""

from __future__ import annotations

import mmap
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

Buffer = mmap.mmap | bytes

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_MAX_VARINT = 10
_MAX_FIELD = (1 << 29) - 1
_SIGN, _SIGN32 = 1 << 63, 1 << 31
_WIDTHS = {FIXED32: 4, FIXED64: 8}
# Every byte of a number but its last has this bit.
_NOT_LAST = bytes(range(0x80, 0x100))

# Runs are looked at in pieces; pages of the file that were looked at are given back when they may be so many bytes.
_WINDOW = 1 << 20
_PAGES = 16 << 20
# One look may bring in so many bytes, since the system maps the pages around as well.
_AROUND = 1 << 16
_NEAR = 1 << 12
# What may be kept in memory of what a file says, estimated: far above what models have.
_KEPT = 96 << 20

# The run of an unpacked repeated number is skipped at the speed of a regular expression; `++` keeps no way back.
_VARINT_RUN = rb"(?:%s[\x80-\xff]{0,9}[\x00-\x7f])++"
_FIXED32_RUN = rb"(?s:%s.{4})++"


class WireError(ValueError):
    """The bytes are no protobuf message; says why and where."""


class Field(NamedTuple):
    """One field of a message.

    Attributes:
        number: The field's number.
        kind: Its wire type: VARINT, FIXED64, LENGTH or FIXED32.
        value: The number of a VARINT field, unsigned, of 64 bits; 0 for the others.
        start: Where its content begins in the buffer.
        end: Where its content ends.
        run: Of a run of repeated numbers, of which this is the first, how many it has.
    """

    number: int
    kind: int
    value: int
    start: int
    end: int
    run: int = 1

    @property
    def signed(self) -> int:
        """The number of a field that was declared as int32 or int64."""
        return self.value - (1 << 64) if self.value & _SIGN else self.value

    @property
    def int32(self) -> int:
        """The number of a field that was declared as int32 or an enumeration: of a longer one the low 32 bits."""
        low = self.value & 0xFFFFFFFF
        return low - (1 << 32) if low & _SIGN32 else low


class Once:
    """The fields of one message that may stand in it once.

    A second one would be merged into the first, and so might say together what neither of them says.
    """

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def see(self, field: Field) -> None:
        """Takes note of a field.

        Raises:
            WireError: It was there before.
        """
        if field.number in self._seen:
            raise WireError(f"the field {field.number} at byte {field.start} is there twice")
        self._seen.add(field.number)


class Reader:
    """Reads fields, and counts them: the time that a file may take is bounded by their number, and so is the memory.

    Args:
        buffer: The bytes.
        limit: How many fields may be read.
    """

    def __init__(self, buffer: Buffer, limit: int) -> None:
        self.buffer = buffer
        self._left = limit
        self._room = _KEPT
        self._last = self._touched = 0
        self._runs: dict[int, re.Pattern[bytes]] = {}

    def varint(self, position: int, end: int) -> tuple[int, int]:
        """The number at `position`, unsigned, and where it ends.

        Raises:
            WireError: It is longer than ten bytes or than the message.
        """
        value = shift = 0
        for offset in range(position, min(end, position + _MAX_VARINT)):
            byte = self.buffer[offset]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
                return value & ((1 << 64) - 1), offset + 1
            shift += 7
        raise WireError(f"a number at byte {position} has no end")

    def fields(self, start: int, end: int, runs: Container[int] = ()) -> Iterator[Field]:
        """The fields of the message between `start` and `end`, in the order of the file.

        Args:
            start: Where the message begins in the buffer.
            end: Where it ends.
            runs: Numbers of repeated numeric fields; of each run of them only the first is given, with their count.

        Raises:
            WireError: The bytes are no message, or the limit is reached.
        """
        position = start
        while position < end:
            self._left -= 1
            if self._left < 0:
                raise WireError("the file has more fields than any model")
            if not -_NEAR < position - self._last < _NEAR:
                self._touch(position)
            field = self._field(position, end)
            position = field.end
            if field.number in runs and field.kind in (VARINT, FIXED32):
                position, count = self._run(field, end)
                field = field._replace(run=count)
            yield field

    def message(self, field: Field, runs: Container[int] = ()) -> Iterator[Field]:
        """The fields of the message that a field holds; see `fields`."""
        if field.kind != LENGTH:
            raise WireError(f"the field {field.number} at byte {field.start} should hold a message")
        return self.fields(field.start, field.end, runs)

    def _field(self, position: int, end: int) -> Field:
        tag, after = self.varint(position, end)
        number, kind = tag >> 3, tag & 7
        if not 0 < number <= _MAX_FIELD:
            raise WireError(f"the field at byte {position} has the impossible number {number}")
        if kind == VARINT:
            value, stop = self.varint(after, end)
            return Field(number, kind, value, after, stop)
        if kind == LENGTH:
            length, after = self.varint(after, end)
            return self._bounded(Field(number, kind, 0, after, after + length), end)
        if kind == FIXED64:
            return self._bounded(Field(number, kind, 0, after, after + 8), end)
        if kind == FIXED32:
            return self._bounded(Field(number, kind, 0, after, after + 4), end)
        raise WireError(f"the field at byte {position} has the wire type {kind}, which is not in use")

    @staticmethod
    def _bounded(field: Field, end: int) -> Field:
        if field.end > end:
            raise WireError(
                f"the field at byte {field.start} is {field.end - field.start} bytes long, but only "
                f"{end - field.start} follow"
            )
        return field

    def _run(self, field: Field, end: int) -> tuple[int, int]:
        """Where the run of unpacked numbers ends that `field` begins, and how many they are."""
        pattern = self._runs.get(field.number << 3 | field.kind)
        if pattern is None:
            tag = re.escape(bytes([field.number << 3 | field.kind]))
            pattern = re.compile((_VARINT_RUN if field.kind == VARINT else _FIXED32_RUN) % tag)
            self._runs[field.number << 3 | field.kind] = pattern
        position, count = field.end, 1
        while found := pattern.match(self.buffer, position, min(end, position + _WINDOW)):
            # The tag before each number is a number as well.
            count += self._ends(position, found.end()) // 2 if field.kind == VARINT else len(found[0]) // 5
            position = found.end()
            self._touch(position)
        return position, count

    def packed(self, field: Field, kind: int) -> int:
        """How many numbers a field of kind LENGTH holds, packed one after the other.

        Args:
            field: The field.
            kind: The wire type of one number.

        Raises:
            WireError: The last one has no end.
        """
        size = field.end - field.start
        if kind in _WIDTHS:
            count, odd = divmod(size, _WIDTHS[kind])
        else:
            count, odd = 0, size and self.buffer[field.end - 1] & 0x80
            for start in range(field.start, field.end, _WINDOW):
                count += self._ends(start, min(field.end, start + _WINDOW))
        if odd:
            raise WireError(f"the numbers at byte {field.start} do not end where their field does")
        return count

    def _ends(self, start: int, end: int) -> int:
        """How many bytes between two places are the last of a number."""
        self._touched += end - start
        self._touch(end)
        return len(self.buffer[start:end].translate(None, _NOT_LAST))

    def _touch(self, position: int) -> None:
        """Gives pages of the file back: what was looked at would else stay in memory, up to the whole file."""
        self._touched += min(abs(position - self._last), _AROUND)
        self._last = position
        if self._touched > _PAGES and isinstance(self.buffer, mmap.mmap):
            self._touched = 0
            if hasattr(self.buffer, "madvise"):
                self.buffer.madvise(mmap.MADV_DONTNEED)

    def keep(self, size: int) -> None:
        """Takes note that about so many bytes are kept in memory.

        Raises:
            WireError: They are more than of any model.
        """
        self._room -= size
        if self._room < 0:
            raise WireError("it has more names than any model")

    def kept(self, field: Field, limit: int) -> str:
        """The text of a field, to be kept; see `text` and `keep`."""
        self.keep(100 + 4 * (field.end - field.start))
        return self.text(field, limit)

    @staticmethod
    def number(field: Field) -> Field:
        """The field, which must hold a number: protobuf passes over one that was declared so and is written otherwise.

        Raises:
            WireError: It is of another wire type.
        """
        if field.kind != VARINT:
            raise WireError(f"the field {field.number} at byte {field.start} should hold a number")
        return field

    def text(self, field: Field, limit: int) -> str:
        """The text of a field of kind LENGTH.

        Raises:
            WireError: It is no text, or longer than `limit` bytes.
        """
        if field.kind != LENGTH:
            raise WireError(f"the field at byte {field.start} should be text")
        if field.end - field.start > limit:
            raise WireError(f"the text at byte {field.start} is longer than {limit} bytes")
        try:
            return str(self.buffer[field.start : field.end], "utf-8")
        except UnicodeDecodeError as error:
            raise WireError(f"the text at byte {field.start} is not UTF-8") from error
