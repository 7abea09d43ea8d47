"""uvicorn around the application of any runtime: the model is loaded beside it, and SIGTERM loses no request."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from typing import TYPE_CHECKING

import uvicorn

from .connections import LATE_SECONDS, connection_class, look_at_all, say_goodbye
from .crew import Crew, shared_socket
from .dataplane import DataPlane
from .errors import StartupError
from .listening import take_the_last
from .logs import configure, last_words, log
from .metrics import Metrics
from .settings import from_environment, termination_log

if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket
    from types import FrameType

    from .asgi import App
    from .settings import RuntimeSettings

# Requests are taken for so long after SIGTERM even if no connection is open.
DRAIN_SECONDS = 1
TICKS_PER_SECOND = 10


class Server(uvicorn.Server):
    """uvicorn, but SIGTERM ends readiness first, and the server when its clients have been told.

    Args:
        plane: What answers.
        metrics: What is counted.
        app: The application.
        lifespan: Whether the application wants to be told of the server's beginning and end.
        crew: The processes that serve the same port; None for this one alone.
    """

    def __init__(
        self, plane: DataPlane, metrics: Metrics, app: App, *, lifespan: bool = False, crew: Crew | None = None
    ) -> None:
        settings = plane.settings
        config = uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            interface="asgi3",  # uvicorn would guess from whether the application is a coroutine function
            loop="uvloop",
            http=connection_class(metrics, settings.max_connections),
            ws="none",
            lifespan="on" if lifespan else "off",
            log_config=None,
            log_level=logging.WARNING,
            access_log=False,
            proxy_headers=False,  # of no use here: the routes know neither the client nor the scheme
            server_header=False,
            timeout_keep_alive=settings.keep_alive_seconds,
            timeout_graceful_shutdown=settings.shutdown_seconds,
        )
        super().__init__(config)
        self.plane = plane
        self.metrics = metrics
        self.crew = crew
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
        settings = self.plane.settings
        if self.crew is not None:
            self.crew.tell(ready=self.plane.loaded, asked=bool(self.server_state.connections))
        if counter % TICKS_PER_SECOND == 0:
            look_at_all(self.server_state, settings.read_seconds, settings.keep_alive_seconds)
            if self.crew is not None:
                self.crew.leave(self.metrics.counts())
        if self.told_at is not None:
            say_goodbye(self.server_state)
            stop = stop or self._drained(time.monotonic() - self.told_at)
        return stop

    def _drained(self, seconds: float) -> bool:
        """Whether requests have been taken for long enough: while connections are open, as long as there is time."""
        longest = self.plane.settings.drain_seconds
        # Those who serve one port end together: the last connections to one that ends alone would be lost.
        asked = self.server_state.connections if self.crew is None else self.crew.asked
        return seconds >= (longest if asked else min(longest, DRAIN_SECONDS))

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Takes the last connections, and waits for what is in flight."""
        if self.told_at is not None:
            await take_the_last(each.fileno() for server in self.servers for each in server.sockets)
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


def run(make_app: Callable[[DataPlane, Metrics], App], *, lifespan: bool = False) -> int:
    """Serves until a signal.

    Args:
        make_app: Makes the application.
        lifespan: Whether that wants to be told of the server's beginning and end, by ASGI's protocol of that name.

    Returns:
        The exit status.
    """
    configure()
    try:
        settings = from_environment(os.environ)
    except StartupError as error:
        log.error("cannot serve: %s", error)
        last_words(str(error), termination_log(os.environ))
        return 1
    if settings.workers == 1:
        return _serve(settings, make_app, lifespan=lifespan)
    crew = Crew(settings.workers)
    return crew.run(settings, lambda part: _serve(part, make_app, lifespan=lifespan, crew=crew))


def _serve(
    settings: RuntimeSettings,
    make_app: Callable[[DataPlane, Metrics], App],
    *,
    lifespan: bool,
    crew: Crew | None = None,
) -> int:
    """Serves in this process; gives its exit status."""
    plane = DataPlane(settings)
    if crew is None:
        metrics, sockets = Metrics(plane), None
    else:
        plane.others_ready = lambda: crew.ready
        metrics = Metrics(plane, crew.of_the_others)
        try:
            sockets = [shared_socket(settings.host, settings.port)]
        except OSError as error:
            log.error("cannot listen on %s:%d: %s", settings.host, settings.port, error)
            return 1
    server = Server(plane, metrics, make_app(plane, metrics), lifespan=lifespan, crew=crew)
    loading = plane.start(on_failure=server.stop)
    server.run(sockets)
    if loading.is_alive():  # told to stop before it was ready; a library that is loading cannot be interrupted
        os._exit(0)
    return 1 if plane.failed or not server.started else 0
