"""Sends requests to a model for as long as it is told to, and says what became of every one.

It runs in a pod, with the standard library alone; the plan, a JSON file, comes from a ConfigMap. Half of its workers
keep their connection, half open one for each request. Nothing is ever sent twice: a request that was not answered is
lost, and so is one for which no connection could be opened. A connection that the server closes between two requests is
no loss.

usage: python load_client.py PLAN STOP      # goes on until the file STOP exists
"""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOLERANCE = 1e-6
SHOWN = 20


@dataclass
class Report:
    """What became of the requests; times are seconds since 1970, latencies milliseconds."""

    sent: dict[str, int] = field(default_factory=lambda: {"keep": 0, "close": 0})
    answered: list[int] = field(default_factory=list)
    """How many answers were those of the first model, of the second, and so on."""
    lost: int = 0
    wrong: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)
    """The first of the lost and wrong ones."""
    connections: int = 0
    announced: int = 0
    """Kept connections that the server ended with `Connection: close`."""
    unannounced: int = 0
    """Kept connections that the server closed while nothing was asked."""
    latencies: list[float] = field(default_factory=list)

    def fail(self, what: str, kind: str, why: str) -> None:
        """Count a failure, and keep the first ones."""
        setattr(self, what, getattr(self, what) + 1)
        if len(self.failures) < SHOWN:
            self.failures.append({"time": time.time(), "what": what, "kind": kind, "why": why})

    def summary(self) -> dict[str, Any]:
        """The report as JSON."""
        ordered = sorted(self.latencies) or [0.0]
        shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
        latency = {name: round(ordered[int(share * (len(ordered) - 1))], 1) for name, share in shares.items()}
        return {key: value for key, value in vars(self).items() if key != "latencies"} | {"latency": latency}


class LostError(Exception):
    """A request without an answer."""


@dataclass
class Connection:
    """One connection, and whether the server may still be asked on it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    usable: bool = True

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send one request, and read the whole answer."""
        self.usable = False
        try:
            self.writer.write(request)
            head = await self.reader.readuntil(b"\r\n\r\n")
            status, *lines = head.decode("latin-1").split("\r\n")
            fields = [line.partition(":") for line in lines if line]
            headers = {name.lower(): value.strip() for name, _, value in fields}
            body = await self.reader.readexactly(int(headers["content-length"]))
        except asyncio.IncompleteReadError as error:
            raise LostError(f"the connection was closed after {len(error.partial)} bytes of the answer") from error
        except (OSError, KeyError, ValueError) as error:
            raise LostError(f"{type(error).__name__}: {error}") from error
        self.usable = headers.get("connection", "").lower() != "close"
        return int(status.split()[1]), body

    async def closed_by_server(self) -> bool:
        """Whether the end of the connection has arrived, which every client looks for before it sends."""
        await asyncio.sleep(0)
        return self.reader.at_eof() or self.reader.exception() is not None


class Load:
    """Asks the questions of a plan.

    Args:
        plan: `host`, `port`, `path`, `rate` (requests per second in all), `workers` (of each kind), `timeout` (seconds)
            and `questions`: pairs of a body and the answers that are right, one for each model.
    """

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.report = Report(answered=[0] * len(plan["questions"][0][1]))
        self.stopped = False
        # Looked up once: what is tested is the way from the Service to the pods, not the DNS.
        self.address = socket.gethostbyname(plan["host"])

    async def run(self) -> None:
        """Ask until stopped; every worker ends with an answer."""
        count = 2 * self.plan["workers"]
        kinds = ("keep", "close") * self.plan["workers"]
        interval = count / self.plan["rate"]
        workers = [Worker(self, kind).run(interval, number * interval / count) for number, kind in enumerate(kinds)]
        await asyncio.gather(*workers)


class Worker:
    """Asks one question after the other, on one connection or on a new one each time."""

    def __init__(self, load: Load, kind: str) -> None:
        self.load = load
        self.plan = load.plan
        self.report = load.report
        self.kind = kind
        self.connection: Connection | None = None

    async def run(self, interval: float, delay: float) -> None:
        """Ask every `interval` seconds, or when the answer before has come."""
        due = time.monotonic() + delay
        for body, right in itertools.cycle(self.plan["questions"]):
            await asyncio.sleep(due - time.monotonic())
            if self.load.stopped:
                break
            due = max(due + interval, time.monotonic())
            started = time.monotonic()
            self.report.sent[self.kind] += 1
            try:
                async with asyncio.timeout(self.plan["timeout"]):
                    status, answer = await self.ask(json.dumps(body).encode())
            except (LostError, TimeoutError) as error:
                self.report.fail("lost", self.kind, str(error) or "no answer in time")
            else:
                self.report.latencies.append(1000 * (time.monotonic() - started))
                self.judge(status, answer, right)
            if self.kind == "close" or (self.connection and not self.connection.usable):
                self.hang_up()
        self.hang_up()

    async def ask(self, body: bytes) -> tuple[int, bytes]:
        """Send one request; returns status and body of the answer."""
        if self.connection and await self.connection.closed_by_server():
            self.report.unannounced += 1
            self.hang_up()
        if self.connection is None:
            try:
                self.connection = Connection(*await asyncio.open_connection(self.load.address, self.plan["port"]))
            except OSError as error:
                raise LostError(f"no connection: {error}") from error
            self.report.connections += 1
        head = [
            f"POST {self.plan['path']} HTTP/1.1",
            f"Host: {self.plan['host']}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            *(["Connection: close"] if self.kind == "close" else []),
        ]
        status, answer = await self.connection.ask("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        self.report.announced += self.kind == "keep" and not self.connection.usable
        return status, answer

    def judge(self, status: int, answer: bytes, right: list[Any]) -> None:
        """Count the answer for the model whose it is."""
        try:
            output = json.loads(answer)["output"] if status == 200 else None
        except (ValueError, KeyError, TypeError):
            output = None
        for model, expected in enumerate(right):
            if same(output, expected):
                self.report.answered[model] += 1
                return
        self.report.fail("wrong", self.kind, f"{status} {answer[:300].decode(errors='replace')}")

    def hang_up(self) -> None:
        """Close the connection, if there is one."""
        if self.connection:
            self.connection.writer.close()
        self.connection = None


def same(got: Any, expected: Any) -> bool:
    """Whether two answers agree: numbers to 1e-6, everything else exactly."""
    if isinstance(expected, dict):
        return isinstance(got, dict) and got.keys() == expected.keys() and all(same(got[k], expected[k]) for k in got)
    if isinstance(expected, list):
        return isinstance(got, list) and len(got) == len(expected) and all(map(same, got, expected))
    if isinstance(expected, float):
        return isinstance(got, (int, float)) and abs(got - expected) <= TOLERANCE * (1 + abs(expected))
    return type(got) is type(expected) and bool(got == expected)


async def main(plan: Path, stop: Path) -> None:
    """Ask until `stop` exists; a line a second says how many were sent, the last line is the report."""
    load = Load(json.loads(plan.read_text()))
    running = asyncio.create_task(load.run())
    while not running.done():
        print(json.dumps({"sent": sum(load.report.sent.values())}), flush=True)
        await asyncio.sleep(1)
        load.stopped = stop.exists()
    await running
    print(json.dumps(load.report.summary()), flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
