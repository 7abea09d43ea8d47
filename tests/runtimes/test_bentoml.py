"""What BentoML answers itself: its service's route and probes, within the limits of the front."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.runtime.serving import ServerProcess, serving
from tests.runtimes.pairs import make_onnx, python_of, runtime_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.runtimes.pairs import Made

LIMIT = 100_000
CLIENT = """
import json, sys, bentoml
with bentoml.SyncHTTPClient(sys.argv[1]) as client:
    print(json.dumps(client.infer(input=json.loads(sys.argv[2]))))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_onnx(tmp_path_factory.mktemp("model"), 1, "bentoml")


@pytest.fixture(scope="module")
def python(made: Made, tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(python_of(made, "bentoml", tmp_path_factory.mktemp("chart")))


@pytest.fixture(scope="module")
def server(made: Made, python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    # As in the pod: no home, and only the temporary folder can be written to.
    folder = tmp_path_factory.mktemp("server")
    (folder / "tmp").mkdir()
    variables = {
        "HOME": "/",
        "TMPDIR": str(folder / "tmp"),
        "CHARTGEN_MAX_BODY_BYTES": str(LIMIT),
        "CHARTGEN_BASE_PATH": "/models/a",
    }
    with serving(folder) as start:
        found = start(made.path, "onnx", python=python, adapter=runtime_folder("bentoml") / "adapter.py", **variables)
        found.wait_ready()
        yield found


def infer(server: ServerProcess, body: Any, prefix: str = "") -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    return httpx.post(f"{server.url}{prefix}/infer", content=content, headers=headers, timeout=30)


def test_its_own_route_answers_with_the_value_of_output(server: ServerProcess, made: Made) -> None:
    value = made.inputs.tolist()
    expected = server.post({"input": value}).json()["output"]
    answer = infer(server, {"input": value})
    assert (answer.status_code, answer.json()) == (200, expected)
    assert answer.headers["server"].startswith("BentoML Service/")
    assert infer(server, {"input": value}, "/models/a").json() == expected


def test_its_own_client_gets_the_same(server: ServerProcess, python: str, made: Made) -> None:
    value = made.inputs.tolist()
    command = [python, "-c", CLIENT, server.url, json.dumps(value)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == server.post({"input": value}).json()["output"]


def test_its_probes_and_documents_are_its_own(server: ServerProcess) -> None:
    for path in ("/livez", "/readyz", "/healthz"):
        assert (server.get(path).status_code, server.get(path).text) == (200, "\n")
    assert "/infer" in server.get("/docs.json").json()["paths"]
    ours = server.get("/openapi.json").json()["paths"]
    assert {"/predict", "/metrics"} <= set(ours)
    assert "/readyz" not in ours


def test_what_the_model_refuses_is_refused_at_its_route_in_its_form(server: ServerProcess) -> None:
    answer = infer(server, {"input": [1, 2]})
    assert answer.status_code == 422
    assert "input: 2 values where the model takes 5" in answer.text
    assert infer(server, {"inputs": ["private"]}).status_code == 400
    assert infer(server, b'{"input": private').status_code == 400
    assert "private" not in server.log()
    assert "where the model takes" not in server.log(), "nothing of a body is logged"


def test_the_limit_on_bodies_holds_at_its_route(server: ServerProcess) -> None:
    for size in (LIMIT + 1, 5 * LIMIT):
        answer = infer(server, b" " * size)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    metrics = server.get("/metrics").text
    assert 'chartgen_requests_total{route="native",status="413"}' in metrics
    assert 'chartgen_requests_total{route="/infer",status="200"}' in metrics


def test_a_pickle_is_never_read_from_a_request(server: ServerProcess) -> None:
    content = b"cos\nsystem\n(S'touch pickle-was-read'\ntR."
    headers = {"Content-Type": "application/vnd.bentoml+pickle"}
    answer = httpx.post(f"{server.url}/infer", content=content, headers=headers)
    assert answer.status_code == 415


def test_it_is_ready_only_after_a_prediction_and_until_it_is_told_to_stop(
    made: Made, python: str, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    (tmp_path / "handler.py").write_text(
        f"def predict(model, inputs):\n    open({str(gate)!r}).close()\n    return inputs\n"
    )
    with serving(tmp_path) as start:
        adapter = runtime_folder("bentoml") / "adapter.py"
        handler = str(tmp_path / "handler.py")
        server = start(made.path, "onnx", python=python, adapter=adapter, CHARTGEN_HANDLER_PATH=handler)
        server.wait_for("/livez")
        assert server.get("/readyz").status_code == 503
        assert infer(server, {"input": made.inputs.tolist()}).status_code == 503
        (tmp_path / "handler.py").unlink()
        while server.get("/readyz").status_code == 503:  # once for each prediction of the warm-up
            with gate.open("w"):
                pass
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("/readyz", 503)
        assert server.wait_exit() == 0


def test_a_model_that_cannot_be_loaded_ends_the_process_with_the_reason(
    made: Made, python: str, tmp_path: Path
) -> None:
    with serving(tmp_path) as start:
        adapter = runtime_folder("bentoml") / "adapter.py"
        server = start(made.path, "onnx", python=python, adapter=adapter, CHARTGEN_MODEL_SHA256="0" * 64)
        assert server.wait_exit() == 1
        assert "sha256" in server.termination_log.read_text()
