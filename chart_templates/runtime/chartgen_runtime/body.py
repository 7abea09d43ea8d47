"""A request's body that comes in pieces, and a bound on what all of them may hold at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import ServingError, too_large

if TYPE_CHECKING:
    from .asgi import Message, Receive

MEBIBYTE = 1024 * 1024
# What the bodies that are being read, or wait for the model, may hold together; two of the largest in any case.
ALL_BODIES = 256 * MEBIBYTE


class BodyReader:
    """Reads bodies.

    Args:
        limit: The largest that is read, in bytes.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._all = max(ALL_BODIES, 2 * limit)
        self.held = 0

    async def read(self, message: Message, receive: Receive) -> tuple[bytes, int]:
        """Reads the body, of which `message` is the first part.

        Of one that is too large as much again is read and dropped: a client that is still sending would see a reset
        connection instead of the answer.

        Returns:
            The body, and the number of bytes to `release` when it is no longer needed.

        Raises:
            ServingError: 413 for a body that is too large, 503 where all of them together would be.
            ConnectionError: The client went away.
        """
        chunks: list[bytes] = []
        size = held = 0
        try:
            while size <= 2 * self.limit:
                if message["type"] == "http.disconnect":
                    raise ConnectionError
                chunk = message.get("body", b"")
                size += len(chunk)
                if size <= self.limit:
                    chunks.append(chunk)
                    held += len(chunk)
                    self.held += len(chunk)
                    if self.held > self._all:
                        raise _crowded(self._all)
                else:
                    chunks.clear()
                if not message.get("more_body", False):
                    break
                message = await receive()
            if size > self.limit:
                raise too_large(self.limit)
        except BaseException:
            self.held -= held
            raise
        return chunks[0] if len(chunks) == 1 else b"".join(chunks), held

    def release(self, held: int) -> None:
        """Gives back what `read` took."""
        self.held -= held


def _crowded(limit: int) -> ServingError:
    message = f"the requests that are being read hold {limit // MEBIBYTE} MiB already"
    return ServingError(503, "busy", message, retry_after=1)
