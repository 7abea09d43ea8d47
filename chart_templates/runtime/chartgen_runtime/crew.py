"""Several processes that serve one port: each loads the model, and they begin and end together."""

from __future__ import annotations

import json
import mmap
import os
import signal
import socket
import tempfile
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .cpu import share_cpus
from .logs import log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from .settings import RuntimeSettings

READY, ASKED = 1, 2  # bits of the byte that each process has
FAILED = 1


class Crew:
    """What the processes know of each other.

    Args:
        size: How many they are.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._place = 0
        self._flags = mmap.mmap(-1, size)  # one byte for each process, shared by all
        self._folder = Path(tempfile.mkdtemp(prefix="chartgen-crew-"))

    def run(self, settings: RuntimeSettings, serve: Callable[[RuntimeSettings], int]) -> int:
        """Serves in each of the processes, until all have ended; when one ends by itself, so do the others.

        Args:
            settings: The settings of all together.
            serve: Serves with the settings of one, and gives the exit status.

        Returns:
            The exit status: that of the first process that failed.
        """
        running: set[int] = set()
        told = False

        def tell(sig: int, _frame: FrameType | None = None) -> None:
            nonlocal told
            told = True
            for process in running:
                os.kill(process, sig)

        for place in range(self.size):
            process = os.fork()
            if process == 0:
                self._place = place
                share_cpus(self.size)
                os._exit(_status_of(serve, self._part(settings)))
            running.add(process)
        signal.signal(signal.SIGTERM, tell)
        signal.signal(signal.SIGINT, tell)
        status = 0
        while running:
            process, code = os.wait()
            running.discard(process)
            ended = os.waitstatus_to_exitcode(code)
            if not told:
                log.error("a worker ended with status %d; the others end as well", ended)
                tell(signal.SIGTERM)
                status = abs(ended) or FAILED
            status = status or abs(ended)
        return status

    def _part(self, settings: RuntimeSettings) -> RuntimeSettings:
        """The settings of one process, which takes its part of what may be there at a time, and one GPU."""
        return replace(
            settings,
            gpu=self._place % max(settings.gpus, 1),
            max_in_flight=ceil(settings.max_in_flight / self.size),
            max_connections=ceil(settings.max_connections / self.size),
        )

    def tell(self, *, ready: bool, asked: bool) -> None:
        """Lets the others know of this process.

        Args:
            ready: Whether it is ready.
            asked: Whether a connection is open.
        """
        self._flags[self._place] = ready * READY | asked * ASKED

    @property
    def ready(self) -> bool:
        """Whether all processes are; only then is the pod, since no one knows which of them gets a request."""
        return all(flags & READY for flags in self._flags[:])

    @property
    def asked(self) -> bool:
        """Whether a connection is open to any of the processes."""
        return any(flags & ASKED for flags in self._flags[:])

    def leave(self, counts: dict[str, Any]) -> None:
        """Leaves this process's counts where the others find them."""
        path = self._counts(self._place)
        path.with_suffix(".new").write_text(json.dumps(counts))
        path.with_suffix(".new").replace(path)

    def of_the_others(self) -> Iterator[dict[str, Any]]:
        """The counts of the other processes, as they were a second ago at most."""
        for place in range(self.size):
            if place != self._place and self._counts(place).exists():
                yield json.loads(self._counts(place).read_text())

    def _counts(self, place: int) -> Path:
        return self._folder / f"{place}.json"


def shared_socket(host: str, port: int) -> socket.socket:
    """A socket on which the kernel gives each process its part of the connections.

    Raises:
        OSError: The address cannot be listened on.
    """
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind((host, port))
    made.set_inheritable(True)
    return made


def _status_of(serve: Callable[[RuntimeSettings], int], settings: RuntimeSettings) -> int:
    try:
        return serve(settings)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FAILED
    except BaseException:
        log.exception("the worker failed")
        return FAILED
