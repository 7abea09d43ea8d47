"""What stands in front: every path of the pod in one table, answered by plain ASGI without the cost of a framework.

The service's own paths lie at the root and under the base path as well, so that no proxy has to rewrite them; the
probes and the metrics, which the cluster asks past every proxy, at the root alone.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

from .access import AccessLog, made_id, sent_id
from .asgi import CONTENT_TYPE, respond
from .body import BodyReader
from .errors import ServingError, busy, method_not_allowed, not_found
from .pace import Pace
from .refusals import GONE, Refusals, Request
from .routes import Route, table, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from .asgi import App, Message, Receive, Send
    from .dataplane import DataPlane
    from .metrics import Metrics

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Front:
    """The whole application.

    Args:
        plane: What answers.
        metrics: What is counted.
        documents: Answers the paths of the documentation; None where only the document itself is served.
        theirs: How the paths begin that are left to a framework behind; see `Behind`.
    """

    def __init__(
        self, plane: DataPlane, metrics: Metrics, documents: App | None = None, theirs: tuple[str, ...] = ()
    ) -> None:
        settings = plane.settings
        self.plane = plane
        self.metrics = metrics
        self._access = AccessLog(settings.access_log_sample)
        self.refusals = Refusals(metrics, self._access)
        self._max_in_flight = settings.max_in_flight
        self.bodies = BodyReader(settings.max_body_bytes)
        self._pace = Pace()
        self.routes = table(plane, metrics, documents, theirs)
        self._unknown = unknown(plane, metrics)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        started = perf_counter()
        route = self.routes.get(scope["path"]) or self._unknown(scope["path"])
        infer = route.infer
        sent = sent_id(scope["headers"])
        try:
            # Of an answer to HEAD uvicorn sends the head alone.
            if scope["method"] != route.method and (scope["method"], route.method) != ("HEAD", "GET"):
                raise not_allowed(scope, route)
            if infer is None:
                answer = await self._other(route, scope, receive, send)
            else:
                message = await receive()
                # The usual request is whole, and answered before anything else happens: it is never in flight.
                if message.get("more_body", True) or len(message["body"]) > self.plane.inline_bytes:
                    answer = await self._long_way(infer, message, receive)
                else:
                    answer = infer(message["body"])
        except ServingError as error:
            request = Request(scope, route, started, sent)
            await respond(send, *self.refusals.answer(request, error))
            return
        except ConnectionError:  # the client went away: there is nobody to answer
            route.counter.add(GONE, perf_counter() - started)
            return
        seconds = perf_counter() - started
        route.counter.add(200, seconds)
        if self._access.sample and not route.quiet:
            self._access.answered(scope, sent or made_id(), seconds)
        if answer is None:  # it was sent already
            return
        headers = [CONTENT_TYPE, (b"content-length", b"%d" % len(answer))]
        if sent is not None:
            headers.append((b"x-request-id", sent))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _long_way(self, infer: Callable[[bytes], bytes], message: Message, receive: Receive) -> bytes:
        """Reads the rest of a body, and answers it on the event loop or in a thread."""
        body, held = await self.bodies.read(message, receive)
        metrics = self.metrics
        try:
            if metrics.in_flight >= self._max_in_flight:
                raise busy(self._max_in_flight)
            metrics.in_flight += 1
            try:
                if 0 < self.plane.inline_bytes < len(body) and body.rfind(b'"') < 32:  # noqa: PLR2004 - no text but the key
                    return await self._pace.answer(infer, body, self._in_thread)
                return await self.call(infer, body, len(body))
            finally:
                metrics.in_flight -= 1
        finally:
            self.bodies.release(held)

    async def call(self, function: Callable[[Asked], Answer], asked: Asked, size: int) -> Answer:
        """Calls a function with an argument of about `size` bytes of JSON, on the event loop or in a thread."""
        if size <= self.plane.inline_bytes:
            return function(asked)
        return await self._in_thread(function, asked)

    async def _in_thread(self, function: Callable[..., Answer], *asked: object) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *asked)

    async def _other(self, route: Route, scope: Message, receive: Receive, send: Send) -> bytes | None:
        """The answer of a route that predicts nothing; None if it has sent it itself."""
        if route.app is not None:
            await route.app({**scope, "root_path": route.base}, receive, send)
            return None
        return None if route.get is None else route.get()

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.plane.workers, "predict")


def not_allowed(scope: Message, route: Route) -> ServingError:
    """The error for a method that the route has not: 405, or 404 for the route of what is not there."""
    if not route.method:
        return not_found(scope["path"])
    allowed = "GET, HEAD" if route.method == "GET" else route.method
    return method_not_allowed(scope["method"], scope["path"], allowed)
