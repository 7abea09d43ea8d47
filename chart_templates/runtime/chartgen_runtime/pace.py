"""Where long requests of numbers are answered: in a thread, which delays no probe, or on the event loop.

A thread costs an image as JSON a sixth of its time. So the loop answers what is expected to be done soon, which is
learned from the requests before; and only so much of that in each of its turns.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Infer = Callable[[bytes], bytes]

# A probe waits for two turns of the loop at most, and for a second.
TURN_SECONDS = 0.1
# What was slow once is forgotten to a half after seventy requests that were quicker.
KEPT = 0.99
COMMA = ord(",")
PIECE = 64 * 1024


def commas(body: bytes) -> int:
    """How many there are; in pieces, as a copy of a long body would be asked from the system each time."""
    held = np.frombuffer(body, np.uint8)
    return sum(int(np.count_nonzero(held[at : at + PIECE] == COMMA)) for at in range(0, len(held), PIECE))


class Pace:
    """What a number of a long request costs, at worst; its blanks and digits cost little, and say nothing of it."""

    def __init__(self) -> None:
        self._cost = float("inf")  # the first is answered in a thread
        self._used = 0.0  # of this turn of the loop

    async def answer(self, infer: Infer, body: bytes, in_thread: Callable[..., Awaitable[bytes]]) -> bytes:
        """Answers a request; on the loop those that wait for a turn keep their order."""
        numbers = commas(body) + 1
        if numbers * self._cost > TURN_SECONDS:
            return await in_thread(self._timed, infer, body, numbers)
        while self._used and self._used + numbers * self._cost > TURN_SECONDS:
            await asyncio.sleep(0)
        if not self._used:
            asyncio.get_running_loop().call_soon(self._next_turn)
        started = perf_counter()
        try:
            return self._timed(infer, body, numbers)
        finally:
            self._used += perf_counter() - started

    def _timed(self, infer: Infer, body: bytes, numbers: int) -> bytes:
        """Answers and learns; a refusal may come at the first number, and never says that others are quicker."""
        kept = self._cost
        started = perf_counter()
        try:
            answer = infer(body)
            kept = KEPT * kept if kept < float("inf") else 0.0
            return answer
        finally:
            self._cost = max((perf_counter() - started) / numbers, kept)

    def _next_turn(self) -> None:
        self._used = 0.0
