"""What `chartgen validate` says of a service that can be deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.helpers import ROOT, chartgen

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
