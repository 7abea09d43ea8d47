"""Requests made from the server's own OpenAPI document, valid and broken: none is answered with 5xx.

Which ones is told by a number: always the same for the few, another each time for the many. It is printed where a test
fails; CHARTGEN_TEST_SEED gives it.
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import checks
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.runtime.models import iris, iris_onnx, pickled
from tests.runtime.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Of each kind, valid and broken, for each of the paths that predict and each of the models.
FEW = 8
MANY = 90  # 2,000 and more in all


def fitted(estimator: Any) -> Callable[[Path], Path]:
    """Makes a pickle of the estimator, fitted on iris."""
    return lambda folder: pickled(folder, estimator.fit(*load_iris(return_X_y=True)))


# The scaler and the trees reckon with fewer numbers than their input's type holds.
MODELS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "ONNX": ("onnx", iris_onnx),
    "linear": ("pickle", lambda folder: pickled(folder, iris())),
    "scaled": ("pickle", fitted(make_pipeline(StandardScaler(), LogisticRegression()))),
    "forest": ("pickle", fitted(RandomForestClassifier(5, max_depth=3, random_state=0))),
}
WANTED = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
SEED = "CHARTGEN_TEST_SEED"
VARIABLES = {"CHARTGEN_MODEL_NAME": "iris", "CHARTGEN_MODEL_VERSION": "1.0.0"}


def number_of(cases: int) -> int:
    """What the requests are made from."""
    chosen = int(os.environ.get(SEED, 0 if cases == FEW else random.randrange(2**32)))
    print(f"to ask the same again: {SEED}={chosen}")
    return chosen


def examine(url: str, cases: int, number: int) -> dict[str, int]:
    """Asks; returns how many requests each path got."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    made: dict[str, int] = {}
    for result in schema.get_all_operations():
        operation = result.ok()
        heavy = operation.method == "post"

        def asked(case: schemathesis.Case) -> None:
            made[case.path] = made.get(case.path, 0) + 1
            answer = case.call(base_url=url)
            case.validate_response(answer, checks=WANTED)

        modes = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
        for mode in modes if heavy else modes[:1]:
            limit = settings(
                max_examples=cases if heavy else 5,
                deadline=None,
                database=None,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            limit(seed(number)(given(case=operation.as_strategy(generation_mode=mode))(asked)))()
    return made


@pytest.mark.parametrize("cases", [FEW, pytest.param(MANY, marks=[pytest.mark.full, pytest.mark.timeout(1200)])])
@pytest.mark.parametrize("model", MODELS)
def test_no_request_made_from_the_document_is_answered_with_5xx(tmp_path, model, cases):
    model_format, make = MODELS[model]
    with serving(tmp_path) as start:
        server = start(make(tmp_path), model_format, **VARIABLES)
        server.wait_ready()
        made = examine(server.url, cases, number_of(cases))
        assert {"/predict", "/v2", "/v2/models/iris/infer", "/v2/models/iris/versions/1.0.0/infer"} <= set(made)
        assert sum(made.values()) >= 6 * cases * 0.9
        assert [line for line in server.log_lines() if line["level"] == "error"] == []
