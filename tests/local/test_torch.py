"""PyTorch models served by the real library, at the versions and hashes of the chart's own requirements.

The environment is made once and kept, as `chartgen run` keeps it.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from chartgen.chart.build import build
from chartgen.inspect import inspect_model
from chartgen.local.serve import prepare
from chartgen.service.load import load
from tests.helpers import EXAMPLES, ROOT
from tests.inspect.archives import MODELS

pytestmark = pytest.mark.xdist_group("run")  # they share the environments that are made once

ANSWERS = json.loads((MODELS / "answers.json").read_text())
NETWORK = """
import torch
from torch import nn

class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.drop, self.out = nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 3)

    def forward(self, x):
        return self.out(self.drop(torch.relu(self.hidden(x))))

def load(model):
    network = Network()
    network.load_state_dict(model)
    return network
"""
PREDICT = """
def predict(model, inputs):
    with torch.inference_mode():
        return {"twice": 2 * model.eval()(torch.from_numpy(inputs).float())}
"""
DTYPES = {"float32": "FP32", "float64": "FP64", "int64": "INT64"}


@pytest.fixture(scope="session")
def python() -> Path:
    """The Python of a torch pod's libraries."""
    return prepare(build(load([EXAMPLES / "spirals-torch" / "service.yaml"])), lambda _line: None)


def served(python: Path, *jobs: dict[str, Any]) -> list[dict[str, Any]]:
    """What models answer, all of them in one process: torch is long in starting."""
    script = Path(__file__).with_name("torch_planes.py")
    done = subprocess.run(
        [python, "-W", "error", script, MODELS],
        input="".join(json.dumps(job) + "\n" for job in jobs),
        env=os.environ | {"PYTHONPATH": str(ROOT / "chart_templates" / "runtime")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def tensors(value: Any, facts: Any) -> dict[str, Any]:
    """The V2 request of a /predict request."""
    values = value if isinstance(value, dict) else {facts.inputs[0].name: value}
    found = []
    for spec in facts.inputs:
        shape, inner = [], values[spec.name]
        while isinstance(inner, list):
            shape.append(len(inner))
            inner = inner[0]
        found.append({"name": spec.name, "datatype": DTYPES[spec.dtype], "shape": shape, "data": values[spec.name]})
    return {"inputs": found}


def flat(value: Any) -> list[Any]:
    return [each for part in value for each in flat(part)] if isinstance(value, list) else [value]


MODELS_SERVED = [name for name in ANSWERS if name != "weights"]


@pytest.fixture(scope="session")
def answers(python: Path) -> dict[str, dict[str, Any]]:
    """What every model answers to the input of its recorded answer."""
    jobs = []
    for name in MODELS_SERVED:
        value = ANSWERS[name]["input"]
        request = tensors(value, inspect_model(MODELS / f"{name}.pt"))
        jobs.append({"model": name, "sample": value, "predict": [{"input": value}], "infer": [request]})
    return dict(zip(MODELS_SERVED, served(python, *jobs), strict=True))


@pytest.mark.parametrize("name", MODELS_SERVED)
def test_predict_gives_the_librarys_own_numbers(answers: dict[str, Any], name: str) -> None:
    [got], wanted = answers[name]["predict"], ANSWERS[name]["output"]
    named = wanted if isinstance(wanted, dict) else {"": wanted}
    output = got["output"] if isinstance(wanted, dict) else {"": got["output"]}
    assert output.keys() == named.keys()
    for each, value in named.items():
        assert flat(output[each]) == pytest.approx(flat(value), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", MODELS_SERVED)
def test_v2_gives_the_same_numbers(answers: dict[str, Any], name: str) -> None:
    [got], wanted = answers[name]["infer"], ANSWERS[name]["output"]
    named = wanted if isinstance(wanted, dict) else {"output": wanted}
    assert {each["name"] for each in got["outputs"]} == set(named)
    for each in got["outputs"]:
        assert each["data"] == pytest.approx(flat(named[each["name"]]), rel=1e-6, abs=1e-6)
    platform = "pytorch_export" if name.endswith("-export") else "pytorch_torchscript"
    assert answers[name]["metadata"]["platform"] == platform
    described = {each["name"]: each["datatype"] for each in answers[name]["metadata"]["outputs"]}
    assert described == {each["name"]: each["datatype"] for each in got["outputs"]}


@pytest.mark.parametrize("name", MODELS_SERVED)
def test_the_pod_finds_the_inputs_that_the_inspection_found(answers: dict[str, Any], name: str) -> None:
    facts = inspect_model(MODELS / f"{name}.pt")
    found = [[spec.name, spec.dtype, None if spec.shape is None else list(spec.shape)] for spec in facts.inputs]
    assert answers[name]["inputs"] == found
    if facts.outputs:
        described = [(each["name"], each["datatype"]) for each in answers[name]["metadata"]["outputs"]]
        assert described == [(spec.name, DTYPES[spec.dtype or ""]) for spec in facts.outputs]


def test_requests_that_do_not_fit_are_refused_with_the_place(python: Path) -> None:
    row = ANSWERS["network-export"]["input"][0]
    [network, texts, script] = served(
        python,
        {"model": "network-export", "predict": [{"input": each} for each in (row, [[1.0, 2.0]], ["a"], 1.0, [])]},
        {
            "model": "texts-export",
            "predict": [
                {"input": {"tokens": [[1, 2], [3, 4]], "weight": [[1.0]]}},
                {"input": {"tokens": [[1] * 65], "weight": [[1.0]]}},
                {"input": {"tokens": [[1.5]], "weight": [[1.0]]}},
                {"input": {"tokens": [[11]], "weight": [[1.0]]}},
                {"input": {"tokens": [[1]]}},
            ],
        },
        {"model": "network-script", "sample": [row], "predict": [{"input": [[1.0, 2.0]]}]},
    )
    single, *others = network["predict"]
    assert single["output"] == pytest.approx(ANSWERS["network-export"]["output"][0], rel=1e-6, abs=1e-6)
    assert [each["status"] for each in others] == [422] * 4
    assert others[0]["error"]["expected"] == "float32[batch, 4]"
    unequal, long, fraction, unknown_word, missing = texts["predict"]
    assert (unequal["status"], unequal["error"]["path"]) == (422, "input.weight")
    assert (long["status"], long["error"]["path"]) == (422, "input.tokens")
    assert "64" in long["error"]["expected"]
    assert fraction["error"]["path"] == "input.tokens[0][0]"
    assert missing["error"]["code"] == "missing_input"
    # What only the model can tell is told in its words, without the way through its code.
    assert (unknown_word["status"], unknown_word["error"]["code"]) == (422, "refused_by_model")
    assert script["predict"][0]["error"]["code"] == "refused_by_model"
    assert "Traceback" not in script["predict"][0]["error"]["message"]


def test_weights_are_served_by_a_handler_that_makes_the_model(python: Path) -> None:
    rows, wanted = ANSWERS["weights"]["input"], flat(ANSWERS["weights"]["output"])
    job = {"model": "weights", "sample": rows, "predict": [{"input": rows}]}
    plain, own, without, wrong = served(
        python,
        {**job, "handler": NETWORK},
        {**job, "handler": NETWORK + PREDICT},
        job,
        {**job, "handler": "def load(model): return model['out.bias']"},
    )
    assert flat(plain["predict"][0]["output"]) == pytest.approx(wanted, rel=1e-6, abs=1e-6)
    assert flat(own["predict"][0]["output"]["twice"]) == pytest.approx(
        [2 * each for each in wanted], rel=1e-6, abs=1e-6
    )
    assert "weights alone" in without["startup"]
    assert "Tensor, which is no torch.nn.Module" in wrong["startup"]


def test_a_model_that_json_cannot_ask_is_never_ready(python: Path) -> None:
    [found] = served(python, {"model": "bfloat16-script"})
    assert "bfloat16, which cannot be made from JSON" in found["startup"]


def test_a_build_for_cpus_does_not_serve_where_a_gpu_was_asked_for(python: Path) -> None:
    [told] = served(python, {"model": "network-export", "gpus": "1"})
    assert "the chart asks for a GPU, and PyTorch 2.13.0+cpu is a build without GPUs" in told["startup"]
