"""What is read at an offset: a model file, a stretch of one, or content that was unpacked to memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from chartgen.errors import ModelUnreadableError


class Readable(Protocol):
    """What a file, a part of one, and the unpacked content of a member have in common."""

    path: Path
    size: int

    def read(self, offset: int, count: int) -> bytes:
        """At most `count` bytes from `offset`."""

    def unreadable(self, message: str, *, expected: str | None = None, hint: str | None = None) -> ModelUnreadableError:
        """An error about the file, for the caller to raise."""


class Part:
    """A stretch of a file, read like a file.

    Args:
        file: The file.
        start: Where it begins.
        size: How many bytes it has.
    """

    def __init__(self, file: Readable, start: int, size: int) -> None:
        self.path, self.size = file.path, size
        self._file, self._start = file, start

    def read(self, offset: int, count: int) -> bytes:
        """At most `count` bytes from `offset`."""
        return self._file.read(self._start + offset, max(0, min(count, self.size - offset)))

    def unreadable(self, message: str, *, expected: str | None = None, hint: str | None = None) -> ModelUnreadableError:
        """An error about the file, for the caller to raise."""
        return self._file.unreadable(message, expected=expected, hint=hint)


class Held:
    """Content in memory, read like a file.

    Args:
        file: The file that it is of.
        content: The content.
    """

    def __init__(self, file: Readable, content: bytes) -> None:
        self.path, self.size = file.path, len(content)
        self._file, self._content = file, content

    def read(self, offset: int, count: int) -> bytes:
        """At most `count` bytes from `offset`."""
        return self._content[offset : offset + count]

    def unreadable(self, message: str, *, expected: str | None = None, hint: str | None = None) -> ModelUnreadableError:
        """An error about the file, for the caller to raise."""
        return self._file.unreadable(message, expected=expected, hint=hint)
