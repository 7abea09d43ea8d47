"""Keras models served by the pod's own files and libraries: the numbers of the Keras that wrote them.

TensorFlow is installed for it, once for Keras 2 and once for Keras 3: some minutes and 3 GB.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.helpers import EXAMPLES, chartgen, service_file
from tests.inspect.keras_files import MODELS, answers, keras_file
from tests.local.test_run import _wait

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.full, pytest.mark.timeout(900), pytest.mark.xdist_group("run")]
EXACT = {"rtol": 1e-6, "atol": 1e-6}


@contextmanager
def served(folder: Path, name: str) -> Iterator[str]:
    """The address of a server of this model."""
    asked = answers(name)["inputs"]
    sample = asked if len(asked) > 1 else next(iter(asked.values()))
    file = service_file(folder, model=str(keras_file(name)), sample={"input": sample})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "chartgen", "run", "-f", file, "--port", str(port)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stderr=log, stdout=log, env=os.environ)
    try:
        _wait(f"http://127.0.0.1:{port}/readyz", 800)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM, (folder / "log").read_text()


def post(url: str, body: Any) -> Any:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def refused(url: str, body: Any) -> tuple[int, Any]:
    with pytest.raises(urllib.error.HTTPError) as error:
        post(url, body)
    return error.value.code, json.load(error.value)


@pytest.mark.parametrize("name", MODELS)
def test_the_answers_are_those_of_the_keras_that_wrote_the_model(tmp_path: Path, name: str) -> None:
    known = answers(name)
    values, expected = known["inputs"], [np.array(each) for each in known["outputs"]]
    with served(tmp_path, name) as url:
        batch = values if len(values) > 1 else next(iter(values.values()))
        got = post(f"{url}/predict", {"input": batch})["output"]
        got = list(got.values()) if len(expected) > 1 else [got]
        for have, wanted in zip(got, expected, strict=True):
            np.testing.assert_allclose(have, wanted, **EXACT)
        with urllib.request.urlopen(f"{url}/v2/models/digits", timeout=10) as response:
            meta = json.load(response)
        assert [one["name"] for one in meta["inputs"]] == list(values)
        tensors = [
            {"name": one["name"], "datatype": one["datatype"], "shape": np.shape(values[one["name"]])}
            | {"data": np.ravel(values[one["name"]]).tolist()}
            for one in meta["inputs"]
        ]
        outputs = post(f"{url}/v2/models/digits/infer", {"inputs": tensors})["outputs"]
        assert [one["name"] for one in outputs] == [one["name"] for one in meta["outputs"]]
        for have, wanted in zip(outputs, expected, strict=True):
            np.testing.assert_allclose(np.reshape(have["data"], have["shape"]), wanted, **EXACT)
        code, body = refused(f"{url}/predict", {"input": "words"})
        assert code == 422, body


@pytest.mark.parametrize("name", ["keras2-two-inputs", "keras3-two-inputs"])
def test_one_item_of_several_inputs_is_answered_by_name(tmp_path: Path, name: str) -> None:
    known = answers(name)
    one = {key: value[1] for key, value in known["inputs"].items()}
    with served(tmp_path, name) as url:
        got = post(f"{url}/predict", {"input": one})["output"]
        assert list(got) == ["score", "flag"]
        for have, wanted in zip(got.values(), known["outputs"], strict=True):
            np.testing.assert_allclose(have, wanted[1], **EXACT)
        code, body = refused(f"{url}/predict", {"input": {"words": one["words"]}})
        assert (code, body["error"]["path"]) == (422, "input.numbers")


def test_the_sample_of_the_example_gets_its_recorded_answer() -> None:
    done = chartgen("run", "-f", EXAMPLES / "wine-keras" / "service.yaml", "--port", 0, "--sample")
    assert done.returncode == 0, done.stderr
    assert "the answer is the recorded one" in done.stdout + done.stderr
