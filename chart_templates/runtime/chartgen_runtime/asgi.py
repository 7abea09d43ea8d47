"""POST /predict as a plain ASGI function in front of a web framework, whose cost every call is then spared."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .errors import ServingError, busy, too_large

if TYPE_CHECKING:
    from .dataplane import DataPlane

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

PATH = "/predict"
CONTENT_TYPE = (b"content-type", b"application/json")
NO_HEADERS: dict[str, str] = {}


class PredictRoute:
    """Answers /predict, and hands everything else on.

    Args:
        plane: What answers.
        other: The application behind.
    """

    def __init__(self, plane: DataPlane, other: App) -> None:
        self._plane = plane
        self._other = other
        self._max_body = plane.settings.max_body_bytes
        self._max_in_flight = plane.settings.max_in_flight
        self._in_flight = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] != "http" or scope["path"] != PATH:
            await self._other(scope, receive, send)
            return
        status, headers = 200, NO_HEADERS
        self._in_flight += 1
        try:
            if scope["method"] != "POST":
                raise ServingError(
                    405, "method_not_allowed", f"{scope['method']} is not allowed", path=PATH, expected="POST"
                )
            if self._in_flight > self._max_in_flight:
                raise busy(self._max_in_flight)
            message = await receive()
            body = message.get("body", b"")
            if len(body) > self._max_body or message.get("more_body", True):
                body = await _read_rest(message, receive, self._max_body)
            if self._plane.inline(len(body)):
                answer = self._plane.predict(body)
            else:
                loop = asyncio.get_running_loop()
                answer = await loop.run_in_executor(self._threads, self._plane.predict, body)
        except ServingError as error:
            status, answer, headers = error.status, error_body(error), error_headers(error)
        except ConnectionError:  # the client went away: there is nobody to answer
            return
        finally:
            self._in_flight -= 1
        await respond(send, status, answer, headers)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._plane.workers, "predict")


class Probes:
    """Answers what Kubernetes asks, and hands everything else on; the arguments are those of `PredictRoute`."""

    def __init__(self, plane: DataPlane, other: App) -> None:
        self._probes = {"/healthz": plane.healthz, "/readyz": plane.readyz}
        self._other = other

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        probe = self._probes.get(scope["path"])
        if probe is None or scope["method"] != "GET":
            await self._other(scope, receive, send)
            return
        try:
            await respond(send, 200, json.dumps(probe()).encode())
        except ServingError as error:
            await respond(send, error.status, error_body(error), error_headers(error))


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


async def respond(send: Send, status: int, body: bytes, headers: Mapping[str, str] = NO_HEADERS) -> None:
    """Sends a whole answer, which is JSON."""
    sent = [CONTENT_TYPE, (b"content-length", b"%d" % len(body))]
    if headers:
        sent += [(name.encode(), text.encode()) for name, text in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body})


def error_body(error: ServingError) -> bytes:
    """The body of an answer that is an error."""
    return json.dumps(error.body(), ensure_ascii=False).encode(errors="replace")


def error_headers(error: ServingError) -> dict[str, str]:
    """What an error says beside its body."""
    headers = {}
    if error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    if error.code == "method_not_allowed" and error.expected:
        headers["allow"] = error.expected
    if error.code == "too_large":  # there may be more of the body than was read
        headers["connection"] = "close"
    return headers


async def _read_rest(message: Message, receive: Receive, limit: int) -> bytes:
    """Reads the body, of which `message` is the first part; at most `limit` bytes.

    Of one that is too large as much again is read and dropped: a client that is still sending would see a reset
    connection instead of the answer.
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
