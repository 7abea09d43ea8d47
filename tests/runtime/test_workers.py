"""Several processes that serve one port: `workers` of the chart's values."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time

import httpx
import psutil

from tests.runtime.clients import asking, refused
from tests.runtime.models import iris, pickled

BODY = {"input": [5.1, 3.5, 1.4, 0.2]}


def processes(server):
    return psutil.Process(server.process.pid).children()


def answered(server):
    found = re.search(
        r'chartgen_requests_total\{route="/predict",status="200"\} ([0-9.]+)', server.get("/metrics").text
    )
    return float(found[1]) if found else 0.0


def test_the_pod_is_ready_when_all_are_and_each_answers(tmp_path, serve):
    server = serve(pickled(tmp_path, iris()), "pickle", CHARTGEN_WORKERS="3")
    server.wait_ready()
    assert len(processes(server)) == 3
    # The kernel chooses by connection: with a new one for each request all of them get some.
    before = [sum(process.cpu_times()[:2]) for process in processes(server)]
    for _ in range(100):
        assert server.post(BODY).status_code == 200
    after = [sum(process.cpu_times()[:2]) for process in processes(server)]
    assert all(late > early for early, late in zip(before, after, strict=True))
    time.sleep(1.5)  # the others' counts are a second old at most
    assert answered(server) == answered(server) == 100


def test_sigterm_under_load_ends_all_of_them_and_loses_no_request(tmp_path, serve):
    server = serve(pickled(tmp_path, iris()), "pickle", CHARTGEN_WORKERS="2", CHARTGEN_DRAIN_SECONDS="2")
    server.wait_ready()
    clients = asking(server.url, json.dumps(BODY).encode(), 8)
    time.sleep(1)
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)  # after a second it may end, as soon as no connection is open
    assert server.get("/readyz").status_code == 503
    assert refused(clients) == []
    assert server.wait_exit(15) == 0


def test_when_one_ends_by_itself_so_do_the_others_and_the_pod_starts_anew(tmp_path, serve):
    server = serve(pickled(tmp_path, iris()), "pickle", CHARTGEN_WORKERS="2")
    server.wait_ready()
    os.kill(processes(server)[0].pid, signal.SIGKILL)
    assert server.wait_exit(15) == 9
    assert "a worker ended" in server.log()


def test_a_model_that_cannot_be_served_ends_all_with_the_reason(tmp_path, serve):
    server = serve(pickled(tmp_path, iris()), "pickle", CHARTGEN_WORKERS="2", CHARTGEN_MODEL_SHA256="0" * 64)
    assert server.wait_exit(20) == 1
    assert "sha256" in server.termination_log.read_text()


def test_what_may_be_in_flight_is_that_of_all_together(tmp_path, serve):
    (tmp_path / "handler.py").write_text("import time\ndef preprocess(value):\n    time.sleep(3)\n    return value\n")
    variables = {"CHARTGEN_HANDLER_PATH": str(tmp_path / "handler.py"), "CHARTGEN_MAX_IN_FLIGHT": "2"}
    server = serve(pickled(tmp_path, iris()), "pickle", CHARTGEN_WORKERS="2", **variables)
    server.wait_ready()
    statuses = []

    def ask():
        statuses.append(httpx.post(f"{server.url}/predict", json=BODY, timeout=60).status_code)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= statuses.count(200) <= 2
    assert statuses.count(503) >= 10
