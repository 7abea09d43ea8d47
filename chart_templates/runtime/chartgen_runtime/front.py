"""What stands in front: every path of the pod in one table, answered by plain ASGI without the cost of a framework.

The service's own paths lie at the root and under the base path as well, so that no proxy has to rewrite them; the
probes, which the cluster asks past every proxy, at the root alone.
"""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from .asgi import NO_HEADERS, error_body, error_headers, respond
from .body import read_rest
from .errors import ServingError, busy, method_not_allowed, not_found

if TYPE_CHECKING:
    from collections.abc import Callable

    from .asgi import App, Message, Receive, Send
    from .dataplane import DataPlane

DOCUMENTS = ("/openapi.json", "/docs", "/docs/oauth2-redirect")


class Route(NamedTuple):
    """What answers a path.

    Attributes:
        method: The only one that is allowed.
        infer: The body of a request -> the body of the answer; None for a path that predicts nothing.
        get: Gives the body of the answer, as JSON can hold it.
        base: The base path that it was found under, for what is neither of the two: a document.
    """

    method: str
    infer: Callable[[bytes], bytes] | None = None
    get: Callable[[], Any] | None = None
    base: str = ""


class Front:
    """The whole application.

    Args:
        plane: What answers.
        documents: Answers the paths of the documentation.
    """

    def __init__(self, plane: DataPlane, documents: App) -> None:
        self._plane = plane
        self._documents = documents
        self._max_body = plane.settings.max_body_bytes
        self._max_in_flight = plane.settings.max_in_flight
        self._in_flight = 0
        self._routes = self._table(plane)

    @staticmethod
    def _table(plane: DataPlane) -> dict[str, Route]:
        base = plane.settings.base_path
        routes: dict[str, Route] = {}
        for prefix in dict.fromkeys((base, "")):  # the root last: it wins, whatever the base path is
            routes[f"{prefix}/predict"] = Route("POST", infer=plane.predict)
            for document in DOCUMENTS:
                routes[prefix + document] = Route("GET", base=prefix)
        routes["/healthz"] = Route("GET", get=plane.healthz)
        routes["/readyz"] = Route("GET", get=plane.readyz)
        return routes

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        route = self._routes.get(scope["path"])
        if route is None or route.infer is None:
            await self._other(route, scope, receive, send)
            return
        status, headers = 200, NO_HEADERS
        self._in_flight += 1
        try:
            if scope["method"] != "POST":
                raise method_not_allowed(scope["method"], scope["path"], "POST")
            if self._in_flight > self._max_in_flight:
                raise busy(self._max_in_flight)
            message = await receive()
            body = message.get("body", b"")
            if len(body) > self._max_body or message.get("more_body", True):
                body = await read_rest(message, receive, self._max_body)
            if self._plane.inline(len(body)):
                answer = route.infer(body)
            else:
                loop = asyncio.get_running_loop()
                answer = await loop.run_in_executor(self._threads, route.infer, body)
        except ServingError as error:
            status, answer, headers = error.status, error_body(error), error_headers(error)
        except ConnectionError:  # the client went away: there is nobody to answer
            return
        finally:
            self._in_flight -= 1
        await respond(send, status, answer, headers)

    async def _other(self, route: Route | None, scope: Message, receive: Receive, send: Send) -> None:
        """Answers everything but a prediction."""
        try:
            if route is None:
                raise not_found(scope["path"])
            if scope["method"] != route.method:
                raise method_not_allowed(scope["method"], scope["path"], route.method)
            answer = None if route.get is None else json.dumps(route.get()).encode()
        except ServingError as error:
            await respond(send, error.status, error_body(error), error_headers(error))
            return
        if answer is None:
            await self._documents({**scope, "root_path": route.base}, receive, send)
        else:
            await respond(send, 200, answer)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._plane.workers, "predict")
