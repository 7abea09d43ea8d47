"""/predict on each serving runtime, beside the same runtime with the same model by its own means, and the floor."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from figures import Figure, compare
from load import ask, load_figures
from servers import LARGE_FACTOR, PEER, Program, is_large, megabytes, programs, started

if TYPE_CHECKING:
    from collections.abc import Callable

    from load import Report
    from models import Case

FOLDER = Path(__file__).with_name("native")


@dataclass(frozen=True)
class Native:
    """How a runtime is asked by its own means.

    Attributes:
        script: The server, in the folder `native`.
        ready: The path that says that it is ready.
        path: Where requests go.
        request: A row -> the request.
    """

    script: str
    ready: str
    path: str
    request: Callable[[Any], dict[str, Any]]


def _v2(row: Any) -> dict[str, Any]:
    array = np.asarray([row])
    tensor = {"name": "x", "shape": array.shape, "datatype": "FP32", "data": array.ravel().tolist()}
    return {"inputs": [tensor]}


NATIVE = {
    "fastapi": Native("serve_fastapi.py", "/readyz", "/infer", lambda row: {"input": row}),
    "mlserver": Native("serve_mlserver.py", "/v2/health/ready", "/v2/models/model/infer", _v2),
    "kserve": Native(
        "serve_kserve.py", "/v2/health/ready", "/v1/models/model:predict", lambda row: {"instances": [row]}
    ),
    "bentoml": Native("serve_bentoml.py", "/readyz", "/infer", lambda row: {"input": [row]}),
}


def measure(runtime: str, case: Case, wrk: str, rounds: int, seconds: int) -> list[Figure]:
    """Requests per second, the p50 and the p99 at each number of connections, the memory afterwards, and the start.

    Args:
        runtime: Its name.
        case: The model and a request for /predict.
        wrk: The program that asks.
        rounds: How many turns.
        seconds: How long each.
    """
    native = NATIVE[runtime]
    row = json.loads(case.body.read_text(encoding="utf-8"))["input"]
    asked = case.body.with_suffix(f".{runtime}.json")
    asked.write_text(json.dumps(native.request(row)), encoding="utf-8")
    spec = replace(case.spec, runtime=replace(case.spec.runtime, name=runtime))
    name, peer = f"{runtime}, {case.name}", f"{runtime} itself"
    figures = []
    with ExitStack() as stack:
        ours, floor = stack.enter_context(programs(replace(case, spec=spec)))
        script, model = str(FOLDER / native.script), floor.command[2]
        itself = Program((ours.command[0], script, model), ours.environment, takes_port=True, ready=native.ready)
        servers = [stack.enter_context(started(program)) for program in (ours, itself, floor)]
        asks = [(f"{servers[0][0]}/predict", case.body), (servers[1][0] + native.path, asked)]
        asks.append((f"{servers[2][0]}/predict", case.body))
        for url, body in asks:
            ask(wrk, url, body, 16, 1)
        if is_large(case):
            seconds *= LARGE_FACTOR
        for connections in case.connections:
            rounds_of: list[list[Report]] = [
                [ask(wrk, url, body, connections, seconds) for url, body in asks] for _ in range(rounds)
            ]
            mine, theirs, least = (list(reports) for reports in zip(*rounds_of, strict=True))
            subject = f"{name}, {connections} conn."
            figures += load_figures(subject, peer, mine, theirs, bar=">= 1.0")
            figures += load_figures(subject, PEER, mine, least, bar="")[:1]
        memory = [megabytes(process.pid) for _, process, _ in servers]
        begun = [taken * 1000 for _, _, taken in servers]
    figures.append(compare(f"{name}, memory after", peer, "MB", [(memory[0], memory[1])]))
    figures.append(compare(f"{name}, start to ready", peer, "ms", [(begun[0], begun[1])]))
    return figures
