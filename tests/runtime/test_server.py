"""The real server process, as the pod runs it."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.helpers import assert_soon
from tests.runtime.models import iris, iris_onnx, pickled
from tests.runtime.serving import serving

ROW = [5.1, 3.5, 1.4, 0.2]
SLOW = "import time\ndef predict(model, inputs):\n    time.sleep({})\n    return model.predict(inputs)\n"


def handler(folder, text):
    path = folder / "handler.py"
    path.write_text(text)
    return str(path)


def test_it_answers_predictions_at_the_ready_url(iris_server):
    answer = iris_server.post({"input": ROW})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert "server" not in answer.headers
    assert answer.json()["output"]["output_label"] == 0


def test_the_content_type_does_not_matter(iris_server):
    for content_type in ("application/x-www-form-urlencoded", "text/plain"):
        assert iris_server.post({"input": ROW}, headers={"content-type": content_type}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/predict", 405, "method_not_allowed"),
        ("DELETE", "/predict", 405, "method_not_allowed"),
        ("POST", "/readyz", 405, "method_not_allowed"),
        ("GET", "/nothing", 404, "not_found"),
        ("POST", "/predict/", 404, "not_found"),
    ],
)
def test_every_error_has_one_body(iris_server, method, path, status, code):
    import httpx

    answer = httpx.request(method, iris_server.url + path)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code
    assert set(answer.json()["error"]) == {"code", "message", "path", "expected", "id"}
    assert answer.headers["x-request-id"] == answer.json()["error"]["id"]
    assert ("allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/v2/health/live", "/v2", "/openapi.json", "/docs"])
def test_head_is_answered_as_get_without_the_body(iris_server, path):
    import httpx

    with httpx.Client(base_url=iris_server.url) as client:
        whole, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(whole.content))
        assert client.get(path).content == whole.content, "nothing is left on the connection"
        assert client.post(path).headers["allow"] == "GET, HEAD"
        assert client.head("/metrics").headers["content-type"] == client.get("/metrics").headers["content-type"]
        refused = client.head("/predict")
        assert (refused.status_code, refused.headers["allow"], refused.content) == (405, "POST", b"")


def test_a_body_over_the_limit_is_413(iris_server):
    for size in (100_001, 250_000, 5_000_000):
        answer = iris_server.post(b" " * size)
        assert answer.status_code == 413
        assert answer.json()["error"]["expected"] == "at most 100000 bytes"
    assert iris_server.post({"input": ROW}).status_code == 200


def test_long_bodies_follow_each_other_on_one_connection(tmp_path, serve):
    import httpx

    server = serve(iris_onnx(tmp_path), "onnx")
    server.wait_ready()
    with httpx.Client() as client:
        for size in (70_000, 300_000, 3_000_000, 10):
            body = json.dumps({"input": ROW}).encode() + b" " * size
            assert client.post(f"{server.url}/predict", content=body).status_code == 200
        assert client.post(f"{server.url}/nothing", content=b" " * 70_000).status_code == 404
        assert client.get(f"{server.url}/healthz").status_code == 200


def test_a_body_in_pieces_is_read_whole(iris_server):
    body = json.dumps({"input": ROW}).encode()
    import httpx

    pieces = (body[i : i + 5] for i in range(0, len(body), 5))
    assert httpx.post(iris_server.url + "/predict", content=pieces).status_code == 200


def test_a_client_that_goes_away_harms_nobody(iris_server):
    host, port = iris_server.url.removeprefix("http://").split(":")
    for text in (b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{", b"nonsense\r\n\r\n", b"POST "):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(text)
    assert iris_server.post({"input": ROW}).status_code == 200
    assert "Traceback" not in iris_server.log()


def test_the_documentation_lists_predict_with_an_example_of_the_model(iris_server):
    document = iris_server.get("/openapi.json").json()
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert iris_server.post(body["example"]).status_code == 200
    assert body["schema"]["properties"]["input"]["description"] == "float32[?, 4]"
    assert {"/predict", "/healthz", "/readyz"} <= set(document["paths"])
    assert iris_server.get("/docs").status_code == 200


BASE = "/models/a"


@pytest.fixture(scope="module")
def based_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("based")
    with serving(folder) as start:
        server = start(iris_onnx(folder), "onnx", CHARTGEN_BASE_PATH=BASE)
        server.wait_ready()
        yield server


def test_everything_but_the_probes_answers_at_the_root_and_under_the_base_path(based_server):
    import httpx

    answers = [
        httpx.post(f"{based_server.url}{prefix}/predict", json={"input": ROW}).json()["output"]["output_label"]
        for prefix in ("", BASE)
    ]
    assert answers == [0, 0]
    for path in ("/docs", "/openapi.json"):
        assert {based_server.get(prefix + path).status_code for prefix in ("", BASE)} == {200}
    for path in ("/healthz", "/readyz"):
        assert [based_server.get(prefix + path).status_code for prefix in ("", BASE)] == [200, 404]
    assert based_server.get(f"{BASE}{BASE}/docs").status_code == 404
    assert based_server.get(f"{BASE}x/docs").status_code == 404
    wrong = based_server.get(f"{BASE}/predict")
    assert (wrong.status_code, wrong.json()["error"]["path"]) == (405, f"{BASE}/predict")


def test_the_documentation_under_the_base_path_leads_there(based_server):
    assert f"'{BASE}/openapi.json'" in based_server.get(f"{BASE}/docs").text
    assert based_server.get(f"{BASE}/openapi.json").json()["servers"] == [{"url": BASE}]
    document = based_server.get("/openapi.json").json()
    assert "servers" not in document
    assert document["paths"]["/readyz"]["servers"] == [{"url": "/"}]


def test_many_at_once_get_their_own_answers(iris_server):
    rows = [[5.1, 3.5, 1.4, 0.2 + i / 100] for i in range(60)]
    expected = iris().predict_proba(rows)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda row: iris_server.post({"input": row}).json()["output"], rows))
    for answer, probabilities in zip(answers, expected, strict=True):
        assert list(answer["output_probability"].values()) == pytest.approx(probabilities, abs=1e-5)


def test_liveness_answers_while_the_model_loads_and_readiness_does_not(tmp_path, serve):
    text = f"import time\ntime.sleep(1.5)\n{SLOW.format(0)}"
    server = serve(pickled(tmp_path, iris()), "pickle", CHARTGEN_HANDLER_PATH=handler(tmp_path, text))
    server.wait_for("/healthz")
    early = server.get("/readyz")
    assert (early.status_code, early.headers["retry-after"]) == (503, "1")
    assert early.json()["error"]["code"] == "not_ready"
    predicted = server.post({"input": ROW})
    assert (predicted.status_code, predicted.json()["error"]["code"]) == (503, "not_ready")
    server.wait_ready()
    assert server.post({"input": ROW}).json() == {"output": 0}


def test_probes_are_answered_during_a_long_prediction(tmp_path, serve):
    server = serve(pickled(tmp_path, iris()), "pickle", CHARTGEN_HANDLER_PATH=handler(tmp_path, SLOW.format(2)))
    server.wait_ready()
    with ThreadPoolExecutor(1) as pool:
        long = pool.submit(server.post, {"input": ROW})
        time.sleep(0.2)
        assert server.get("/healthz").status_code == 200
        assert not long.done()
        assert long.result().status_code == 200


def test_a_handler_is_never_run_twice_at_once(tmp_path, serve):
    """Small requests are answered on the event loop and large ones in a thread: they take turns."""
    text = """
inside = 0
def predict(model, inputs):
    global inside
    inside += 1
    if inside > 1: raise RuntimeError("twice at once")
    sum(range(1000 * len(inputs)))
    inside -= 1
    return model.predict(inputs)
"""
    server = serve(pickled(tmp_path, iris()), "pickle", CHARTGEN_HANDLER_PATH=handler(tmp_path, text))
    server.wait_ready()
    with ThreadPoolExecutor(6) as pool:
        bodies = [{"input": [ROW] * 5000 if i % 2 else ROW} for i in range(30)]
        assert {answer.status_code for answer in pool.map(server.post, bodies)} == {200}


def test_more_requests_than_allowed_in_flight_are_told_to_come_back(tmp_path, serve):
    server = serve(
        pickled(tmp_path, iris()),
        "pickle",
        CHARTGEN_HANDLER_PATH=handler(tmp_path, SLOW.format(0.5)),
        CHARTGEN_MAX_IN_FLIGHT="1",
    )
    server.wait_ready()
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: server.post({"input": ROW}), range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 503, 503]
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert (refused.json()["error"]["code"], refused.headers["retry-after"]) == ("busy", "1")


def test_sigterm_ends_readiness_first_and_loses_no_request(tmp_path, serve):
    server = serve(pickled(tmp_path, iris()), "pickle", CHARTGEN_HANDLER_PATH=handler(tmp_path, SLOW.format(1.5)))
    server.wait_ready()
    with ThreadPoolExecutor(1) as pool:
        long = pool.submit(server.post, {"input": ROW})
        time.sleep(0.1)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("/readyz", 503, seconds=0.8)
        assert server.get("/healthz").status_code == 200
        assert long.result().json() == {"output": 0}
    assert server.wait_exit() == 0


def test_sigterm_while_loading_ends_it(tmp_path, serve):
    text = f"import time\ntime.sleep(60)\n{SLOW.format(0)}"
    server = serve(
        pickled(tmp_path, iris()),
        "pickle",
        CHARTGEN_HANDLER_PATH=handler(tmp_path, text),
        CHARTGEN_DRAIN_SECONDS="0",
    )
    server.wait_for("/healthz")
    server.process.send_signal(signal.SIGTERM)
    assert server.wait_exit(5) == 0


BAD_STARTS = {
    "digest": ({"CHARTGEN_MODEL_SHA256": "0" * 64}, "is not the model of this chart"),
    "file": ({"CHARTGEN_MODEL_PATH": "/nowhere/iris.onnx"}, "the model cannot be read"),
    "format": ({"CHARTGEN_MODEL_FORMAT": "keras"}, "the format keras cannot be served here"),
    "content": ({"CHARTGEN_MODEL_FORMAT": "pickle"}, "cannot be loaded: "),
    "sample": ({"CHARTGEN_SAMPLE_PATH": "/nowhere/request.json"}, "the recorded sample cannot be read"),
    "settings": ({"CHARTGEN_PORT": "x", "CHARTGEN_MODEL_SHA256": "abc"}, "CHARTGEN_PORT is 'x'"),
    "handler": ({"CHARTGEN_HANDLER_PATH": "/nowhere/handler.py"}, "the handler /nowhere/handler.py cannot be imported"),
}


def test_a_pod_that_cannot_serve_says_why_and_ends(tmp_path):
    """All at once: each is a process that mostly imports."""

    def end(name):
        folder = tmp_path / name
        folder.mkdir()
        variables, _ = BAD_STARTS[name]
        with serving(folder) as start:
            server = start(iris_onnx(folder), "onnx", **variables)
            return server.wait_exit(), server.termination_log.read_text(), server.log_lines()

    for name in BAD_STARTS:
        status, last_words, log = end(name)
        reason = BAD_STARTS[name][1]
        assert status == 1, name
        assert reason in last_words
        assert "\n" not in last_words
        assert any(reason in line["message"] and line["level"] == "error" for line in log)


def test_a_model_that_loads_and_does_not_predict_never_becomes_ready(tmp_path, serve):
    sample = tmp_path / "request.json"
    sample.write_text('{"input": [1, 2]}')
    server = serve(iris_onnx(tmp_path), "onnx", CHARTGEN_SAMPLE_PATH=str(sample))
    assert server.wait_exit() == 1
    reason = "the warm-up failed on the recorded sample: 2 values where the model takes 4 (input)"
    assert server.termination_log.read_text() == reason


def test_a_failing_model_answers_500_with_the_id_of_the_log_line(tmp_path, serve):
    text = "def predict(model, inputs):\n    if inputs[0][0] > 9: raise RuntimeError('the cause')\n    return inputs\n"
    server = serve(pickled(tmp_path, iris()), "pickle", CHARTGEN_HANDLER_PATH=handler(tmp_path, text))
    server.wait_ready()
    answer = server.post({"input": [10, 1, 1, 1]})
    assert answer.status_code == 500
    assert "the cause" not in answer.text
    line = next(line for line in server.log_lines() if answer.json()["error"]["id"] == line.get("id"))
    assert (line["level"], line["status"], line["code"]) == ("error", 500, "model_failed")
    assert "RuntimeError: the cause" in line["exception"]
    assert server.post({"input": ROW}).json() == {"output": ROW}


def test_a_handler_that_would_end_the_process_has_failed_on_the_request(tmp_path, serve):
    text = "def preprocess(value):\n    if value[0] > 9: raise SystemExit('enough')\n    return value\n"
    server = serve(pickled(tmp_path, iris()), "pickle", CHARTGEN_HANDLER_PATH=handler(tmp_path, text))
    server.wait_ready()
    answer = server.post({"input": [10, 1, 1, 1]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "model_failed")
    assert server.post({"input": ROW}).status_code == 200


def test_the_log_holds_a_line_for_an_error_and_none_for_another_answer(tmp_path, serve):
    server = serve(iris_onnx(tmp_path), "onnx")
    server.wait_ready()
    threads = [threading.Thread(target=server.post, args=({"input": row},)) for row in (ROW, [1], ROW)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ready, error = server.log_lines()
    assert ready["message"].startswith("test is ready after")
    assert {key: error[key] for key in ("level", "method", "path", "status", "code")} == {
        "level": "info",
        "method": "POST",
        "path": "/predict",
        "status": 422,
        "code": "shape",
    }


def test_the_log_spares_the_probes_whatever_part_of_the_answers_it_holds(tmp_path, serve):
    server = serve(iris_onnx(tmp_path), "onnx", CHARTGEN_ACCESS_LOG_SAMPLE="1")
    server.wait_ready()
    server.post({"input": ROW})
    assert server.get("/v2/health/ready").status_code == server.get("/healthz").status_code == 200
    assert server.get("/metrics").status_code == 200
    told = ["/predict", "/metrics"]  # the last line may come after the answer
    assert_soon(lambda: [line["path"] for line in server.log_lines() if "path" in line] == told, 10)


def test_no_library_reports_to_its_maker(tmp_path, serve):
    """onnxruntime keeps what it reports about, and under which id, in the home folder; in CI it does not report."""
    home = tmp_path / "home"
    home.mkdir()
    variables = dict.fromkeys(("CI", "GITHUB_ACTIONS", "TF_BUILD", "XDG_CACHE_HOME", "ORT_DISABLE_TELEMETRY"), "")
    server = serve(iris_onnx(tmp_path), "onnx", HOME=str(home), TMPDIR=str(home), **variables)
    server.wait_ready()
    assert server.post({"input": ROW}).status_code == 200
    server.process.send_signal(signal.SIGTERM)
    assert server.wait_exit() == 0
    assert list(home.rglob("*")) == []
