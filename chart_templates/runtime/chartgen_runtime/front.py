"""What stands in front: every path of the pod in one table, answered by plain ASGI without the cost of a framework.

The service's own paths lie at the root and under the base path as well, so that no proxy has to rewrite them; the
probes and the metrics, which the cluster asks past every proxy, at the root alone.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from .access import AccessLog, made_id, sent_id
from .asgi import CONTENT_TYPE, error_headers, respond
from .body import BodyReader
from .errors import ServingError, busy, method_not_allowed, not_found
from .routes import Route, table, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from .asgi import App, Header, Message, Receive, Send
    from .dataplane import DataPlane
    from .metrics import Metrics

GONE = 499  # the client went away before it was answered; for the metrics
INTERNAL_ERROR = 500


class Request(NamedTuple):
    """What is known of a request when it is refused.

    Attributes:
        scope: Its head.
        route: What it is for.
        started: When it came, by the performance counter.
        sent: The id that the client sent.
    """

    scope: Message
    route: Route
    started: float
    sent: bytes | None


class Front:
    """The whole application.

    Args:
        plane: What answers.
        metrics: What is counted.
        documents: Answers the paths of the documentation.
    """

    def __init__(self, plane: DataPlane, metrics: Metrics, documents: App) -> None:
        settings = plane.settings
        self._plane = plane
        self._metrics = metrics
        self._access = AccessLog(settings.access_log_sample)
        self._max_in_flight = settings.max_in_flight
        self._bodies = BodyReader(settings.max_body_bytes)
        self._routes = table(plane, metrics, documents)
        self._unknown = unknown(plane, metrics)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        started = perf_counter()
        route = self._routes.get(scope["path"]) or self._unknown(scope["path"])
        infer = route.infer
        sent = sent_id(scope["headers"])
        try:
            if scope["method"] != route.method:
                raise not_allowed(scope, route)
            if infer is None:
                answer = await self._other(route, scope, receive, send)
            else:
                message = await receive()
                # The usual request is whole, and answered before anything else happens: it is never in flight.
                if message.get("more_body", True) or len(message["body"]) > self._plane.inline_bytes:
                    answer = await self._long_way(infer, message, receive)
                else:
                    answer = infer(message["body"])
        except ServingError as error:
            request = Request(scope, route, started, sent)
            await respond(send, *self._refusal(request, error))
            return
        except ConnectionError:  # the client went away: there is nobody to answer
            route.counter.add(GONE, perf_counter() - started)
            return
        seconds = perf_counter() - started
        route.counter.add(200, seconds)
        if self._access.sample:
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
        body, held = await self._bodies.read(message, receive)
        metrics = self._metrics
        try:
            if metrics.in_flight >= self._max_in_flight:
                raise busy(self._max_in_flight)
            metrics.in_flight += 1
            try:
                if len(body) <= self._plane.inline_bytes:
                    return infer(body)
                return await asyncio.get_running_loop().run_in_executor(self._threads, infer, body)
            finally:
                metrics.in_flight -= 1
        finally:
            self._bodies.release(held)

    async def _other(self, route: Route, scope: Message, receive: Receive, send: Send) -> bytes | None:
        """The answer of a route that predicts nothing; None if it has sent it itself."""
        if route.app is not None:
            await route.app({**scope, "root_path": route.base}, receive, send)
            return None
        return None if route.get is None else route.get()

    def _refusal(self, request: Request, error: ServingError) -> tuple[int, bytes, list[Header]]:
        """Counts and logs an error; returns its answer."""
        request_id = request.sent or made_id()
        error.id = request_id.decode("ascii")
        status, body = request.route.error(error)
        seconds = perf_counter() - request.started
        request.route.counter.add(status, seconds)
        if request.route.infer is not None and status == INTERNAL_ERROR:
            self._metrics.errors[error.code] = self._metrics.errors.get(error.code, 0) + 1
        if not request.route.quiet:
            self._access.line(request.scope, status, request_id, seconds, error)
        return status, body, [(b"x-request-id", request_id), *error_headers(error)]

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._plane.workers, "predict")


def not_allowed(scope: Message, route: Route) -> ServingError:
    """The error for a method that the route has not: 405, or 404 for the route of what is not there."""
    if not route.method:
        return not_found(scope["path"])
    return method_not_allowed(scope["method"], scope["path"], route.method)
