"""Pickles of older releases of scikit-learn: served with the release that wrote them, and the numbers it answered.

Those of older releases of Keras are in test_keras.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.helpers import chartgen, service_file

MODELS = Path(__file__).parent / "models" / "sklearn"
TOO_OLD = "1.2.2"
# In the short form the release before the last one; the libraries of each release are installed, once.
SERVED = [
    pytest.param(path.stem, marks=pytest.mark.pairs if path.stem == "1.7.2" else pytest.mark.full)
    for path in sorted(MODELS.glob("*.pkl"))
    if path.stem != TOO_OLD
]


def service(folder: Path, version: str) -> Path:
    """A service file for the model that a release wrote, with that release's own answers as its sample."""
    known = json.loads((MODELS / f"{version}.json").read_text(encoding="utf-8"))
    model = {"file": str(MODELS / f"{version}.pkl"), "method": "predict_proba"}
    return service_file(folder, model=model, sample={"input": known["inputs"], "output": known["outputs"]})


@pytest.mark.timeout(900)
@pytest.mark.parametrize("version", SERVED)
def test_a_model_is_served_with_the_release_that_wrote_it_and_answers_as_it_did(tmp_path: Path, version: str) -> None:
    file = service(tmp_path, version)
    assert f"scikit-learn {version}" in chartgen("validate", "-f", file).stderr
    done = chartgen("run", "-f", file, "--port", 0, "--sample")
    assert done.returncode == 0, done.stderr
    assert "InconsistentVersionWarning" not in done.stderr
    expected = json.loads((MODELS / f"{version}.json").read_text(encoding="utf-8"))["outputs"]
    np.testing.assert_allclose(json.loads(done.stdout)["output"], expected, rtol=1e-6, atol=1e-6)


def test_a_model_of_a_release_before_the_oldest_is_refused_with_the_way_out(tmp_path: Path) -> None:
    done = chartgen("run", "-f", service(tmp_path, TOO_OLD), "--port", 0)
    assert done.returncode == 3
    assert f"written by scikit-learn {TOO_OLD}, and chartgen has 1.5.0 to" in done.stderr
    assert "chartgen lock" in done.stderr
