"""The long constants in which XGBoost and LightGBM keep their models, read forwards and judged where they stand.

Both libraries are compiled, and believe what a model says of its own sizes and places: an array of two billion numbers
is made before one is read, and a node's number is taken for an address. So a model is walked to its end here, block by
block, and what it says of itself must be so.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE_LIMIT = 8 << 20


class UnsoundError(Exception):
    """A model says of itself what is not so; the message goes on from the library's name."""


class BoosterBytes:
    """The bytes of one model, read forwards.

    Args:
        blocks: They, in pieces.
        as_text: Whether they stand there as a text in UTF-8, each byte being a character, as protocol 2 has them.
    """

    def __init__(self, blocks: Iterator[bytes], *, as_text: bool = False) -> None:
        self._blocks = blocks
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogatepass") if as_text else None
        self._buffer = bytearray()
        self._at = 0

    def _fill(self) -> bool:
        """Loads the next block that is not empty behind what is left of this one; False at the end."""
        del self._buffer[: self._at]
        self._at = 0
        for block in self._blocks:
            try:
                more = self._decoder.decode(block).encode("latin-1") if self._decoder else block
            except UnicodeError:
                raise UnsoundError("is no text of single bytes") from None
            if more:
                self._buffer += more
                return True
        return False

    def take(self, count: int) -> bytes:
        """The next `count` bytes; for counts that are known to be small.

        Raises:
            UnsoundError: There are not as many.
        """
        while len(self._buffer) - self._at < count:
            if not self._fill():
                raise UnsoundError("ends in the middle, or says that more is in it than there is")
        begin, self._at = self._at, self._at + count
        return bytes(self._buffer[begin : self._at])

    def skip(self, count: int) -> None:
        """Passes over `count` bytes.

        Raises:
            UnsoundError: There are not as many.
        """
        while (ahead := len(self._buffer) - self._at) < count:
            count -= ahead
            self._at = len(self._buffer)
            if not self._fill():
                raise UnsoundError("ends in the middle, or says that more is in it than there is")
        self._at += count

    def line(self) -> bytes:
        """The bytes up to the next line feed, without it.

        Raises:
            UnsoundError: There is none, or it is far away.
        """
        searched = 0
        while (end := self._buffer.find(b"\n", self._at + searched)) < 0:
            searched = len(self._buffer) - self._at
            if searched > _LINE_LIMIT:
                raise UnsoundError("has a line that is longer than any model's")
            if not self._fill():
                raise UnsoundError("ends in the middle")
        begin, self._at = self._at, end + 1
        return bytes(self._buffer[begin:end])

    def at_end(self) -> bool:
        """Whether nothing follows."""
        return self._at >= len(self._buffer) and not self._fill()
