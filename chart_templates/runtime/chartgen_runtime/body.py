"""A request's body, in one piece or in many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import too_large

if TYPE_CHECKING:
    from .asgi import Message, Receive


async def read_rest(message: Message, receive: Receive, limit: int) -> bytes:
    """Reads the body, of which `message` is the first part; at most `limit` bytes.

    Of one that is too large as much again is read and dropped: a client that is still sending would see a reset
    connection instead of the answer.

    Raises:
        ServingError: 413 for a body that is too large.
        ConnectionError: The client went away.
    """
    chunks: list[bytes] = []
    size = 0
    while size <= 2 * limit:
        if message["type"] == "http.disconnect":
            raise ConnectionError
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            chunks.clear()
        if not message.get("more_body", False):
            break
        message = await receive()
    if size > limit:
        raise too_large(limit)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
