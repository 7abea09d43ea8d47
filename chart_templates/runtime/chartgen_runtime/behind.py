"""A framework's own application behind the front: its routes stay its own, within the bounds of the other ones.

A body is read before the framework sees the request, so that the limits hold for it as for /predict: on the size of
one, on what all of them hold together, and on the requests in flight.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from .access import sent_id
from .asgi import respond
from .errors import ServingError, busy
from .refusals import GONE, Request
from .routes import Route, own_error, v2_error

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from .asgi import App, Message, Receive, Send
    from .front import Front

# What has no body asks for no prediction, and a probe is answered however many requests are in flight.
BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})


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
        self._route = Route("", front.metrics.route("native"), own_error)
        self._v2 = self._route._replace(error=v2_error)

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

        async def watched(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._hand_on(scope, receive, watched)
        except ServingError as error:
            route = self._v2 if scope["path"].startswith(("/v2/", f"{self._base}/v2/")) else self._route
            request = Request(scope, route, started, sent_id(scope["headers"]))
            await respond(send, *self._front.refusals.answer(request, error))
            return
        except ConnectionError:
            status = GONE
        self._route.counter.add(status, perf_counter() - started)

    async def _hand_on(self, scope: Message, receive: Receive, send: Send) -> None:
        if self._base and scope["path"].startswith(f"{self._base}/"):
            scope = {**scope, "root_path": self._base}
        if scope["method"] in BODILESS:
            await self._app(scope, receive, send)
            return
        body, held = await self._front.bodies.read(await receive(), receive)
        metrics = self._front.metrics
        try:
            if metrics.in_flight >= self._max_in_flight:
                raise busy(self._max_in_flight)
            metrics.in_flight += 1
            try:
                await self._app(scope, replayed(body, receive), send)
            finally:
                metrics.in_flight -= 1
        finally:
            self._front.bodies.release(held)


def replayed(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read already, and then whatever comes after it."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return first.pop() if first else await receive()

    return again
