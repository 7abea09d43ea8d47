"""What a release speaks beside /predict, to clients inside the cluster."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.services import assert_close, infer_outputs, retrained

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Namespace

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


def test_a_client_in_the_cluster_infers_by_v2_and_scrapes_the_metrics(
    namespace: Namespace, helm4: Path, tmp_path: Path
) -> None:
    service = retrained("digits-onnx", tmp_path, "1.0.0")
    namespace.chartgen("install", "-f", service.file, *namespace.values(), helm=helm4)
    root = f"http://{service.name}.{namespace.name}.svc.cluster.local:8000"

    model = json.loads(namespace.fetch(f"{root}/v2/models/{service.name}"))
    assert [tensor["name"] for tensor in model["inputs"]] == ["image"]
    rows = service.random_rows(3)
    answer = namespace.post(f"{root}/v2/models/{service.name}/infer", service.infer_request(rows))
    assert_close(infer_outputs(answer), service.predict(np.array(rows)))

    namespace.post(f"{root}/predict", {"input": rows})
    text = namespace.fetch(f"{root}/metrics")
    scraped = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def value(name: str, **labels: str) -> float:
        [found] = [
            sample.value for sample in scraped if sample.name == name and labels.items() <= sample.labels.items()
        ]
        return found

    assert value("chartgen_requests_total", route="/predict", status="200") == 1
    assert value("chartgen_requests_total", route="/v2/models/{model}/infer", status="200") == 1
    assert value("chartgen_ready") == 1
    digest = hashlib.sha256((tmp_path / "digits.onnx").read_bytes()).hexdigest()
    assert value("chartgen_model_info", sha256=digest) == 1
