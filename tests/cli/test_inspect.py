"""`chartgen inspect`: what it prints beside what the file says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml

from tests.helpers import ONNX_MODEL, chartgen, service_file

if TYPE_CHECKING:
    from pathlib import Path


def test_the_resources_that_it_suggests_are_those_of_the_chart(tmp_path: Path) -> None:
    suggested = json.loads(chartgen("inspect", ONNX_MODEL, "-o", "json").stdout)["resources"]
    assert chartgen("render", "-f", service_file(tmp_path), "--output-dir", tmp_path).returncode == 0
    values = yaml.safe_load((tmp_path / "digits" / "values.yaml").read_text(encoding="utf-8"))
    assert values["resources"]["requests"] == suggested
    assert "\nresources:  1 CPU, 2Gi of memory" in chartgen("inspect", ONNX_MODEL).stdout
