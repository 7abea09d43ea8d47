"""Pickles of XGBoost and LightGBM, served from their charts with the pinned libraries: those libraries' own numbers."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.helpers import ROOT
from tests.runtimes.pairs import Made, python_of, runtimes, served

MODELS = ROOT / "tests" / "inspect" / "models" / "boosters"
TOLERANCE = 1e-6
# Those in folders without answers are there to be inspected.
NAMES = [
    str(path.relative_to(MODELS).with_suffix(""))
    for path in sorted(MODELS.rglob("*.pkl"))
    if (path.parent / "answers.json").exists()
]


LIGHTGBM = """
import json, sys
from pathlib import Path
from chartgen_runtime.formats.pickle import load
answer = json.loads(Path(sys.argv[2]).read_text())["lightgbm-booster"]
import numpy
outputs = load(Path(sys.argv[1]), "predict").predict({"": numpy.array(answer["inputs"])})[""]
print(numpy.abs(outputs - answer["outputs"]).max())
"""
OPENMP = Path("/usr/lib/x86_64-linux-gnu/libgomp.so.1")


@pytest.mark.full
@pytest.mark.timeout(900)
def test_lightgbm_loads_where_the_image_has_no_openmp(tmp_path: Path) -> None:
    hide = ["unshare", "--mount", "sh", "-c", 'mount --bind /dev/null "$0" && exec "$@"', str(OPENMP.resolve())]
    if shutil.which("unshare") is None or subprocess.run([*hide, "true"], capture_output=True, check=False).returncode:
        pytest.skip("only root may hide the system's OpenMP, where it is there")
    file = MODELS / "lightgbm-booster.pkl"
    python = python_of(Made(file, np.zeros(1), np.zeros(1), {}), "fastapi", tmp_path)
    runtime = {"PYTHONPATH": str(ROOT / "chart_templates" / "runtime"), "PATH": "/usr/bin:/bin"}
    command = [*hide, str(python), "-c", LIGHTGBM, str(file), str(MODELS / "answers.json")]
    done = subprocess.run(command, env=runtime, capture_output=True, text=True, check=True)
    assert float(done.stdout) < TOLERANCE


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("runtime", [each.name for each in runtimes()])
@pytest.mark.parametrize("name", NAMES)
def test_a_model_answers_as_the_library_does(name: str, runtime: str, tmp_path: Path) -> None:
    file = MODELS / f"{name}.pkl"
    answer = json.loads((file.parent / "answers.json").read_text())[file.stem]
    made = Made(file, np.array(answer["inputs"]), np.array(answer["outputs"]), {"method": answer["method"]})
    with served(made, runtime, tmp_path) as server:
        for given, expected in ((made.inputs, made.outputs), (made.inputs[0], made.outputs[0])):
            got = httpx.post(f"{server.url}/predict", json={"input": given.tolist()})
            assert got.status_code == 200, got.text
            np.testing.assert_allclose(got.json()["output"], expected, rtol=TOLERANCE, atol=TOLERANCE)
        wrong = httpx.post(f"{server.url}/predict", json={"input": [1.0, 2.0]})
        assert (wrong.status_code, wrong.json()["error"]["path"]) == (422, "input")
