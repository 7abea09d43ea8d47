"""A model that was fitted on a table, on each serving runtime: rows as objects, the same numbers, the same refusals."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import numpy as np
import pandas as pd
import pytest

from chartgen.chart.build import build
from chartgen.local.serve import prepare, serve
from chartgen.service.load import load
from tests.helpers import EXAMPLES
from tests.runtimes.pairs import runtimes

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = EXAMPLES / "rents-table"
ROWS = [
    {"district": "harbour", "area": 74.5, "rooms": 3, "balcony": True},
    {"district": "old town", "area": None, "rooms": 2, "balcony": False},
]


@pytest.mark.pairs
@pytest.mark.full
@pytest.mark.timeout(1200)  # the libraries are installed, once
@pytest.mark.parametrize("runtime", [runtime.name for runtime in runtimes()])
def test_a_table_is_answered_as_scikit_learn_does_on_each_runtime(runtime: str, tmp_path: Path) -> None:
    spec = load([EXAMPLE / "service.yaml"])
    built = build(replace(spec, runtime=replace(spec.runtime, name=runtime)))
    expected = pickle.loads((EXAMPLE / "rents.pkl").read_bytes()).predict(pd.DataFrame(ROWS))
    with serve(built, prepare(built, print), host="127.0.0.1", port=0, say=print) as server:
        answer = httpx.post(f"{server.url}/predict", json={"input": ROWS})
        assert answer.status_code == 200, answer.text
        np.testing.assert_allclose(answer.json()["output"], expected, rtol=1e-6)
        one = httpx.post(f"{server.url}/predict", json={"input": ROWS[0]}).json()["output"]
        np.testing.assert_allclose(one, expected[0], rtol=1e-6)

        columns = {
            "district": ("BYTES", [row["district"] for row in ROWS]),
            "area": ("FP64", [74.5, 30.0]),
            "rooms": ("INT64", [3, 2]),
            "balcony": ("BOOL", [True, False]),
        }
        told = httpx.get(f"{server.url}/v2/models/rents").json()["inputs"]
        assert {tensor["name"] for tensor in told} == columns.keys()
        tensors = [
            {"name": name, "datatype": datatype, "shape": [2, 1], "data": data}
            for name, (datatype, data) in columns.items()
        ]
        inferred = httpx.post(f"{server.url}/v2/models/rents/infer", json={"inputs": tensors})
        assert inferred.status_code == 200, inferred.text
        whole = pd.DataFrame(ROWS)
        whole.loc[1, "area"] = 30.0
        wanted = pickle.loads((EXAMPLE / "rents.pkl").read_bytes()).predict(whole)
        np.testing.assert_allclose(inferred.json()["outputs"][0]["data"], wanted, rtol=1e-6)

        for row, path in (({**ROWS[0], "area": "much"}, "input[0].area"), ({"district": "harbour"}, "input[0].area")):
            wrong = httpx.post(f"{server.url}/predict", json={"input": [row]})
            assert (wrong.status_code, wrong.json()["error"]["path"]) == (422, path), wrong.text
