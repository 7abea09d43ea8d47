"""Requests that offer another protocol (RFC 9110, 7.8): the offer is passed over, and the connection stays in step.

Java's HttpClient offers HTTP/2 with every first request to a plain http address.
"""

from __future__ import annotations

import json
import socket
import time

import pytest

from tests.runtime.models import echo
from tests.runtime.serving import serving

OFFER = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAEAAEAAAAIAAAAA\r\n"
START = b"POST /predict HTTP/1.1\r\nhost: x\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
WEBSOCKET = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n"
LIVE = (200, {"status": "live"})


def body(*numbers):
    return json.dumps({"input": [list(numbers)]}).encode()


def answered(*numbers):
    return (200, {"output": [[float(number) for number in numbers]]})


def head(content, offer=OFFER):
    return START + offer + b"content-length: %d\r\n\r\n" % len(content)


def asked(*numbers, offer=OFFER):
    return head(body(*numbers), offer) + body(*numbers)


def chunked(*numbers):
    text = body(*numbers)
    parts = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (text[:5], text[5:]))
    return START + OFFER + b"transfer-encoding: chunked\r\n\r\n" + parts + b"0\r\n\r\n"


def pieces(data, size):
    return [data[i : i + size] for i in range(0, len(data), size)]


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    folder = tmp_path_factory.mktemp("offers")
    with serving(folder) as start:
        server = start(echo(folder, "float32", ["N", 2]), "onnx")
        server.wait_ready()
        yield int(server.url.rsplit(":", 1)[1])


def exchange(port, packets, count):
    """Sends these packets one after the other; returns the first `count` answers, each its status and its JSON."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number, packet in enumerate(packets):
            if number:
                time.sleep(0.02)  # so that it is a packet of its own
            connection.sendall(packet)
        with connection.makefile("rb") as stream:
            return [_answer(stream) for _ in range(count)]


def _answer(stream):
    status, length = 100, 0
    while status == 100:
        status = int(stream.readline().split()[1])
        while line := stream.readline().strip():
            name, value = line.lower().split(b":", 1)
            length = int(value) if name == b"content-length" else length
    return status, json.loads(stream.read(length))


CASES = {
    "body in the same packet": ([asked(1, 2)], [answered(1, 2)]),
    "body in a packet of its own": ([head(body(1, 2)), body(1, 2)], [answered(1, 2)]),
    "body in two packets": ([head(body(1, 2)), body(1, 2)[:7], body(1, 2)[7:]], [answered(1, 2)]),
    "chunked body": ([chunked(1, 2), HEALTH], [answered(1, 2), LIVE]),
    "chunked body in small packets": ([*pieces(chunked(1, 2), 30), HEALTH], [answered(1, 2), LIVE]),
    "head in small packets": (pieces(asked(1, 2), 30), [answered(1, 2)]),
    "pipelined in the same packet": ([asked(1, 2) + HEALTH + asked(3, 4)], [answered(1, 2), LIVE, answered(3, 4)]),
    "next request in its own packet": ([asked(1, 2), asked(3, 4), HEALTH], [answered(1, 2), answered(3, 4), LIVE]),
    "behind a request without an offer": ([asked(1, 2, offer=b"") + asked(3, 4)], [answered(1, 2), answered(3, 4)]),
    "no body": ([WEBSOCKET + HEALTH, asked(1, 2)], [LIVE, LIVE, answered(1, 2)]),
    "HTTP/1.0": ([asked(1, 2).replace(b"HTTP/1.1", b"HTTP/1.0")], [answered(1, 2)]),
    "closing": ([asked(1, 2, offer=OFFER.replace(b"Upgrade,", b"Upgrade, close,"))], [answered(1, 2)]),
    "expecting 100": ([asked(1, 2, offer=OFFER + b"expect: 100-continue\r\n")], [answered(1, 2)]),
}


@pytest.mark.parametrize(("packets", "answers"), CASES.values(), ids=CASES)
def test_an_offer_of_another_protocol_is_passed_over(port, packets, answers):
    assert exchange(port, packets, len(answers)) == answers


@pytest.mark.parametrize(
    "framing",
    [
        b"transfer-encoding: gzip\r\n\r\n",
        b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n",
        b"content-length: x\r\n\r\n",
    ],
)
def test_an_offer_does_not_hide_a_length_that_cannot_be_told(port, framing):
    assert [status for status, _ in exchange(port, [START + OFFER + framing + b"abc"], 1)] == [400]


def test_connect_is_refused_and_closed(port):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"CONNECT x:80 HTTP/1.1\r\nhost: x\r\n\r\n" + HEALTH)
        with connection.makefile("rb") as stream:
            assert _answer(stream)[0] == 400
            assert stream.read() == b""


def test_many_requests_with_offers_in_one_packet_are_refused_as_any_others(port):
    (status, _), *_ = exchange(port, [WEBSOCKET * 2000], 1)
    assert status in {200, 429}
    assert exchange(port, [HEALTH], 1) == [LIVE]
