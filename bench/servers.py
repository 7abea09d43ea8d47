"""/predict as the pod runs it, beside the floor: requests per second, latency, start and memory."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from figures import Figure, compare
from load import ask, load_figures

from chartgen.chart.build import build
from chartgen.local.serve import prepare, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models import Case

FLOOR = Path(__file__).with_name("floor.py")
PEER = "ASGI floor"
START_SECONDS = 60
LARGE_BYTES = 100_000
LARGE_FACTOR = 3


@dataclass(frozen=True)
class Program:
    """A server that can be started.

    Attributes:
        command: Its command; where `takes_port`, the port is added.
        environment: Its environment, to which the port is added.
        takes_port: Whether the port is an argument.
        ready: The path that says that it is ready.
    """

    command: tuple[str, ...]
    environment: dict[str, str]
    takes_port: bool = False
    ready: str = "/readyz"


@contextmanager
def programs(case: Case) -> Iterator[tuple[Program, Program]]:
    """The pod's server, from the files of the chart and with its pinned libraries, and the floor with the same.

    `chartgen run` lays out the files and makes the environment; its process tells the command and the variables.
    """
    built = build(case.spec)

    def say(text: str) -> None:
        print(text, flush=True)

    with serve(built, prepare(built, say), host="127.0.0.1", port=0, say=say) as server:
        content = Path(f"/proc/{server.process.pid}/environ").read_bytes()
        python, adapter = map(str, server.process.args)  # type: ignore[arg-type]  # it is started with a list
        variables = dict(entry.split("=", 1) for entry in os.fsdecode(content).split("\0") if entry)
        server.process.terminate()
        server.process.wait()
        # In the pod the chart's files lie on a read-only volume: their compiled form is never kept.
        variables["PYTHONDONTWRITEBYTECODE"] = "1"
        for folder in Path(adapter).parent.rglob("__pycache__"):
            for file in folder.iterdir():
                file.unlink()
        ours = Program((python, adapter), variables)
        yield ours, Program((python, str(FLOOR), variables["CHARTGEN_MODEL_PATH"]), variables, takes_port=True)


@contextmanager
def started(program: Program) -> Iterator[tuple[str, subprocess.Popen[bytes], float]]:
    """Start a server; gives its URL, its process, and the seconds until it was ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    url = f"http://127.0.0.1:{port}"
    command = [*program.command, *([port] if program.takes_port else [])]
    begin = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=program.environment | {"CHARTGEN_PORT": port},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # some have processes of their own
    )
    try:
        _wait(f"{url}{program.ready}", process)
        yield url, process, time.perf_counter() - begin
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with opener.open(url, timeout=1):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{process.args!r} does not serve") from None
            time.sleep(0.005)


def measure_start(case: Case, rounds: int) -> list[Figure]:
    """From the start of the process to the first /readyz that is 200."""
    seconds: tuple[list[float], list[float]] = ([], [])
    with programs(case) as pair:
        for turn in range(rounds + 1):
            for program, values in zip(pair, seconds, strict=True):
                with started(program) as (_, _, taken):
                    if turn:  # the first reads the libraries from the disk
                        values.append(taken * 1000)
    return [compare("start to ready", PEER, "ms", zip(*seconds, strict=True), bar="<= 1.4")]


def measure_load(case: Case, wrk: str, rounds: int, seconds: int) -> list[Figure]:
    """Requests per second and the p99, at each number of connections; then the memory of both after all of it."""
    figures = []
    with ExitStack() as stack:
        servers = [stack.enter_context(started(program)) for program in stack.enter_context(programs(case))]
        urls = [url for url, _, _ in servers]
        _check_same(urls, case.body)
        for url in urls:
            ask(wrk, f"{url}/predict", case.body, 16, 1)
        if is_large(case):  # fewer answers in a second, so that it takes longer to see the slow ones
            seconds *= LARGE_FACTOR
        for connections in case.connections:
            rounds_of = [
                [ask(wrk, f"{url}/predict", case.body, connections, seconds) for url in urls] for _ in range(rounds)
            ]
            ours, floor = [first for first, _ in rounds_of], [second for _, second in rounds_of]
            subject, tail = f"{case.name}, {connections} conn.", is_large(case) and connections == 64  # noqa: PLR2004
            figures += load_figures(subject, PEER, ours, floor, bar=">= 0.85", tail_bar="<= 1.5" if tail else "")
        memory = [megabytes(process.pid) for _, process, _ in servers]
    figures.append(compare(f"{case.name}, memory after", PEER, "MB", [(memory[0], memory[1])], bar="<= 1.6"))
    return figures


def is_large(case: Case) -> bool:
    """Whether a request takes so long that it takes long to see the slow ones."""
    return case.body.stat().st_size > LARGE_BYTES


def _check_same(urls: list[str], body: Path) -> None:
    """Refuse to compare servers that do not answer alike."""
    answers = []
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for url in urls:
        with opener.open(f"{url}/predict", data=body.read_bytes(), timeout=START_SECONDS) as response:
            answers.append(response.read())
    if answers[0] != answers[1]:
        raise SystemExit(f"the servers do not answer alike: {answers}")


def megabytes(server: int) -> float:
    """What a server and the processes below it have in memory, of whatever sessions; one may have ended."""
    below: dict[int, list[int]] = {}
    sizes: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            parent = int((folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
            lines = (folder / "status").read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        below.setdefault(parent, []).append(int(folder.name))
        sizes[int(folder.name)] = next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)
    waiting, found = [server], 0
    while waiting:
        process = waiting.pop()
        found += sizes.get(process, 0)
        waiting += below.get(process, [])
    return found / 1024
