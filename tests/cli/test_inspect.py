"""`chartgen inspect`: what it prints beside what the file says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.helpers import ONNX_MODEL, chartgen, documents, service_file

if TYPE_CHECKING:
    from pathlib import Path


def test_the_resources_that_it_suggests_are_those_of_the_chart(tmp_path: Path) -> None:
    suggested = json.loads(chartgen("inspect", ONNX_MODEL, "-o", "json").stdout)["resources"]
    rendered = chartgen("template", "-f", service_file(tmp_path)).stdout
    [deployment] = [each for each in documents(rendered) if each["kind"] == "Deployment"]
    assert deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"] == suggested
    assert "\nresources:  1 CPU, 2Gi of memory" in chartgen("inspect", ONNX_MODEL).stdout
