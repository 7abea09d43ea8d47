"""The end of a pod: SIGTERM while clients that never send anything twice keep asking."""

from __future__ import annotations

import contextlib
import http.client
import signal
import socket
import time

import pytest

from tests.runtime.clients import asking, refused
from tests.runtime.models import iris, iris_onnx, pickled
from tests.runtime.serving import serving

BODY = b'{"input": [5.1, 3.5, 1.4, 0.2]}'
SLOW = "import time\ndef predict(model, inputs):\n    time.sleep(0.05)\n    return model.predict(inputs)\n"


@pytest.mark.parametrize("slow", [False, True], ids=["quick", "slow"])
def test_sigterm_under_load_loses_no_request_until_connections_are_refused(tmp_path, slow):
    with serving(tmp_path) as start:
        variables = {}
        if slow:
            (tmp_path / "handler.py").write_text(SLOW)
            variables = {"CHARTGEN_HANDLER_PATH": str(tmp_path / "handler.py")}
        server = start(pickled(tmp_path, iris()), "pickle", CHARTGEN_DRAIN_SECONDS="2", **variables)
        server.wait_ready()
        clients = asking(server.url, BODY, 12)
        time.sleep(1)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        # What would be another pod's now; connections that are still made are answered.
        asked = [client.answered for client in clients]
        time.sleep(0.7)
        assert sum(client.answered for client in clients) > sum(asked)
        assert refused(clients) == []
        assert server.wait_exit(15) == 0
        kept = [client for client in clients if client.keep_alive]
        assert all(client.closes for client in kept), "every kept connection was told that it ends"


def test_every_answer_says_close_after_sigterm_and_an_idle_connection_has_time_to_hear_it(tmp_path, serve):
    server = serve(iris_onnx(tmp_path), "onnx", CHARTGEN_DRAIN_SECONDS="4")
    server.wait_ready()
    idle = http.client.HTTPConnection("127.0.0.1", int(server.url.rsplit(":", 1)[1]), timeout=10)
    idle.request("GET", "/healthz")
    first = idle.getresponse()
    first.read()
    assert first.getheader("connection") is None
    server.process.send_signal(signal.SIGTERM)
    time.sleep(2)  # longer than a pod without open connections would stay
    for path, status in (("/readyz", 503), ("/healthz", 200), ("/nothing", 404), ("/metrics", 200)):
        answer = server.get(path)
        assert (answer.status_code, answer.headers.get("connection")) == (status, "close")
    idle.request("POST", "/predict", BODY)
    last = idle.getresponse()
    assert (last.status, last.getheader("connection")) == (200, "close")
    last.read()
    started = time.monotonic()
    assert server.wait_exit(10) == 0
    assert time.monotonic() - started < 2.5


def test_without_open_connections_it_ends_after_a_second(tmp_path, serve):
    server = serve(iris_onnx(tmp_path), "onnx")
    server.wait_ready()
    started = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.wait_exit(10) == 0
    assert time.monotonic() - started < 4


def test_a_connection_that_waits_to_be_taken_is_not_lost_when_no_more_are_taken():
    from chartgen_runtime.listening import take_no_more, waiting

    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        with socket.create_connection(address, timeout=5) as early:
            assert take_no_more(listener.fileno())
            early.sendall(b"asked")
            with pytest.raises(TimeoutError):
                socket.create_connection(address, timeout=0.3)
            assert waiting([listener.fileno()])
            taken = listener.accept()[0]
            assert not waiting([listener.fileno()])
            listener.close()
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(address, timeout=5)
            with taken:
                taken.sendall(taken.recv(5))
            assert early.recv(5) == b"asked"


def test_a_request_that_comes_late_on_a_connection_made_just_before_the_end_is_answered(tmp_path, serve):
    server = serve(iris_onnx(tmp_path), "onnx", CHARTGEN_DRAIN_SECONDS="1")
    server.wait_ready()
    address = ("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
    server.process.send_signal(signal.SIGTERM)
    made = []
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # refused, or no more heard: it takes none now
            while True:
                made.append(stack.enter_context(socket.create_connection(address, timeout=0.5)))
                time.sleep(0.05)
        time.sleep(0.2)
        for each in made[-10:]:
            each.settimeout(10)
            each.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            assert each.recv(15) == b"HTTP/1.1 200 OK"
    assert server.wait_exit(10) == 0
