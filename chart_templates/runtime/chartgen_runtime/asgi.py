"""The little of ASGI that the front needs: types, whole answers, errors as answers, an application for later."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import ServingError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]
App = Callable[[Message, Receive, Send], Awaitable[None]]

CONTENT_TYPE = (b"content-type", b"application/json")


class Later:
    """An application that is made, in a thread, when it is first asked.

    Args:
        make: Makes it.
    """

    def __init__(self, make: Callable[[], App]) -> None:
        self._make = make
        self._made: App | None = None
        self._making = asyncio.Lock()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        async with self._making:
            if self._made is None:
                self._made = await asyncio.to_thread(self._make)
        await self._made(scope, receive, send)


async def respond(send: Send, status: int, body: bytes, headers: Iterable[Header] = ()) -> None:
    """Sends a whole answer, which is JSON."""
    sent = [CONTENT_TYPE, (b"content-length", b"%d" % len(body)), *headers]
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body})


def error_body(error: ServingError) -> bytes:
    """The body of an answer that is an error."""
    return json.dumps(error.body(), ensure_ascii=False).encode(errors="replace")


def error_headers(error: ServingError) -> list[Header]:
    """What an error says beside its body."""
    headers = []
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after))
    if error.code == "method_not_allowed" and error.expected:
        headers.append((b"allow", error.expected.encode()))
    if error.code in {"too_large", "too_slow"}:  # there may be more of the body than was read
        headers.append((b"connection", b"close"))
    return headers
