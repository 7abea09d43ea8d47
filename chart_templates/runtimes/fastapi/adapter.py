"""Serves the model over HTTP with FastAPI and uvicorn: translates between HTTP and the data plane, and nothing else."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import uvicorn
from chartgen_runtime.asgi import Later
from chartgen_runtime.dataplane import DataPlane
from chartgen_runtime.errors import StartupError
from chartgen_runtime.front import Front
from chartgen_runtime.logs import configure, last_words, log
from chartgen_runtime.metrics import Metrics
from chartgen_runtime.settings import from_environment, termination_log
from connections import connection_class, look_at_all, say_goodbye

if TYPE_CHECKING:
    from socket import socket
    from types import FrameType

    from chartgen_runtime.asgi import App

# Longer than the idle time of usual proxies, so that none of them sends into a connection that was just closed.
KEEP_ALIVE_SECONDS = 75
# Requests are taken for so long after SIGTERM even if no connection is open.
DRAIN_SECONDS = 1
# How long a client may keep the server waiting that has nothing else left to do.
LATE_SECONDS = 3
TICKS_PER_SECOND = 10


def make_api(plane: DataPlane) -> App:
    """The documentation of every path, by FastAPI.

    It is imported when it is first asked for: the pod is ready sooner, and one whose documents nobody reads is smaller.
    """
    from fastapi import FastAPI

    class Api(FastAPI):
        """FastAPI's document, with the paths that do not pass through FastAPI."""

        def openapi(self) -> dict[str, Any]:
            return super().openapi() | {"paths": plane.openapi()}

    return Api(title=plane.settings.model_name, version=plane.settings.model_version or "unknown", redoc_url=None)


class Server(uvicorn.Server):
    """uvicorn, but SIGTERM ends readiness first, and the server when its clients have been told."""

    def __init__(self, plane: DataPlane) -> None:
        settings = plane.settings
        metrics = Metrics(plane)
        config = uvicorn.Config(
            Front(plane, metrics, Later(lambda: make_api(plane))),
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http=connection_class(metrics, settings.max_connections),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level=logging.WARNING,
            access_log=False,
            proxy_headers=False,  # of no use here: the routes know neither the client nor the scheme
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=settings.shutdown_seconds,
        )
        super().__init__(config)
        self.plane = plane
        self.told_at: float | None = None  # when SIGTERM came

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature is uvicorn's
        """Begins the end; a second signal, or one from the keyboard, does not wait."""
        if sig == signal.SIGINT or self.told_at is not None:
            self.should_exit = True
            return
        self.plane.drain()
        self.told_at = time.monotonic()

    async def on_tick(self, counter: int) -> bool:
        """Looks, ten times a second, whether it is time to stop; every second, after clients that keep it waiting."""
        stop = await super().on_tick(counter)
        if counter % TICKS_PER_SECOND == 0:
            look_at_all(self.server_state, self.plane.settings.read_seconds, KEEP_ALIVE_SECONDS)
        if self.told_at is not None:
            say_goodbye(self.server_state)
            stop = stop or self._drained(time.monotonic() - self.told_at)
        return stop

    def _drained(self, seconds: float) -> bool:
        """Whether requests have been taken for long enough: while connections are open, as long as there is time."""
        longest = self.plane.settings.drain_seconds
        return seconds >= (longest if self.server_state.connections else min(longest, DRAIN_SECONDS))

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Takes no more connections, and waits for what is in flight."""
        if self.told_at is not None:
            passed = time.monotonic() - self.told_at
            self.config.timeout_graceful_shutdown = max(0, int(self.plane.settings.shutdown_seconds - passed))
        looking = asyncio.create_task(self._look_on())
        await super().shutdown(sockets)
        looking.cancel()

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(1)
            look_at_all(self.server_state, LATE_SECONDS, LATE_SECONDS)

    def stop(self) -> None:
        """Ends the server, from any thread."""
        self.should_exit = True


def main() -> int:
    """Serves until a signal; returns the exit status."""
    configure()
    try:
        settings = from_environment(os.environ)
    except StartupError as error:
        log.error("cannot serve: %s", error)
        last_words(str(error), termination_log(os.environ))
        return 1
    plane = DataPlane(settings)
    server = Server(plane)
    loading = plane.start(on_failure=server.stop)
    server.run()
    if loading.is_alive():  # told to stop before it was ready; a library that is loading cannot be interrupted
        os._exit(0)
    return 1 if plane.failed else 0


if __name__ == "__main__":
    sys.exit(main())
