"""The other serving runtimes in real pods: they become ready, pass `helm test`, and answer as the library does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.e2e.services import assert_close, retrained

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Namespace

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


@pytest.mark.parametrize(
    "case",
    [
        ("iris-sklearn", "bentoml", ":3000/schema.json"),
        ("digits-onnx", "mlserver", ":8080/v2/health/ready"),
        pytest.param(("iris-sklearn", "kserve", ":8080/v1/models"), marks=pytest.mark.full),
    ],
    ids=lambda case: case[1],
)
def test_a_release_on_another_runtime_answers_as_the_library_does(
    namespace: Namespace, helm4: Path, tmp_path: Path, case: tuple[str, str, str]
) -> None:
    example, runtime, own = case
    service = retrained(example, tmp_path, "1.0.0")
    chosen = ("--set", f"runtime.name={runtime}")
    namespace.chartgen("install", "-f", service.file, *chosen, "--timeout", "10m", *namespace.values(), helm=helm4)
    namespace.chartgen("test", service.name, helm=helm4)
    host = f"http://{service.name}.{namespace.name}.svc.cluster.local"
    root = f"{host}{own[:5]}"
    rows = service.random_rows(3)
    answer = namespace.post(f"{root}/predict", {"input": rows})
    assert_close(answer["output"], service.predict(np.array(rows)))
    assert namespace.fetch(f"{host}{own}"), "the framework's own route answers"
    assert "chartgen_ready 1.0" in namespace.fetch(f"{root}/metrics")
