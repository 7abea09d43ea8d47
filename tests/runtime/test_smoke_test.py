"""The program that `helm test` runs, against real HTTP servers."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.runtime.serving import RUNTIME, _free_port

SCRIPT = RUNTIME / "chartgen_runtime" / "smoke_test.py"


@pytest.fixture
def answering():
    """Starts servers that answer every POST with this status and text."""
    servers = []

    def start(text, status=200, port=0):
        class Answer(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(status)
                self.send_header("content-length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *arguments):
                pass

        server = HTTPServer(("127.0.0.1", port), Answer)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/predict"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def run(folder, url, expected=None, *options):
    """Runs it as the chart does: alone, without site-packages."""
    (folder / "request.json").write_text('{"input": [1]}')
    arguments = [url, str(folder / "request.json")]
    if expected is not None:
        (folder / "response.json").write_text(expected)
        arguments.append(str(folder / "response.json"))
    command = [sys.executable, "-I", "-S", str(SCRIPT), *arguments, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def compare(expected, found, tolerance=1e-6):
    """The message of a comparison of `output`; None when they agree."""
    from chartgen_runtime.smoke_test import SmokeTestError
    from chartgen_runtime.smoke_test import compare as check

    try:
        check({"output": expected}, {"output": found}, tolerance)
    except SmokeTestError as error:
        return str(error)
    return None


def test_a_real_prediction_passes_and_a_changed_expectation_fails(tmp_path, iris_server):
    request = {"input": [5.1, 3.5, 1.4, 0.2]}
    answer = iris_server.post(request).text
    for folder, text in (("same", answer), ("other", answer.replace("0", "1", 1))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "request.json").write_text(json.dumps(request))
        (tmp_path / folder / "response.json").write_text(text)
        files = [str(tmp_path / folder / name) for name in ("request.json", "response.json")]
        command = [sys.executable, str(SCRIPT), iris_server.url + "/predict", *files]
        run_ = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert run_.returncode == (0 if folder == "same" else 1), run_.stdout
        assert run_.stdout.count("\n") == 1
    assert "output.output_label: expected 1, found 0" in run_.stdout


def test_without_a_recorded_answer_any_prediction_passes(tmp_path, answering):
    done = run(tmp_path, answering('{"output": [1, 2]}'))
    assert (done.returncode, done.stderr) == (0, "")
    assert 'answered {"output": [1, 2]}' in done.stdout


@pytest.mark.parametrize(
    ("text", "status", "reason"),
    [
        ('{"error": {"code": "shape"}}', 422, 'answered 422: {"error": {"code": "shape"}}'),
        ("<html>", 200, "did not answer with JSON"),
        ("[]", 200, "answered without an output: []"),
    ],
)
def test_what_is_no_prediction_fails(tmp_path, answering, text, status, reason):
    done = run(tmp_path, answering(text, status))
    assert done.returncode == 1
    assert reason in done.stdout


def test_it_waits_for_a_service_that_comes_up(tmp_path, answering):
    port = _free_port()

    def later():
        time.sleep(1)
        answering('{"output": 1}', port=port)

    threading.Thread(target=later).start()
    assert run(tmp_path, f"http://127.0.0.1:{port}/predict").returncode == 0


def test_it_gives_up_on_a_service_that_does_not_come_up(tmp_path, monkeypatch, capsys):
    from chartgen_runtime import smoke_test

    monkeypatch.setattr(smoke_test, "PATIENCE_SECONDS", 0.1)
    (tmp_path / "request.json").write_text("{}")
    assert smoke_test.main([f"http://127.0.0.1:{_free_port()}/predict", str(tmp_path / "request.json")]) == 1
    assert "did not answer: [Errno 111] Connection refused" in capsys.readouterr().out


def test_a_missing_file_fails_with_its_name(tmp_path, capsys):
    from chartgen_runtime import smoke_test

    assert smoke_test.main(["http://127.0.0.1:1/predict", str(tmp_path / "nothing.json")]) == 1
    assert "nothing.json" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (1, 1.0000005),
        (1e9, 1e9 + 500),
        (0.0, 1e-7),
        ([1, {"a": "b"}], [1.0, {"a": "b"}]),
        (None, None),
        (float("nan"), None),
        (float("inf"), None),
        (float("nan"), float("nan")),
        (True, True),
    ],
)
def test_equal_enough(expected, found):
    assert compare(expected, found) is None


@pytest.mark.parametrize(
    ("expected", "found", "message"),
    [
        (1, 1.00001, "output: expected 1, found 1.00001"),
        ([0, [1, 2]], [0, [1, 3]], "output[1][1]: expected 2, found 3"),
        ([1], [1, 2], "output: expected 1 elements, found 2"),
        ({"a": 1}, {"b": 1}, "output: the member 'a' is missing"),
        ({"a": 1}, {"a": 1, "b": 1}, "output: the member 'b' is not expected"),
        ("a", "b", 'output: expected "a", found "b"'),
        ("1", 1, 'output: expected "1", found 1'),
        (True, 1, "output: expected true, found 1"),
        (0, False, "output: expected 0, found false"),
        (0, None, "output: expected 0, found null"),
        (None, 0, "output: expected null, found 0"),
        ([], {}, "output: expected [], found {}"),
        (1.0, float("nan"), "output: expected 1.0, found NaN"),
    ],
)
def test_different(expected, found, message):
    assert compare(expected, found) == message


def test_the_tolerance_is_an_option(tmp_path, answering):
    url = answering('{"output": 1.05}')
    assert run(tmp_path, url, '{"output": 1}', "--tolerance", "0.1").returncode == 0
    assert run(tmp_path, url, '{"output": 1}', "--tolerance", "0.01").returncode == 1
