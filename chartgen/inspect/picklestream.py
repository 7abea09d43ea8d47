"""Reads the arguments of opcodes that are lines of text, as protocol 0 writes all of them.

Strict where Python's own two unpicklers are lenient or differ, as with the bytes.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from chartgen.inspect.picklebytes import KEPT, KEPT_SHORT, TEXT, PickleBytes
from chartgen.inspect.picklevalues import Opaque

if TYPE_CHECKING:
    from chartgen.inspect.picklevalues import Value

_KEPT_DIGITS = 40
# A string literal of protocol 0 may hold an array's bytes, so its line is long, but not endless.
_LINE_LIMIT = 1 << 30

_JOBLIB = "joblib.numpy_pickle"
_DECIMAL = re.compile(rb"[+-]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(rb"[+-]?(?:[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|inf|nan)")
# A text of such escapes as picklers write; without a way back, as a file may hold millions of them.
_ESCAPED = re.compile(
    rb"(?>[^\\]|\\(?>x[0-9a-fA-F]{2}|[0-3][0-7]{0,2}|[4-7][0-7]?(?![0-7])|[\\'\"abfnrtv]))*+", re.DOTALL
)


class PickleStream(PickleBytes):
    """The bytes of a pickle file, with what is written in lines."""

    def line(self) -> bytes | None:
        """The bytes up to the next line feed, without it; None when they are too many to be kept."""
        parts: list[bytes] | None = []
        length = 0
        while True:
            end = self._buffer.find(b"\n", self._at)
            part = self._buffer[self._at : end if end >= 0 else None]
            length += len(part)
            self._at += len(part)
            if parts is not None:
                parts = [*parts, part] if length <= KEPT else None
            if end >= 0:
                self._at += 1
                self._line = length
                if self._frame_end is not None and self.position > self._frame_end:
                    raise self.corrupt("an argument crosses the end of its frame")
                return None if parts is None else b"".join(parts)
            if length > _LINE_LIMIT or not self._fill():
                raise self._truncated()

    def name(self) -> Value:
        """A line of UTF-8: a module or a name in it."""
        line = self.line()
        if line is None:
            return Opaque("str")
        self.charge(TEXT + len(line))
        try:
            return str(line, "utf-8")
        except UnicodeDecodeError as error:
            raise self.corrupt("a name is not UTF-8") from error

    def index(self) -> int:
        """A line with the number of a memo entry."""
        line = self.line()
        if line is None or not line.isdigit() or len(line) > _KEPT_DIGITS:
            raise self.corrupt("the number of a memo entry is no number")
        return int(line)

    def decimal(self) -> Value:
        """A line with a number, or with one of the two booleans of protocol 0."""
        line = self.line()
        if line in (b"00", b"01"):
            return line == b"01"
        return self._decimal(line)

    def long_decimal(self) -> Value:
        """A line with a number that ends in `L`."""
        line = self.line()
        return self._decimal(line.removesuffix(b"L") if line is not None else None)

    def _decimal(self, line: bytes | None) -> Value:
        if line is None or len(line) > _KEPT_DIGITS:
            return Opaque("int")
        if not _DECIMAL.fullmatch(line):
            raise self.corrupt("a number is no number")
        return int(line)

    def decimal_float(self) -> float:
        """A line with a floating-point number."""
        line = self.line()
        if line is None or not _FLOAT.fullmatch(line):
            raise self.corrupt("a number is no number")
        return float(line)

    def _text_line(self) -> bytes | None:
        """The line of a text; None when it is too long to be kept."""
        line = self.line()
        if line is None or (len(line) > KEPT_SHORT and len(line) > self._room(len(line))):
            return None
        self.charge(TEXT + len(line))
        return line

    def quoted(self) -> Value:
        """A line with a quoted string of Python 2."""
        line = self._text_line()
        if line is None:
            return Opaque("str", size=self._line)
        if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):  # noqa: PLR2004 - two quotes
            raise self.corrupt("a string has no quotes around it")
        text = line[1:-1]
        if b"\\" in text:
            if not _ESCAPED.fullmatch(text):
                raise self.corrupt("a string holds an escape that no pickler writes")
            text = codecs.escape_decode(text)[0]
        return self._plainly(self._ascii(text), line)

    def escaped_unicode(self) -> Value:
        """A line with a text of protocol 0."""
        line = self._text_line()
        if line is None:
            return Opaque("str", size=self._line)
        try:
            return self._plainly(str(line, "raw-unicode-escape"), line)
        except UnicodeDecodeError as error:
            raise self.corrupt("a text holds an escape that is none") from error

    def _plainly(self, text: str, line: bytes) -> str:
        """The text, unless it is the name of joblib's module in disguise, wholly or in part.

        The pod picks joblib's loader, which reads raw arrays between the opcodes, by the bytes of the whole name; all
        other ways to write a text have them as they are.
        """
        if _JOBLIB in text and _JOBLIB.encode() not in line:
            raise self.corrupt("the name of joblib is written in escapes")
        return text
