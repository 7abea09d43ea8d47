"""Clients that are slow, broken or mean harm: the others are served, and the memory stays bounded."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time

import httpx
import psutil
import pytest

from tests.helpers import assert_soon
from tests.runtime.models import echo, iris_onnx
from tests.runtime.serving import serving

HEAD = b"POST /predict HTTP/1.1\r\nhost: x\r\n"
SMALL = b'{"input": [[1.0, 2.0]]}'
LARGE_ROWS = 20_000


def half_a_head(connection):
    connection.sendall(HEAD + b"x-half: ")


def half_a_body(connection):
    connection.sendall(HEAD + b"content-length: 1000000\r\n\r\n" + b"[" * 50_000)


def half_a_chunk(connection):
    connection.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\nfffff\r\n" + b"[" * 50_000)


def reset(connection):
    half_a_body(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def never_read(connection):
    body = b'{"input": [' + b",".join([b"[0.1234567, 0.7654321]"] * LARGE_ROWS) + b"]}"
    connection.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)


def many_at_once(connection):
    connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n" * 5000)


def endless_head(connection):
    for _ in range(40):
        connection.sendall(b"GET / HTTP/1.1\r\nx: " + b"a" * 20_000)


def many_headers(connection):
    connection.sendall(b"GET /healthz HTTP/1.1\r\n" + b"a: b\r\n" * 20_000)


def nonsense(connection):
    connection.sendall(b"\x16\x03\x01 nonsense \r\n\r\n" * 100)


KINDS = [half_a_head, half_a_body, half_a_chunk, reset, many_at_once, endless_head, many_headers, nonsense]


def attack(port, kinds, count):
    """Opens this many connections, of each kind in turn; gives those that are still open."""
    connections = []
    for index in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=5)
        with contextlib.suppress(OSError):
            kinds[index % len(kinds)](connection)
        connections.append(connection)
    return connections


def port_of(server):
    return int(server.url.rsplit(":", 1)[1])


def megabytes(server):
    return psutil.Process(server.process.pid).memory_info().rss / 2**20


def _closed(server):
    """How many connections the server has closed, by reason."""
    lines = server.get("/metrics").text.splitlines()
    counted = [line.split('reason="')[1] for line in lines if line.startswith("chartgen_connections_closed_total{")]
    return {reason: float(count) for reason, count in (line.split('"} ') for line in counted)}


def test_a_thousand_slow_or_broken_clients_harm_neither_the_others_nor_the_memory(tmp_path):
    with serving(tmp_path) as start:
        server = start(echo(tmp_path, "float32", ["N", 2]), "onnx", CHARTGEN_READ_SECONDS="4")
        server.wait_ready()
        before = megabytes(server)
        peak, slowest, done = [before], [0.0], threading.Event()

        def ask() -> None:
            with httpx.Client() as client:
                while not done.is_set():
                    started = time.monotonic()
                    answer = client.post(f"{server.url}/predict", content=SMALL, timeout=30)
                    assert (answer.status_code, answer.json()) == (200, {"output": [[1.0, 2.0]]})
                    assert client.get(f"{server.url}/healthz", timeout=30).status_code == 200
                    slowest[0] = max(slowest[0], time.monotonic() - started)
                    peak[0] = max(peak[0], megabytes(server))
                    time.sleep(0.02)

        failed: list[BaseException] = []

        def guarded() -> None:
            try:
                ask()
            except BaseException as error:
                failed.append(error)

        others = threading.Thread(target=guarded)
        others.start()
        connections = attack(port_of(server), KINDS, 1000)
        readers = attack(port_of(server), [never_read], 30)
        time.sleep(5)  # longer than a client may take
        assert_soon(lambda: _closed(server).get("too_slow", 0) >= 200)
        closed = _closed(server)
        done.set()
        others.join()
        for connection in connections + readers:
            connection.close()
        assert failed == []
        assert slowest[0] < 20  # none waited for what the others held up
        # Half bodies are 50 kB each, long answers 0.5 MB: what a thousand of them hold, and the metrics' library.
        assert peak[0] - before < 250
        assert {"not_http", "too_slow", "head_too_large", "pipelined"} <= set(closed)
        assert len(server.log_lines()) < 500, "the log is bounded as well"


def test_a_request_that_is_too_slow_is_told_so(tmp_path, serve):
    server = serve(iris_onnx(tmp_path), "onnx", CHARTGEN_READ_SECONDS="1")
    server.wait_ready()
    for kind in (half_a_head, half_a_body):
        [connection] = attack(port_of(server), [kind], 1)
        answer = connection.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"code": "too_slow"' in answer
        connection.close()


def test_a_body_that_moves_on_may_take_longer(tmp_path, serve):
    server = serve(iris_onnx(tmp_path), "onnx", CHARTGEN_READ_SECONDS="1")
    server.wait_ready()

    def pieces():
        yield b'{"input": [5.1, 3.5, 1.4, 0.2]'
        for _ in range(6):
            yield b" " * 100_000
            time.sleep(0.5)
        yield b"}"

    assert httpx.post(f"{server.url}/predict", content=pieces(), timeout=30).status_code == 200


def test_large_bodies_that_stand_still_make_room_for_those_that_come(tmp_path, serve):
    server = serve(iris_onnx(tmp_path), "onnx")
    server.wait_ready()
    still = HEAD + b"content-length: 1000000\r\n\r\n" + b"[" * 900_000
    connections = attack(port_of(server), [lambda connection: connection.sendall(still)], 300)
    time.sleep(2)  # nothing came of them for longer than a body may stand still while others want its room
    body = b'{"input": [5.1, 3.5, 1.4, 0.2]' + b" " * 1_000_000 + b"}"
    for _ in range(20):
        assert httpx.post(f"{server.url}/predict", content=body, timeout=30).status_code == 200
    answers = [connection.recv(1000) for connection in connections if readable(connection)]
    ended = [answer for answer in answers if b" 503 " not in answer]  # the last of them found no room
    assert ended, "those that made room are told so"
    assert all(answer.startswith(b"HTTP/1.1 408 ") and b"connection: close" in answer for answer in ended)
    for connection in connections:
        connection.close()


def readable(connection):
    return bool(select.select([connection], [], [], 0)[0])


@pytest.mark.parametrize("path", ["/predict", "/v2/models/test/infer"])
def test_the_limit_of_a_body_holds_with_and_without_a_length_and_when_the_length_lies(tmp_path, serve, path):
    server = serve(iris_onnx(tmp_path), "onnx", CHARTGEN_MAX_BODY_BYTES="1000")
    server.wait_ready()
    url = server.url + path
    assert httpx.post(url, content=b" " * 1001).status_code == 413
    assert httpx.post(url, content=(b" " * 600 for _ in range(2))).status_code == 413
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\n".encode()
    for fault in (b"content-length: 99999999\r\n\r\n" + b" " * 1500, b"content-length: -1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port_of(server)), timeout=5) as connection:
            connection.sendall(head + fault)
            connection.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                assert b" 200 " not in connection.recv(1000)
    # More than the length says is the beginning of another request, which is none.
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=5) as connection:
        connection.sendall(head + b"content-length: 2\r\n\r\n{}trailing nonsense\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 4")
    assert server.get("/healthz").status_code == 200


@pytest.mark.parametrize(("filler", "status"), [(60_000, 200), (66_000, 431), (200_000, 431)])
def test_the_limit_of_a_head_holds_for_one_that_comes_at_once(tmp_path, serve, filler, status):
    server = serve(iris_onnx(tmp_path), "onnx")
    server.wait_ready()
    body = b'{"input": [5.1, 3.5, 1.4, 0.2]}'
    head = HEAD + b"x-filler: %s\r\ncontent-length: %d\r\n\r\n" % (b"a" * filler, len(body))
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=5) as connection:
        connection.sendall(head + body)
        assert connection.recv(1000).startswith(b"HTTP/1.1 %d " % status)


def test_one_connection_too_many_ends_the_one_that_waits_longest(tmp_path, serve):
    server = serve(iris_onnx(tmp_path), "onnx", CHARTGEN_MAX_CONNECTIONS="64")
    server.wait_ready()
    connections = attack(port_of(server), [half_a_head], 100)
    assert server.get("/healthz").status_code == 200
    assert 'reason="too_many"' in server.get("/metrics").text
    for connection in connections:
        connection.close()
