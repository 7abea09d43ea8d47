"""A framework's own application behind the front: its routes stay its own, within the bounds of the other ones.

A body is read before the framework sees the request, so that the limits hold for it as for /predict: on the size of
one, packed and unpacked, on what all of them hold together, and on the requests in flight.
"""

from __future__ import annotations

import zlib
from time import perf_counter
from typing import TYPE_CHECKING, Any

from .access import made_id, sent_id
from .asgi import error_headers, respond
from .errors import ServingError, busy, not_packed, too_large
from .refusals import GONE, REQUEST_ID, Request
from .routes import Route, own_error, v2_error

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from .asgi import App, Header, Message, Receive, Send
    from .front import Front

# What has no body asks for no prediction, and a probe is answered however many requests are in flight.
BODILESS = frozenset({"GET", "OPTIONS"})
GZIP = zlib.MAX_WBITS | 16
OF_THE_BODY = frozenset({b"content-length", b"transfer-encoding"})
PACKED = (b"content-encoding", b"gzip")
REFUSED = "chartgen.refused"


class Behind:
    """The front, and a framework for every path that the front has not.

    Args:
        front: Answers its own paths.
        app: The framework's application.
    """

    def __init__(self, front: Front, app: App) -> None:
        settings = front.plane.settings
        self._front = front
        self._app = app
        self._base = settings.base_path
        self._max_in_flight = settings.max_in_flight

    def __call__(self, scope: Message, receive: Receive, send: Send) -> Awaitable[None]:
        """The ASGI application; of the server's beginning and end, which have no path, the framework hears."""
        if scope.get("path") in self._front.routes:
            return self._front(scope, receive, send)
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        return self._behind(scope, receive, send)

    async def _behind(self, scope: Message, receive: Receive, send: Send) -> None:
        started = perf_counter()
        status = GONE
        request_id = sent_id(scope["headers"]) or made_id()
        inner = {**scope, REQUEST_ID: request_id}
        if inner["method"] == "HEAD":  # few frameworks know it; uvicorn sends the head alone
            inner["method"] = "GET"
        if self._base and scope["path"].startswith(f"{self._base}/"):
            inner["root_path"] = self._base

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [pair for pair in message.get("headers", ()) if pair[0].lower() != b"x-request-id"]
                message["headers"] = [*headers, (b"x-request-id", request_id)]
            await send(message)

        cause = None
        try:
            await self._hand_on(inner, receive, watched)
        except ServingError as error:
            request = Request(scope, self._route(inner), started, request_id)
            await respond(send, *self._front.refusals.answer(request, error))
            return
        except ConnectionError:
            status = GONE
        except Exception as error:
            if status == GONE:
                raise
            cause = error  # the framework has answered before it passed on what nobody of its own expected
        seconds = perf_counter() - started
        self._route(inner).counter.add(status, seconds)
        self._front.refusals.told(inner | {"method": scope["method"]}, status, seconds, inner.get(REFUSED), cause)

    def _route(self, scope: Message) -> Route:
        """What is counted and how an error is said: by the template of the route that the framework's router found."""
        template = getattr(scope.get("route"), "path", None)
        label = template.replace("{model_name}", "{model}") if isinstance(template, str) else "native"
        counter = self._front.metrics.route(label)
        return Route("", counter, error_form(scope["path"].removeprefix(self._base)))

    async def _hand_on(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["method"] in BODILESS:
            await self._app(scope, receive, send)
            return
        body, held = await self._front.bodies.read(await receive(), receive)
        metrics = self._front.metrics
        try:
            body = unpacked(scope["headers"], body, self._front.bodies.limit)
            # What is known of the body now takes the place of what its head said.
            headers = [pair for pair in scope["headers"] if pair[0] not in OF_THE_BODY and pair != PACKED]
            scope["headers"] = [*headers, (b"content-length", b"%d" % len(body))]
            if metrics.in_flight >= self._max_in_flight:
                raise busy(self._max_in_flight)
            metrics.in_flight += 1
            try:
                await self._app(scope, replayed(body, receive), send)
            finally:
                metrics.in_flight -= 1
        finally:
            self._front.bodies.release(held)


class Refusal:
    """An error of the data plane as a framework's exception handler returns an answer: an application.

    Args:
        request: The framework's request, which has a `scope`.
        error: The error.
    """

    def __init__(self, request: Any, error: ServingError) -> None:
        self._error = error
        request.scope[REFUSED] = error

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """The ASGI application."""
        error = self._error
        error.id = scope[REQUEST_ID].decode("ascii")
        status, body = error_form(scope["path"].removeprefix(scope.get("root_path", "")))(error)
        await respond(send, status, body, error_headers(error))


def error_form(path: str) -> Any:
    """The form of errors under a path: KServe's and Open Inference Protocol's is one text."""
    return v2_error if path.startswith(("/v2/", "/v1/")) else own_error


def unpacked(headers: list[Header], body: bytes, limit: int) -> bytes:
    """A body that came as gzip, as it is meant: unpacked here, where its size is bounded.

    Raises:
        ServingError: It is no gzip, or more than the limit.
    """
    if PACKED not in headers:
        return body
    unpacking = zlib.decompressobj(GZIP)
    try:
        plain = unpacking.decompress(body, limit + 1)
    except zlib.error as error:
        raise not_packed(str(error)) from error
    if len(plain) > limit:
        raise too_large(limit)
    return plain


def replayed(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read already, and then whatever comes after it."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return first.pop() if first else await receive()

    return again
