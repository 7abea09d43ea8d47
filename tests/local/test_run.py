"""`chartgen run`: the chart's own files and libraries, served on this computer."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.chart.services import HANDLER
from tests.helpers import EXAMPLES, chartgen, service_file

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("run")  # they share the environments that are made once


@pytest.mark.parametrize("example", ["iris-sklearn", "digits-onnx", "spirals-torch"])
def test_the_sample_of_an_example_gets_its_recorded_answer(example: str) -> None:
    service = EXAMPLES / example / "service.yaml"
    done = chartgen("run", "-f", service, "--port", 0, "--sample")
    assert done.returncode == 0, done.stderr
    got, expected = json.loads(done.stdout)["output"], yaml.safe_load(service.read_text())["sample"]["output"]
    if isinstance(expected, dict):
        label = next(name for name in expected if name != "probabilities")
        assert got[label] == expected[label]
        got, expected = got["probabilities"], expected["probabilities"]
    assert got == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert " ms" in done.stderr


def test_the_users_handler_is_used(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text(HANDLER)
    pixels = yaml.safe_load((EXAMPLES / "digits-onnx" / "service.yaml").read_text())["sample"]["input"]
    sample = {"input": [pixel * 16 for pixel in pixels], "output": 0}
    file = service_file(tmp_path, runtime={"handler": "handler.py"}, sample=sample)
    done = chartgen("run", "-f", file, "--port", 0, "--sample")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"output": 0}


def test_another_answer_than_the_recorded_one_fails(tmp_path: Path) -> None:
    file = service_file(tmp_path, sample={"input": [0.5] * 64, "output": {"label": 11, "probabilities": [0.1] * 10}})
    done = chartgen("run", "-f", file, "--port", 0, "--sample")
    assert done.returncode == 1
    assert "the answer is not the recorded one: output.label: expected 11" in done.stderr


def test_quietly_only_the_answer_is_printed() -> None:
    done = chartgen("run", "-q", "-f", EXAMPLES / "digits-onnx" / "service.yaml", "--port", 0, "--sample")
    assert (done.returncode, done.stderr) == (0, "")
    assert "output" in json.loads(done.stdout)


def test_quietly_a_failure_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text("def preprocess(data):\n    raise ValueError('no such column')\n")
    file = service_file(tmp_path, runtime={"handler": "handler.py"}, sample={"input": [0.5] * 64})
    done = chartgen("run", "-q", "-f", file, "--port", 0)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert "no such column" in line


def test_a_model_whose_warm_up_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text("def predict(model, inputs):\n    raise ValueError('no such pixels')\n")
    file = service_file(tmp_path, runtime={"handler": "handler.py"})
    done = chartgen("run", "-f", file, "--port", 0)
    assert done.returncode == 1
    assert "warm-up failed" in done.stderr
    assert "no such pixels" in done.stderr
    assert "error:" in done.stderr
    # The server's own log may carry a traceback; the command line does not add one.
    assert "chartgen/cli" not in done.stderr


CRASHING = """
import os

def predict(model, inputs):
    if inputs.max() > 5:
        os.kill(os.getpid(), 8)
    return inputs
"""


def _started(file: Path) -> tuple[subprocess.Popen[str], str]:
    """`chartgen run` on a free port, and the address that it will answer at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "chartgen", "run", "-f", file, "--port", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ)
    return process, f"http://127.0.0.1:{port}"


def test_a_server_that_crashes_over_a_request_is_said_to_have(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text(CRASHING)
    file = service_file(tmp_path, runtime={"handler": "handler.py"})
    process, url = _started(file)
    try:
        _wait(f"{url}/readyz")
        with pytest.raises((urllib.error.URLError, ConnectionError)):
            urllib.request.urlopen(f"{url}/predict", data=json.dumps({"input": [9.0] * 64}).encode())
    finally:
        _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "error: the server was ended by SIGFPE" in said
    assert "compiled code of a library crashed" in said


def test_a_server_that_crashes_before_it_is_ready_is_said_to_have(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text("import os\nos.kill(os.getpid(), 11)\n\ndef predict(model, inputs): ...\n")
    done = chartgen("run", "-f", service_file(tmp_path, runtime={"handler": "handler.py"}), "--port", 0)
    assert done.returncode == 1
    assert "error: the server was ended by SIGSEGV" in done.stderr


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    file = service_file(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = chartgen("run", "-f", file, "--port", port)
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr


def test_without_a_sample_there_is_none_to_send(tmp_path: Path) -> None:
    done = chartgen("run", "-f", service_file(tmp_path), "--sample")
    assert done.returncode == 2
    assert "sample" in done.stderr


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_stopped_and_leaves_no_process(tmp_path: Path, stop: signal.Signals) -> None:
    file = service_file(tmp_path, env={"GREETING": "hello"})
    process, url = _started(file)
    try:
        _wait(f"{url}/readyz")
        body = json.dumps({"input": [[0.5] * 64]}).encode()
        with urllib.request.urlopen(f"{url}/predict", data=body, timeout=10) as response:
            assert len(json.load(response)["output"]["label"]) == 1
    finally:
        process.send_signal(stop)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 128 + stop
    assert "Traceback" not in said
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{url}/readyz", timeout=1)


def _wait(url: str, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            assert time.monotonic() < deadline
            time.sleep(0.1)
