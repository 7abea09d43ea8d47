"""What `chartgen validate` says of a service that can be deployed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import cloudpickle
import pytest

from tests.helpers import ROOT, chartgen, service_file

if TYPE_CHECKING:
    from pathlib import Path

BOOSTERS = ROOT / "tests" / "inspect" / "models" / "boosters"


@pytest.mark.parametrize(
    ("model", "library"), [("xgboost-booster", "xgboost-cpu"), ("lightgbm-classifier", "lightgbm")]
)
def test_the_library_that_computes_is_named_with_its_release(tmp_path: Path, model: str, library: str) -> None:
    file = tmp_path / "service.yaml"
    file.write_text(f"name: booster\nmodel: {BOOSTERS / model}.pkl\n", encoding="utf-8")
    done = chartgen("validate", "-f", file)
    assert done.returncode == 0, done.stderr
    assert f", {library} " in done.stderr


class _Doubles:
    def predict(self, rows: Any) -> Any:
        return [2 * row[0] for row in rows]


def test_what_a_trusted_pickle_imports_is_said_and_stands_in_the_chart(tmp_path: Path) -> None:
    """Whoever reviews the chart sees that its pods run what chartgen has not read."""
    # What belongs to the script, cloudpickle writes into the file.
    _Doubles.__module__ = _Doubles.predict.__module__ = "__main__"
    (tmp_path / "model.pkl").write_bytes(cloudpickle.dumps(_Doubles()))
    service = service_file(tmp_path, model={"file": "model.pkl", "trusted": True}, sample=[1.0])
    said = chartgen("validate", "-f", service)
    assert said.returncode == 0, said.stderr
    assert "its pods run what the pickle imports, as `model.trusted` allows: builtins.type, cloudpickle." in said.stderr
    told = json.loads(chartgen("validate", "-f", service, "-o", "json").stdout)
    assert "builtins.type" in told["trustedImports"]
    chart = tmp_path / "charts"
    assert chartgen("render", "-f", service, "--output-dir", chart).returncode == 0
    assert "loading the model runs code that chartgen has not read" in (chart / "digits" / "README.md").read_text()
    assert "builtins.type" in (chart / "digits" / "Chart.yaml").read_text()
