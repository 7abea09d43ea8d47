"""The client of the tests under load sees every request that is lost or wrongly answered, and nothing else."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.load_client import Load

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

BODY = {"input": [1.0]}
OLD, NEW = {"label": 1, "score": 0.25}, {"label": 2, "score": 0.75}


def _answer(output: object, status: str = "200 OK", header: str = "") -> bytes:
    body = json.dumps({"output": output}).encode()
    return f"HTTP/1.1 {status}\r\n{header}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _asked(serve: Callable[[int, asyncio.StreamWriter], Awaitable[None]], count: int = 20) -> dict[str, Any]:
    """What a client reports after about `count` requests to a server whose nth answer is `serve(n, writer)`."""
    heads: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                heads.append(await reader.readuntil(b"\r\n\r\n"))
                await reader.readexactly(len(json.dumps(BODY)))
                await serve(len(heads), writer)
                if b"Connection: close" in heads[-1]:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:  # also where the loop ends while an answer is held back
            writer.close()

    async def run() -> dict[str, Any]:
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        plan = {"host": "127.0.0.1", "port": port, "path": "/predict", "rate": 200, "workers": 1, "timeout": 0.5}
        load = Load(plan | {"questions": [[BODY, [OLD, NEW]]]})
        running = asyncio.create_task(load.run())
        while sum(load.report.sent.values()) < count:
            await asyncio.sleep(0.01)
        load.stopped = True
        await running
        server.close()
        return load.report.summary()

    return asyncio.run(run())


def test_right_answers_of_either_model_are_counted_for_that_model() -> None:
    async def serve(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(_answer(OLD if number <= 5 else NEW))

    report = _asked(serve)
    assert (report["lost"], report["wrong"]) == (0, 0)
    assert report["answered"][0] == 5
    assert sum(report["answered"]) == sum(report["sent"].values())
    assert abs(report["sent"]["keep"] - report["sent"]["close"]) <= 1
    assert report["connections"] == 1 + report["sent"]["close"]


@pytest.mark.parametrize(
    "answer",
    [
        _answer({"label": 1, "score": 0.75}),
        _answer({"label": 1, "score": 0.2500021}),
        _answer({"label": 1.5, "score": 0.25}),
        _answer(OLD, "503 Service Unavailable"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{}}}",
    ],
    ids=["mixed", "inexact", "label", "status", "no JSON"],
)
def test_any_other_answer_is_wrong(answer: bytes) -> None:
    async def serve(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(answer if number == 7 else _answer(OLD))

    report = _asked(serve)
    assert (report["lost"], report["wrong"]) == (0, 1)
    assert len(report["failures"]) == 1


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\n", _answer(OLD)[:-1]], ids=["nothing", "head", "part"])
@pytest.mark.parametrize("number", [7, 8])
def test_a_connection_that_ends_before_the_answer_loses_the_request(sent: bytes, number: int) -> None:
    async def serve(at: int, writer: asyncio.StreamWriter) -> None:
        writer.write(sent if at == number else _answer(OLD))
        if at == number:
            writer.close()

    report = _asked(serve)
    assert (report["lost"], report["wrong"]) == (1, 0)
    assert sum(report["answered"]) == sum(report["sent"].values()) - 1


def test_an_answer_that_does_not_come_is_a_loss() -> None:
    async def serve(number: int, writer: asyncio.StreamWriter) -> None:
        if number == 7:
            await asyncio.sleep(60)  # longer than the client waits
        writer.write(_answer(OLD))

    report = _asked(serve)
    assert report["lost"] == 1
    assert report["failures"][0]["why"] == "no answer in time"


def test_a_kept_connection_that_ends_with_a_whole_answer_is_no_loss() -> None:
    async def announce(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(_answer(OLD, header="Connection: close\r\n"))
        writer.close()

    async def just_close(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(_answer(OLD))
        writer.close()

    report = _asked(announce)
    assert (report["lost"], report["wrong"], report["unannounced"]) == (0, 0, 0)
    assert report["announced"] == report["sent"]["keep"]
    report = _asked(just_close)
    assert (report["lost"], report["wrong"], report["announced"]) == (0, 0, 0)
    assert report["unannounced"] == report["sent"]["keep"] - 1


def test_a_server_that_is_not_there_loses_every_request() -> None:
    async def run() -> dict[str, Any]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        plan = {"host": "127.0.0.1", "port": port, "path": "/", "rate": 200, "workers": 1, "timeout": 0.5}
        load = Load(plan | {"questions": [[BODY, [OLD]]]})
        asyncio.get_running_loop().call_later(0.1, setattr, load, "stopped", True)
        await load.run()
        return load.report.summary()

    report = asyncio.run(run())
    assert report["lost"] == sum(report["sent"].values()) > 5
    assert "no connection" in report["failures"][0]["why"]
