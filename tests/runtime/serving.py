"""Serves a model: in this process through the data plane, or as the pod does, in a process of its own."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "chart_templates" / "runtime"
ADAPTER = ROOT / "chart_templates" / "runtimes" / "fastapi" / "adapter.py"


def environment(model: Path, model_format: str, **variables: str) -> dict[str, str]:
    """The variables of the chart's container; the digest is the file's unless one is given."""
    return {
        "CHARTGEN_MODEL_NAME": "test",
        "CHARTGEN_MODEL_PATH": str(model),
        "CHARTGEN_MODEL_FORMAT": model_format,
        "CHARTGEN_MODEL_SHA256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "CHARTGEN_TERMINATION_LOG": str(model.parent / "termination-log"),
        **variables,
    }


def load(model: Path, model_format: str, **variables: str) -> Any:
    """A data plane that is ready, in this process."""
    from chartgen_runtime.dataplane import DataPlane
    from chartgen_runtime.settings import from_environment

    plane = DataPlane(from_environment(environment(model, model_format, **variables)))
    plane.load()
    return plane


def ask(plane: Any, value: Any) -> Any:
    """The value of `output` for this value of `input`."""
    return json.loads(plane.predict(json.dumps({"input": value}).encode()))["output"]


def refusal(plane: Any, body: Any) -> Any:
    """The error for a value of `input`, or for the bytes of a body."""
    from chartgen_runtime.errors import ServingError

    try:
        answer = plane.predict(body if isinstance(body, bytes) else json.dumps({"input": body}).encode())
    except ServingError as error:
        return error
    raise AssertionError(f"it was accepted: {answer!r}")


@dataclass
class ServerProcess:
    """A running adapter."""

    process: subprocess.Popen[bytes]
    url: str
    log_path: Path
    termination_log: Path

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, timeout=30)

    def post(self, body: Any, **arguments: Any) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return httpx.post(self.url + "/predict", content=content, timeout=30, **arguments)

    def wait_for(self, path: str, status: int = 200, seconds: float = 30) -> None:
        """Waits until this path answers with this status."""
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(httpx.TransportError):
                if self.get(path).status_code == status:
                    return
            assert self.process.poll() is None, f"the server ended: {self.log()}"
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.02)

    def wait_ready(self) -> None:
        self.wait_for("/readyz")

    def wait_exit(self, seconds: float = 30) -> int:
        return self.process.wait(seconds)

    def log(self) -> str:
        return self.log_path.read_text()

    def log_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log().splitlines()]


ServerFactory = Callable[..., ServerProcess]


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[ServerFactory]:
    """Gives a function that starts servers, and stops them at the end."""
    started: list[ServerProcess] = []

    def start(
        model: Path, model_format: str, *, python: str = sys.executable, adapter: Path = ADAPTER, **variables: str
    ) -> ServerProcess:
        port = _free_port()
        log_path = folder / f"log-{len(started)}"
        variables = {"CHARTGEN_HOST": "127.0.0.1", "CHARTGEN_PORT": str(port), **variables}
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                [python, str(adapter)],
                env={**os.environ, "PYTHONPATH": str(RUNTIME), **environment(model, model_format, **variables)},
                stderr=log,
            )
        server = ServerProcess(process, f"http://127.0.0.1:{port}", log_path, model.parent / "termination-log")
        started.append(server)
        return server

    try:
        yield start
    finally:
        for server in started:
            if server.process.poll() is None:
                server.process.kill()
            server.process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
