"""Formats on the serving runtimes in real pods: they become ready, pass `helm test`, and answer as the library does.

The short form tries each format and each runtime once, with models whose own library's answers lie beside them; that of
a pickle on FastAPI is test_lifecycle.py. The long form tries every pair with new models.
"""

from __future__ import annotations

import json
import os
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.e2e.load import load_on
from tests.e2e.services import assert_close
from tests.e2e.wheels import local_wheels
from tests.helpers import service_file
from tests.inspect.archives import MODELS as TORCH_MODELS
from tests.inspect.keras_files import answers, keras_file
from tests.runtimes.pairs import FORMATS, Made, make_onnx, pairs, runtimes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.e2e.conftest import Namespace

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

NAME = "pair"
PORTS = {runtime.name: runtime.port for runtime in runtimes()}
OWN_ROUTES = {"fastapi": "/docs", "mlserver": "/v2/health/ready", "bentoml": "/schema.json", "kserve": "/v1/models"}
RATE = 20
PATIENCE = 1000  # seconds; gigabytes are installed, beside other tests


def onnx(folder: Path) -> Made:
    return make_onnx(folder, random.randrange(2**32), "mlserver")


def torch(folder: Path) -> Made:
    known = json.loads((TORCH_MODELS / "answers.json").read_text())["network-export"]
    return Made(TORCH_MODELS / "network-export.pt", np.array(known["input"]), np.array(known["output"]), {})


def keras(folder: Path) -> Made:
    known = answers("keras3-dense")
    [inputs], [outputs] = known["inputs"].values(), known["outputs"]
    return Made(keras_file("keras3-dense"), np.array(inputs), np.array(outputs), {})


@dataclass(frozen=True)
class Place:
    """Where releases are installed.

    Attributes:
        namespace: A namespace of its own.
        helm: The helm program.
        values: With these the pods find their libraries.
    """

    namespace: Namespace
    helm: Path
    values: list[str]

    def install(self, made: Made, runtime: str, folder: Path) -> str:
        """Installs a release, which is ready then and has passed its own test; where it answers."""
        sample = {"input": made.inputs[0].tolist(), "output": made.outputs[0].tolist()}
        model = {"file": str(made.path), **made.keys}
        file = service_file(folder / "service", name=NAME, model=model, runtime=runtime, sample=sample, cpu="100m")
        self.namespace.chartgen("install", "-f", file, "--timeout", "20m", *self.values, helm=self.helm)
        self.namespace.chartgen("test", NAME, helm=self.helm)
        return f"http://{NAME}.{self.namespace.name}.svc.cluster.local:{PORTS[runtime]}"


@pytest.fixture
def place(namespace: Namespace, helm4: Path) -> Iterator[Place]:
    with local_wheels(namespace) as values:
        yield Place(namespace, helm4, namespace.values(*values, f"progressDeadlineSeconds={PATIENCE}"))


@pytest.mark.parametrize(("make", "runtime"), [(onnx, "mlserver"), (torch, "bentoml"), (keras, "kserve")])
def test_a_pod_of_another_runtime_answers_as_the_library_does(
    place: Place, tmp_path: Path, make: Callable[[Path], Made], runtime: str
) -> None:
    made = make(tmp_path)
    answers_as_the_library(place, place.install(made, runtime, tmp_path), made, runtime)


@pytest.mark.full
@pytest.mark.parametrize(("name", "runtime"), pairs())
def test_a_pod_of_every_pair_answers_as_the_library_does_and_is_replaced_without_losing_a_request(
    place: Place, tmp_path: Path, name: str, runtime: str
) -> None:
    seed = int(os.environ.get("CHARTGEN_TEST_SEED", random.randrange(2**32)))
    print(f"to make the same model again: CHARTGEN_TEST_SEED={seed}")
    made = FORMATS[name].make(tmp_path, seed, "fastapi")
    root = place.install(made, runtime, tmp_path)
    answers_as_the_library(place, root, made, runtime)
    loses_nothing(place.namespace, made, runtime)


def answers_as_the_library(place: Place, root: str, made: Made, runtime: str) -> None:
    """The same numbers at /predict and at V2, errors by the contract, counts, and the framework's own route."""
    namespace, url = place.namespace, f"{root}/v2/models/{NAME}"
    assert_close(namespace.post(f"{root}/predict", {"input": made.inputs.tolist()})["output"], made.outputs)
    [told] = json.loads(namespace.fetch(url))["inputs"]
    tensor = {"name": told["name"], "datatype": told["datatype"], "shape": made.inputs.shape}
    answer = namespace.post(f"{url}/infer", {"inputs": [tensor | {"data": made.inputs.ravel().tolist()}]})
    [output] = answer["outputs"]
    assert_close(np.reshape(output["data"], output["shape"]), made.outputs)
    status, error = namespace.refused(f"{root}/predict", {"input": [1, 2]})
    assert (status, error["error"]["path"]) == (422, "input"), error
    metrics = namespace.fetch(f"{root}/metrics")
    assert 'chartgen_requests_total{route="/predict",status="422"} 1.0' in metrics
    assert "chartgen_ready 1.0" in metrics
    assert namespace.fetch(f"{root}{OWN_ROUTES[runtime]}"), "the framework's own route answers"


def loses_nothing(namespace: Namespace, made: Made, runtime: str) -> None:
    """The pod is replaced by another one while clients ask."""
    old = namespace.kubectl("get", "pods", "-l", "app.kubernetes.io/component=model", "--output=name").split()
    asked = [({"input": made.inputs.tolist()}, [made.outputs.tolist()])]
    with load_on(namespace, NAME, asked, rate=RATE, port=PORTS[runtime]) as load:
        namespace.kubectl("rollout", "restart", f"deployment/{NAME}")
        namespace.kubectl("rollout", "status", f"deployment/{NAME}", "--timeout=1200s", timeout=1220)
        namespace.kubectl("wait", "--for=delete", *old, "--timeout=120s")
        report = load.stop()
    assert (report["lost"], report["wrong"]) == (0, 0), report["failures"]
    assert sum(report["answered"]) == sum(report["sent"].values()) > 0
