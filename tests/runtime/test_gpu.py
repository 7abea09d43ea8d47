"""A pod that was told to compute on a GPU, on a computer without one."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace

import pytest

from tests.runtime.models import iris_onnx


def test_a_pod_with_the_build_for_cpus_ends_with_the_reason_and_never_computes_on_the_cpu(tmp_path, serve):
    server = serve(iris_onnx(tmp_path), "onnx", CHARTGEN_GPUS="1")
    assert server.wait_exit(20) == 1
    told = server.termination_log.read_text()
    assert "the chart asks for a GPU, and onnxruntime" in told
    assert "is a build without GPUs" in told
    assert "`chartgen lock`" in told


def test_a_container_that_was_given_no_driver_is_told_so(monkeypatch):
    from chartgen_runtime import gpu

    monkeypatch.setattr(gpu, "DRIVER", "libnothing-of-this-name.so.1")
    error = gpu.no_gpu("PyTorch 2.13.0", with_cuda=True)
    assert "PyTorch 2.13.0 finds none: the container has no libnothing-of-this-name.so.1" in str(error)
    assert "runtimeClassName" in str(error)


@pytest.mark.parametrize(
    ("code", "count", "told"),
    [
        (35, 0, "the driver of the node is too old for it (cuInit: 35)"),
        (100, 0, "the driver sees no device in this container (cuInit: 100)"),
        (999, 0, "the driver cannot be used (cuInit: 999)"),
        (0, 0, "the driver has 0 devices for this container"),
        (0, 2, "the driver has 2 here, so the library is not made for it"),
    ],
)
def test_what_the_driver_says_is_told(monkeypatch, code, count, told):
    from chartgen_runtime import gpu

    def device_count(found):
        found._obj.value = count
        return 0

    driver = SimpleNamespace(cuInit=lambda _flags: code, cuDeviceGetCount=device_count)
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: driver)
    assert told in str(gpu.no_gpu("PyTorch 2.13.0", with_cuda=True))


def test_each_worker_has_a_gpu_of_its_own():
    from chartgen_runtime.crew import Crew
    from chartgen_runtime.settings import from_environment

    variables = {"CHARTGEN_MODEL_PATH": "m", "CHARTGEN_MODEL_FORMAT": "onnx", "CHARTGEN_MODEL_SHA256": "0" * 64}
    crew, taken = Crew(4), []
    for place in range(4):
        crew._place = place
        taken.append(crew._part(from_environment({**variables, "CHARTGEN_GPUS": "2"})).gpu)
    assert taken == [0, 1, 0, 1]
