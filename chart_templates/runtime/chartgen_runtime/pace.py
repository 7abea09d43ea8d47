"""Where a long request is answered: on the event loop, which is quicker, or in a thread, which delays no probe.

The way to a thread and back costs an image as JSON a sixth of its time: the other core has none of it in its cache, and
both threads want the interpreter's lock. So the loop answers what it is expected to be done with soon, which is learned
from the requests before; and of that only so much in each of its turns that probes are answered between them.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

# How long one turn of the loop may take for long requests. A probe waits for two turns at most, and for a second.
TURN_SECONDS = 0.1
# What was slow once is forgotten to a half after seventy requests that were quicker.
KEPT = 0.99


class Pace:
    """What answering a byte of a long request takes, at worst, and what of the loop's turn is used."""

    def __init__(self) -> None:
        self._seconds_per_byte = float("inf")  # the first is answered in a thread
        self._used = 0.0

    def is_soon_done(self, size: int) -> bool:
        """Whether a request of so many bytes may be answered on the event loop."""
        return size * self._seconds_per_byte <= TURN_SECONDS

    async def on_loop(self, function: Callable[[Asked], Answer], asked: Asked, size: int) -> Answer:
        """As `timed`, on the event loop, in the first turn that has time for it; those that wait keep their order."""
        while self._used and self._used + size * self._seconds_per_byte > TURN_SECONDS:
            await asyncio.sleep(0)
        if not self._used:
            asyncio.get_running_loop().call_soon(self._next_turn)  # after it has looked for probes
        started = perf_counter()
        try:
            return self.timed(function, asked, size)
        finally:
            self._used += perf_counter() - started

    def timed(self, function: Callable[[Asked], Answer], asked: Asked, size: int) -> Answer:
        """Calls a function, and learns from it; a refusal, which may come at the first byte, never says "quicker".

        Args:
            function: The function.
            asked: Its argument.
            size: About how many bytes of JSON the argument is; at least 1.
        """
        before = self._seconds_per_byte
        kept = before
        started = perf_counter()
        try:
            answer = function(asked)
            kept = KEPT * before if before < float("inf") else 0.0
            return answer
        finally:
            self._seconds_per_byte = max((perf_counter() - started) / size, kept)

    def _next_turn(self) -> None:
        self._used = 0.0
