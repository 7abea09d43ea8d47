"""Serves the model over HTTP with FastAPI and uvicorn: translates between HTTP and the data plane, and nothing else."""

from __future__ import annotations

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
from chartgen_runtime.settings import from_environment, termination_log

if TYPE_CHECKING:
    from types import FrameType

    from chartgen_runtime.asgi import App

# Longer than the idle time of usual proxies, so that none of them sends into a connection that was just closed.
KEEP_ALIVE_SECONDS = 75


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
    """uvicorn, but SIGTERM ends readiness first and the server a little later, when the endpoints have been told."""

    def __init__(self, plane: DataPlane) -> None:
        settings = plane.settings
        config = uvicorn.Config(
            Front(plane, Later(lambda: make_api(plane))),
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http="httptools",
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
        self.stop_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature is uvicorn's
        """Begins the end; a second signal, or one from the keyboard, does not wait."""
        if sig == signal.SIGINT or self.stop_at is not None:
            self.should_exit = True
            return
        self.plane.drain()
        self.stop_at = time.monotonic() + self.plane.settings.drain_seconds

    async def on_tick(self, counter: int) -> bool:
        """Looks, ten times a second, whether it is time to stop."""
        if self.stop_at is not None and time.monotonic() >= self.stop_at:
            self.should_exit = True
        return await super().on_tick(counter)

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
