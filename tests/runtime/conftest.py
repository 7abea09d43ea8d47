"""What runs in the pod, on the path as in the pod, and ways to serve a model in this process or in a real one."""

from __future__ import annotations

import sys

import pytest

from tests.runtime.serving import ADAPTER, RUNTIME, serving

for folder in (str(RUNTIME), str(ADAPTER.parent)):
    if folder not in sys.path:
        sys.path.insert(0, folder)


@pytest.fixture
def serve(tmp_path):
    """Starts the real server process; every one is stopped at the end of the test."""
    with serving(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def iris_server(tmp_path_factory):
    """One server of the iris classifier (ONNX) for the tests that only ask."""
    from tests.runtime import models

    folder = tmp_path_factory.mktemp("iris")
    with serving(folder) as start:
        server = start(models.iris_onnx(folder), "onnx", CHARTGEN_MAX_BODY_BYTES="100000")
        server.wait_ready()
        yield server
