"""Each model format on each serving runtime: the library's own numbers, one contract, and an end without a loss."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest

from tests.runtime.clients import asking, refused
from tests.runtimes.pairs import DOCUMENT, FEATURES, FORMATS, Made, pairs, served, with_table

if TYPE_CHECKING:
    from pathlib import Path

    from chartgen.local.serve import LocalServer

SEED = "CHARTGEN_TEST_SEED"
TOLERANCE = 1e-6
ERROR = {"code", "message", "path", "expected", "id"}

PAIRS = [pytest.param(name, runtime, id=f"{name}-{runtime}") for name, runtime in pairs() if name in FORMATS]


def test_every_format_that_a_runtime_serves_is_tried_on_it() -> None:
    assert {name for name, _ in pairs()} == set(FORMATS)


def test_the_document_says_which_pairs_there_are() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert with_table(text) == text, "run `python -m tests.runtimes.pairs`"


@pytest.mark.pairs
@pytest.mark.timeout(1200)  # the libraries are installed, once
@pytest.mark.parametrize(("name", "runtime"), PAIRS)
def test_a_pair_answers_as_the_library_does_and_ends_without_losing_a_request(
    name: str, runtime: str, tmp_path: Path
) -> None:
    seed = int(os.environ.get(SEED, random.randrange(2**32)))
    print(f"to make the same model again: {SEED}={seed}")
    made = FORMATS[name].make(tmp_path, seed, runtime)
    with served(made, runtime, tmp_path) as server:
        answers_as_the_library(server, made)
        answers_v2_as_the_library(server, made)
        refuses_by_the_contract(server)
        never_fails_on_a_request_that_cannot_be_read(server)
        counts(server)
        loses_nothing(server, made)


def ask(server: LocalServer, value: Any) -> Any:
    answer = httpx.post(f"{server.url}/predict", json={"input": value})
    assert answer.status_code == 200, answer.text
    return answer.json()["output"]


def close(got: Any, expected: Any) -> None:
    np.testing.assert_allclose(np.asarray(got, dtype=float), expected, rtol=TOLERANCE, atol=TOLERANCE)


def answers_as_the_library(server: LocalServer, made: Made) -> None:
    """A batch, and one item of it without the batch axis."""
    close(ask(server, made.inputs.tolist()), made.outputs)
    close(ask(server, made.inputs[0].tolist()), made.outputs[0])


def answers_v2_as_the_library(server: LocalServer, made: Made) -> None:
    """The same numbers at the path that the protocol's own client asks, whoever answers there."""
    url = f"{server.url}/v2/models/pair"
    metadata = httpx.get(url).json()
    assert metadata["name"] == "pair"
    [told] = metadata["inputs"]
    data, shape = made.inputs.ravel().tolist(), list(made.inputs.shape)
    tensor = {"name": told["name"], "datatype": told["datatype"], "shape": shape, "data": data}
    answer = httpx.post(f"{url}/infer", json={"inputs": [tensor]})
    assert answer.status_code == 200, answer.text
    [output] = answer.json()["outputs"]
    assert output["shape"] == list(made.outputs.shape)
    close(output["data"], made.outputs.ravel())
    wrong = httpx.post(f"{url}/infer", json={"inputs": [tensor | {"shape": [1, 999], "data": [0.0] * 999}]})
    assert (wrong.status_code, "error" in wrong.json()) == (400, True)


def refuses_by_the_contract(server: LocalServer) -> None:
    wrong = {
        b'{"input": ': (400, None),
        b'{"inputs": [1]}': (422, "inputs"),
        b'{"input": [1, 2]}': (422, "input"),
        b'{"input": [[1, 2, 3, 4, "five"]]}': (422, "input[0][4]"),
        b'{"input": [[1, 2, 3, 4, NaN]]}': (422, "input[0][4]"),
    }
    for body, (status, path) in wrong.items():
        answer = httpx.post(f"{server.url}/predict", content=body)
        error = answer.json()["error"]
        assert (answer.status_code, error["path"], set(error)) == (status, path, ERROR), answer.text
    assert httpx.get(f"{server.url}/predict").status_code == 405
    assert httpx.get(f"{server.url}/nothing").status_code == 404
    for asked in ("/healthz", "/metrics", "/v2/health/ready", "/openapi.json"):
        whole, head = httpx.get(server.url + asked), httpx.head(server.url + asked)
        assert (whole.status_code, head.status_code, head.content) == (200, 200, b""), asked


def never_fails_on_a_request_that_cannot_be_read(server: LocalServer) -> None:
    """Whoever reads V2: a request of bytes that are no text, or whose parts are not where its head says."""
    url = f"{server.url}/v2/models/pair"
    [told] = httpx.get(url).json()["inputs"]
    name = told["name"]
    tensor = {"name": name, "datatype": "FP64", "shape": [1, FEATURES], "parameters": {"binary_data_size": 40}}
    head = json.dumps({"inputs": [tensor]}).encode()
    short = str(len(head))
    for length, body in (
        (None, head + b"\xff" * 40),
        ("x", head),
        ("", head),
        (short, head),
        (short, head + b"x" * 39),
        ("2", b"{}"),
        ("4", b"null"),
        ("16", b'{"inputs":[null]}'),
    ):
        headers = {"content-type": "application/octet-stream"}
        headers |= {} if length is None else {"inference-header-content-length": length}
        answer = httpx.post(f"{url}/infer", content=body, headers=headers)
        assert answer.status_code in {400, 422}, (length, body, answer.text)
    good = {"name": name, "datatype": told["datatype"], "shape": [1, FEATURES], "data": [1.0] * FEATURES}
    texts = good | {"datatype": "BYTES", "data": ["\ud800"] * FEATURES}
    for halves in ({"id": "\ud800", "inputs": [good]}, {"inputs": [texts]}):
        answer = httpx.post(f"{url}/infer", content=json.dumps(halves), headers={"content-type": "application/json"})
        assert answer.status_code in {400, 422}, answer.text
    assert httpx.post(f"{server.url}/v2/models/other/infer", json={"inputs": []}).status_code in {404, 422}


def counts(server: LocalServer) -> None:
    text = httpx.get(f"{server.url}/metrics").text
    assert 'chartgen_requests_total{route="/predict",status="200"} 2.0' in text
    assert 'chartgen_requests_total{route="/predict",status="422"} 4.0' in text
    assert "chartgen_ready 1.0" in text


def loses_nothing(server: LocalServer, made: Made) -> None:
    """SIGTERM while clients ask, on connections that they keep and on new ones, until these are refused."""
    body = json.dumps({"input": made.inputs.tolist()}).encode()
    clients = asking(server.url, body, 6, pauses=(0.01, 0.05, 0.3))
    time.sleep(0.5)
    server.process.send_signal(signal.SIGTERM)
    assert refused(clients) == []
    assert all(client.answered for client in clients)
    assert server.process.wait(15) == 0
