"""A request's body that comes in pieces, and a bound on what all of them may hold at a time."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from .errors import ServingError, too_large

if TYPE_CHECKING:
    from .asgi import Message, Receive

MEBIBYTE = 1024 * 1024
# What the bodies that are being read, or wait for the model, may hold together; two of the largest in any case.
ALL_BODIES = 256 * MEBIBYTE
# A body that has not moved on by so much for so long makes room when others need it.
PROGRESS_BYTES = 64 * 1024
STILL_SECONDS = 1.0


class BodyReader:
    """Reads bodies.

    Args:
        limit: The largest that is read, in bytes.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._all = max(ALL_BODIES, 2 * limit)
        self.held = 0
        self._coming: set[_Coming] = set()

    async def read(self, message: Message, receive: Receive) -> tuple[bytes, int]:
        """Reads the body, of which `message` is the first part.

        Of one that is too large as much again is read and dropped: a client that is still sending would see a reset
        connection instead of the answer.

        Returns:
            The body, and the number of bytes to `release` when it is no longer needed.

        Raises:
            ServingError: 413 for a body that is too large, 408 for one that stood still while others wanted its room,
                503 where all of them together would be too large.
            ConnectionError: The client went away.
        """
        coming = _Coming()
        size = 0
        try:
            while size <= 2 * self.limit:
                if message["type"] == "http.disconnect":
                    raise ConnectionError
                chunk = message.get("body", b"")
                size += len(chunk)
                if size <= self.limit:
                    coming.add(chunk)
                    self.held += len(chunk)
                    if self.held > self._all:
                        self._make_room()
                else:
                    coming.chunks.clear()
                if not message.get("more_body", False):
                    break
                message = await self._next(coming, receive)
            if size > self.limit:
                raise too_large(self.limit)
        except BaseException:
            self.held -= coming.held
            raise
        chunks = coming.chunks
        return chunks[0] if len(chunks) == 1 else b"".join(chunks), coming.held

    def release(self, held: int) -> None:
        """Gives back what `read` took."""
        self.held -= held

    async def _next(self, coming: _Coming, receive: Receive) -> Message:
        self._coming.add(coming)
        try:
            return await receive()
        except asyncio.CancelledError:
            if not coming.ended:
                raise
            coming.task.uncancel()
            raise ServingError(408, "too_slow", "the body did not come in time, and others need its room") from None
        finally:
            self._coming.discard(coming)

    def _make_room(self) -> None:
        """Ends the bodies that have stood still for longest, until the others fit in.

        Raises:
            ServingError: 503 where too few stand still.
        """
        before = time.monotonic() - STILL_SECONDS
        for coming in sorted(self._coming, key=lambda each: each.since):
            if self.held <= self._all or coming.since > before:
                break
            self._coming.discard(coming)  # it is to be ended once, and runs on only later
            self.held -= coming.end()
        if self.held > self._all:
            raise _crowded(self._all)


class _Coming:
    """A body of which more is to come."""

    def __init__(self) -> None:
        self.task: asyncio.Task[Any] = asyncio.current_task()  # type: ignore[assignment]  # a request is a task
        self.chunks: list[bytes] = []
        self.held = 0
        self.ended = False
        self.since = time.monotonic()  # when it last moved on
        self._mark = 0

    def add(self, chunk: bytes) -> None:
        """Takes a piece."""
        self.chunks.append(chunk)
        self.held += len(chunk)
        if self.held - self._mark >= PROGRESS_BYTES:
            self._mark, self.since = self.held, time.monotonic()

    def end(self) -> int:
        """Ends the reading, which then raises; returns how many bytes that gives back."""
        held, self.held, self.ended = self.held, 0, True
        self.chunks.clear()
        self.task.cancel()
        return held


def _crowded(limit: int) -> ServingError:
    message = f"the requests that are being read hold {limit // MEBIBYTE} MiB already"
    return ServingError(503, "busy", message, retry_after=1)
