"""uvicorn's connections, with bounds on what a client that is slow, or means harm, may hold."""

from __future__ import annotations

import json
import resource
import time
from typing import TYPE_CHECKING, Any

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

    from uvicorn.server import ServerState

    from .asgi import Header
    from .metrics import Metrics

MAX_HEADERS = 128
MAX_HEAD_BYTES = 64 * 1024
# Of a body that nobody reads any more, since it was answered already: so much may still come before the next request.
MAX_UNREAD_BYTES = 1024 * 1024
MAX_PIPELINED = 16
# A body, or an answer, that moves on by so much in the time that is given gets the same time again.
PROGRESS_BYTES = 64 * 1024
SPARE_FILES = 64
# How long a client may keep the server waiting that has nothing else left to do.
LATE_SECONDS = 3
CLOSE = (b"connection", b"close")
NOT_HTTP = "Invalid HTTP request received."


class Connection(HttpToolsProtocol):
    """One connection. The hot way through it is uvicorn's; what is added is a few comparisons of integers."""

    cycle: Any  # uvicorn says that there always is one; before the first request it is None
    metrics: Metrics
    max_connections: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.headers: list[Header] = []  # uvicorn sets them when the first request begins
        self._taken = 0  # bytes
        self._passed = 0  # those of them up to the last request's head or body
        self._stage: tuple[str, int] | None = None  # what the client is late with, since when, and how far it was
        self._since = 0.0
        self._mark = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes a connection; one too many ends those that wait longest for their client."""
        super().connection_made(transport)
        self._since = time.monotonic()
        if len(self.connections) > self.max_connections:
            make_room(self.connections)

    def data_received(self, data: bytes) -> None:
        """Parses what came, and counts what comes before a request's head is complete."""
        cycle = self.cycle
        in_body = cycle is not None and cycle.more_body and not cycle.response_complete
        self._taken += len(data)
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as stop:
            self._pass_over(memoryview(data)[stop.args[0] :])
        except HttpParserError:
            self.send_400_response(NOT_HTTP)
        if in_body or self.cycle is not cycle:
            if len(data) > MAX_HEAD_BYTES and not in_body:  # a head of any length may have come with its body at once
                self._passed = self._taken - min(len(data), self._head_bytes())
                self._bound()
            self._passed = self._taken
        if self._taken - self._passed > MAX_HEAD_BYTES or self.pipeline or len(self.headers) > MAX_HEADERS:
            self._bound()

    def _should_upgrade(self) -> bool:
        """uvicorn starts no request whose head offers another protocol: `_pass_over` has it read once more."""
        return True

    def _pass_over(self, rest: memoryview) -> None:
        """Reads on after a head that offers another protocol, on plain http the way to HTTP/2, as if it did not.

        The parser ends such a request with its head and skips its body. Another one, as the first may read no more,
        gets the head without the offer, and so frames the body, or refuses it, as any other.

        Args:
            rest: What came behind the head.
        """
        try:
            while True:
                if self.scope["method"] == "CONNECT":  # a tunnel; nothing here can be read as a request
                    self.send_400_response(NOT_HTTP)
                    return
                self.parser = HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
                self.parser.feed_data(self._head_without_offer())
                try:
                    self.parser.feed_data(rest)
                except HttpParserUpgrade as stop:
                    rest = rest[stop.args[0] :]
                else:
                    return
        except HttpParserError:
            self.send_400_response(NOT_HTTP)

    def _head_without_offer(self) -> bytes:
        scope = self.scope
        lines = [f"{scope['method']} ".encode() + self.url + f" HTTP/{scope['http_version']}".encode()]
        lines += [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def _head_bytes(self) -> int:
        """About how long the head is that was read last."""
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _bound(self) -> None:
        """Ends the connection if it holds too much; called when that may be."""
        if self.transport.is_closing():
            return
        cycle = self.cycle
        unread = cycle is not None and cycle.response_complete and cycle.more_body
        head = self._taken - self._passed
        if head > (MAX_UNREAD_BYTES if unread else MAX_HEAD_BYTES) or len(self.headers) > MAX_HEADERS:
            self.end("head_too_large", 431, "the request's head is too large")
        elif len(self.pipeline) > MAX_PIPELINED:
            self.end("pipelined", 429, f"more than {MAX_PIPELINED} requests were sent before their answers")

    def send_400_response(self, msg: str) -> None:
        """Refuses what is no HTTP."""
        self.logger.warning(msg)
        self.end("not_http", 400, msg)

    def shutdown(self) -> None:
        """Ends the connection if it is idle; a request that is being sent is answered first, unless it is late."""
        if self.waits_for == "head" and time.monotonic() - self._since < LATE_SECONDS:
            return  # its answer says `Connection: close`
        super().shutdown()

    @property
    def waits_for(self) -> str:
        """What the client owes: `head`, `body`, `reading` (it does not take its answer), or nothing."""
        cycle = self.cycle
        if self.transport.get_write_buffer_size():
            return "reading"
        if cycle is None or cycle.response_complete:
            return "head" if self.timeout_keep_alive_task is None else ""
        return "body" if cycle.more_body else ""

    @property
    def waiting_since(self) -> float:
        """When the connection began to wait for its client; infinite while it does not."""
        idle = self.timeout_keep_alive_task is not None
        return self._since if idle or self.waits_for else float("inf")

    def look(self, now: float, seconds: float, idle_seconds: float) -> None:
        """Ends the connection if its client keeps it waiting for too long.

        Args:
            now: The monotonic clock.
            seconds: How long a head may take, and each part of a body or an answer.
            idle_seconds: How long a connection may stay on which nothing came yet.
        """
        waits_for = self.waits_for
        if not waits_for:
            self._stage, self._since = None, now
            return
        moved = -self.transport.get_write_buffer_size() if waits_for == "reading" else self._taken
        stage = (waits_for, id(self.cycle))
        progress = waits_for != "head" and moved - self._mark >= PROGRESS_BYTES
        if stage != self._stage or progress:
            self._stage, self._mark = stage, moved
            if self._taken:
                self._since = now
        if now - self._since < (seconds if self._taken else idle_seconds):
            return
        if waits_for == "reading" or not self._taken:
            self.metrics.close("not_reading" if self._taken else "idle")
            self.transport.abort()
        else:
            self.end("too_slow", 408, "the request did not come in time")

    def end(self, reason: str, status: int, message: str) -> None:
        """Answers with an error, if no answer has begun, and closes."""
        self.metrics.close(reason)
        if self.transport.is_closing():
            return
        cycle = self.cycle
        if cycle is None or cycle.response_complete or not cycle.response_started:
            error = {"code": reason, "message": message, "path": None, "expected": None}
            body = json.dumps({"error": error}).encode()
            head = f"HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
            self.transport.write(head.encode() + b"connection: close\r\n\r\n" + body)
        self.transport.close()


def make_room(connections: set[Any]) -> None:
    """Ends a quarter of the connections: those that have waited longest for their client."""
    waiting = sorted(connections, key=lambda connection: connection.waiting_since)
    for connection in waiting[: max(1, len(waiting) // 4)]:
        if connection.waiting_since != float("inf"):
            connection.metrics.close("too_many")
            connection.transport.abort()


def connection_class(metrics: Metrics, max_connections: int) -> type[Connection]:
    """The class of the connections of one server.

    Args:
        metrics: Where the connections that are ended are counted.
        max_connections: How many there may be; fewer where the process may not open as many files.
    """
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    allowed = max_connections if files == resource.RLIM_INFINITY else min(max_connections, files - SPARE_FILES)
    return type("Connection", (Connection,), {"metrics": metrics, "max_connections": max(SPARE_FILES, allowed)})


def look_at_all(state: ServerState, seconds: float, idle_seconds: float) -> None:
    """Ends every connection whose client keeps it waiting for too long; see `Connection.look`."""
    now = time.monotonic()
    for connection in _connections(state):
        connection.look(now, seconds, idle_seconds)


def say_goodbye(state: ServerState) -> None:
    """From now on every answer says `Connection: close`, those to requests that are in flight included."""
    if CLOSE not in state.default_headers:
        state.default_headers = [*state.default_headers, CLOSE]
    for connection in _connections(state):
        if connection.cycle is not None:
            connection.cycle.keep_alive = False


def _connections(state: ServerState) -> list[Connection]:
    return [connection for connection in state.connections if isinstance(connection, Connection)]
