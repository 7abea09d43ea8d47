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
    """

    number: int
    kind: int
    value: int
    start: int
    end: int

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
    """Reads fields, and counts them: the time that a file may take is bounded by their number.

    Args:
        buffer: The bytes.
        limit: How many fields may be read.
    """

    def __init__(self, buffer: Buffer, limit: int) -> None:
        self.buffer = buffer
        self._left = limit
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
            runs: Numbers of repeated numeric fields; of each run of them only the first is given.

        Raises:
            WireError: The bytes are no message, or the limit is reached.
        """
        position = start
        while position < end:
            self._left -= 1
            if self._left < 0:
                raise WireError("the file has more fields than any model")
            field = self._field(position, end)
            yield field
            position = field.end
            if field.number in runs and field.kind in (VARINT, FIXED32):
                position = self._skip_run(field, end)

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

    def _skip_run(self, field: Field, end: int) -> int:
        """Where the run of unpacked numbers ends that `field` begins: fields of its number and kind, side by side."""
        pattern = self._runs.get(field.number << 3 | field.kind)
        if pattern is None:
            tag = re.escape(bytes([field.number << 3 | field.kind]))
            pattern = re.compile((_VARINT_RUN if field.kind == VARINT else _FIXED32_RUN) % tag)
            self._runs[field.number << 3 | field.kind] = pattern
        found = pattern.match(self.buffer, field.end, end)
        return found.end() if found else field.end

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
