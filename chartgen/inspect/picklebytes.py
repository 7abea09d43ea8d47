"""Reads the bytes of a pickle: opcodes, their arguments of bytes, frames, and raw data that is passed over.

Strict where Python's own two unpicklers are lenient or differ: what nobody's pickler writes is refused, so that what is
read here is what the pod will read.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from chartgen.inspect import boosterhandle
from chartgen.inspect.compression import Unpacked, compression_of
from chartgen.inspect.picklevalues import Opaque

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chartgen.errors import ModelUnreadableError
    from chartgen.inspect.picklevalues import Value
    from chartgen.inspect.readable import Readable

_BLOCK = 1 << 16

# What values that are kept may take together, in bytes; each is estimated where it is made, as most are remembered.
# The largest models stay far below: a forest of 500 trees takes 4 MB, a vocabulary of 500,000 words up to 90.
_ROOM = 120 << 20
TEXT = 52

# What loading may copy and hash of values that stand in the file once: so much, and so many times what has been read.
_COPIES_FREE = 1 << 20
_COPIES = 3
# How many times loading may compare keys that have the same hash: a third of a second.
_COLLISIONS = 20_000_000

# Longer texts, bytes and numbers are passed over: no name is as long, and memory stays small whatever the file holds.
KEPT = 4096
# Once so many bytes of the longer ones have been kept, of each further one only so many are: none that is read of a
# model stands behind that much, and its names and attributes are shorter.
_KEPT_TOGETHER = 64 << 20
KEPT_SHORT = 256
_KEPT_LONG = 32


class PickleBytes:
    """The bytes of a pickle file, unpacked where it is compressed, read forwards.

    Args:
        file: The file.

    Attributes:
        compression: The name of the compression, or None.
        size: The file's size in bytes, as it lies on the disk.
    """

    def __init__(self, file: Readable) -> None:
        self._file = file
        self.size = file.size
        self.compression = compression_of(file.read(0, 16))
        self._unpacked = Unpacked(file, self.compression) if self.compression else None
        self._offset = 0
        self._buffer = b""
        self._at = 0
        self._passed = 0
        self._frame_end: int | None = None
        self._kept = 0
        self._room_left = _ROOM
        self._copied = 0
        self._collided = 0
        self._line = 0

    def charge(self, count: int) -> None:
        """Takes `count` bytes of the room for values that are kept; the pickles within this one share it."""
        self._room_left -= count
        if self._room_left < 0:
            raise self.corrupt("it holds more small objects and texts than any model")

    def copy(self, count: int) -> None:
        """Counts what loading makes of values that the file may hold once and use many times: bytes, or elements."""
        self._copied += count
        if self._copied > _COPIES_FREE + _COPIES * self.position:
            raise self.corrupt("it makes far more of its values than it holds, which no model does")

    def collide(self, count: int) -> None:
        """Counts the comparisons of keys that have the same hash."""
        self._collided += count
        if self._collided > _COLLISIONS:
            raise self.corrupt("it has far more keys of the same hash than any model")

    def corrupt(self, message: str) -> ModelUnreadableError:
        """An error about this pickle, for the caller to raise."""
        return self._file.unreadable(
            f"the file is no valid pickle: {message}, at byte {self.position}", hint="copy or write it again"
        )

    @property
    def position(self) -> int:
        """How many bytes have been read."""
        return self._passed + self._at

    def _fill(self) -> bool:
        """Loads the next block; False at the end."""
        self._passed += len(self._buffer)
        self._at = 0
        if self._unpacked is not None:
            self._buffer = self._unpacked.block()
        else:
            self._buffer = self._file.read(self._offset, _BLOCK)
            self._offset += len(self._buffer)
        return bool(self._buffer)

    def _truncated(self) -> ModelUnreadableError:
        return self._file.unreadable(
            f"the file is truncated: the pickle has no end, at byte {self.position}", hint="copy or write it again"
        )

    def opcode(self) -> int:
        """The next opcode."""
        if self._frame_end is not None and self.position == self._frame_end:
            self._frame_end = None
        if self._at >= len(self._buffer) and not self._fill():
            raise self._truncated()
        self._at += 1
        return self._buffer[self._at - 1]

    def take(self, count: int) -> bytes:
        """The next `count` bytes, within the frame; for small counts."""
        self._stay_in_frame(count)
        end = self._at + count
        if end <= len(self._buffer):
            data = self._buffer[self._at : end]
            self._at = end
            return data
        parts = []
        while count:
            if self._at >= len(self._buffer) and not self._fill():
                raise self._truncated()
            part = self._buffer[self._at : self._at + count]
            self._at += len(part)
            count -= len(part)
            parts.append(part)
        return b"".join(parts)

    def skip(self, count: int) -> None:
        """Passes over `count` bytes; the frame is the caller's to check."""
        ahead = len(self._buffer) - self._at
        if count <= ahead:
            self._at += count
            return
        if self._unpacked is None:
            if self.position + count > self.size:
                raise self._truncated()
            self._passed = self._offset = self.position + count
            self._buffer, self._at = b"", 0
            return
        while count > ahead:
            count -= ahead
            if not self._fill():
                raise self._truncated()
            ahead = len(self._buffer)
        self._at = count

    def _stay_in_frame(self, count: int) -> None:
        if self._frame_end is not None and self.position + count > self._frame_end:
            raise self.corrupt("an argument crosses the end of its frame")

    def number(self, width: int) -> int:
        """An unsigned little-endian number of `width` bytes."""
        if width == 1 and self._frame_end is None:  # by far the most frequent
            return self.opcode()
        return int.from_bytes(self.take(width), "little")

    def signed(self, width: int) -> int:
        """A signed little-endian number of `width` bytes."""
        return int.from_bytes(self.take(width), "little", signed=True)

    def double(self) -> float:
        """A big-endian number of eight bytes, as BINFLOAT has it."""
        value: float = struct.unpack(">d", self.take(8))[0]
        return value

    def data(self, count: int, kind: str = "bytes") -> bytes | Opaque:
        """`count` bytes of a value of some type; when they are too many to be kept, the first and the last of them."""
        kept = KEPT if count <= KEPT_SHORT else self._room(count)
        self.charge(TEXT + min(count, kept))
        if count <= kept:
            return self.take(count)
        self._stay_in_frame(count)
        head = self.take(kept // 2)
        if boosterhandle.is_model(head):
            return self._booster(kind, head, count)
        self.skip(count - kept)
        return Opaque(kind, head, self.take(kept // 2), count)

    def _booster(self, kind: str, head: bytes, count: int) -> Opaque:
        """A long constant that begins as a booster's model does: it is read to its end."""
        tail = head

        def blocks() -> Iterator[bytes]:
            nonlocal tail
            yield head
            left = count - len(head)
            while left:
                block = self.take(min(left, _BLOCK))
                left -= len(block)
                tail = (tail + block)[-len(head) :]
                yield block

        parts = blocks()
        judgement = boosterhandle.judge(parts, self.size, as_text=kind == "str")
        for _ in parts:
            pass
        return Opaque(kind, head, tail, count, judgement)

    def _room(self, count: int) -> int:
        """How many of the `count` bytes of a longer value are kept."""
        if self._kept > _KEPT_TOGETHER:
            return KEPT_SHORT
        self._kept += min(count, KEPT)
        return KEPT

    def text(self, count: int) -> Value:
        """A text of `count` bytes of UTF-8."""
        data = self.data(count, "str")
        if isinstance(data, Opaque):
            return data
        try:
            return str(data, "utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise self.corrupt("a text is not UTF-8") from error

    def ascii(self, count: int) -> Value:
        """A Python 2 string of `count` bytes, which Python 3 takes for ASCII."""
        data = self.data(count, "str")
        return data if isinstance(data, Opaque) else self._ascii(data)

    def _ascii(self, data: bytes) -> str:
        try:
            return str(data, "ascii")
        except UnicodeDecodeError as error:
            raise self.corrupt("it holds bytes as Python 2 wrote them, which Python 3 does not load") from error

    def integer(self, count: int) -> Value:
        """A signed little-endian number of `count` bytes."""
        if count <= _KEPT_LONG:
            return self.signed(count)
        self._stay_in_frame(count)
        self.skip(count)
        return Opaque("int", size=count)

    def frame(self) -> None:
        """The beginning of a frame."""
        length = self.number(8)
        if self._frame_end is not None and self.position != self._frame_end:
            raise self.corrupt("a frame begins within another")
        end = self.position + length
        if self._unpacked is None and end > self.size:
            raise self._truncated()
        self._frame_end = end

    def leave_frame(self) -> None:
        """Between opcodes and an array's raw bytes: joblib ends the frame there, and its loader relies on it."""
        if self._frame_end is not None and self.position != self._frame_end:
            raise self.corrupt("an array's bytes begin within a frame")
        self._frame_end = None

    def at_end(self) -> bool:
        """Whether nothing follows."""
        return self._at >= len(self._buffer) and not self._fill()
