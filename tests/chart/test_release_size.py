"""What Helm keeps of a release fits into a Secret, however large the model that a chart may hold."""

from __future__ import annotations

import base64
import gzip
import json
import pickle
import secrets
import subprocess
from typing import TYPE_CHECKING

import pytest
from sklearn.linear_model import LinearRegression

from chartgen.chart.build import build
from chartgen.chart.servable import EMBED_MAX_BYTES
from chartgen.chart.size import release_size
from chartgen.chart.write import write
from chartgen.errors import ChartError
from chartgen.service.load import load
from tests.helpers import service_file

if TYPE_CHECKING:
    from pathlib import Path

SECRET_BYTES = 1024 * 1024
# The answer of the pod's code, the comments in the chart and the notes will grow; values that users add are few.
SPARE_BYTES = 18_000


def release(chart: Path, helm: Path) -> bytes:
    """A release as Helm stores it: JSON, gzip, base64; templates, files and manifests are in it."""
    manifest = subprocess.run([helm, "template", "r", chart], capture_output=True, text=True, check=True).stdout
    files = {
        path.relative_to(chart).as_posix(): base64.b64encode(path.read_bytes()).decode()
        for path in sorted(chart.rglob("*"))
        if path.is_file()
    }
    listed = [{"name": name, "data": data} for name, data in files.items()]
    document = {"name": "r", "chart": {"files": listed}, "manifest": manifest}
    return base64.b64encode(gzip.compress(json.dumps(document).encode(), 9))


def test_the_largest_model_leaves_room_in_the_secret_of_the_release(tmp_path: Path, helm: Path) -> None:
    model = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    model.note_ = secrets.token_bytes(EMBED_MAX_BYTES - len(pickle.dumps(model)) - 30)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
    assert EMBED_MAX_BYTES - 100 < (tmp_path / "model.pkl").stat().st_size <= EMBED_MAX_BYTES
    file = tmp_path / "service.yaml"
    file.write_text("name: large\nmodel: ./model.pkl\nsample: {input: [1]}\n")
    made = build(load([file])).chart
    stored = len(release(write(made, tmp_path / "charts"), helm))
    assert stored < SECRET_BYTES - SPARE_BYTES
    assert abs(release_size(made) - stored) < 20_000, "the estimate is that of helm"


def test_a_release_that_could_not_be_stored_is_refused_with_its_largest_parts(tmp_path: Path) -> None:
    large = {f"V{number}": secrets.token_hex(60_000) for number in range(8)}
    file = service_file(tmp_path, version="1.0.0", env={"SMALL": "x", "MIDDLE": "y" * 20_000, **large})
    with pytest.raises(ChartError, match="the release would take about") as refused:
        build(load([file]))
    assert refused.value.where == str(file)
    assert "env.V0 (120,002 bytes), env.V1 (120,002 bytes)" in str(refused.value.hint)
    assert "SMALL" not in str(refused.value.hint)


def test_what_compresses_well_is_not_refused_for_its_length(tmp_path: Path) -> None:
    assert build(load([service_file(tmp_path, env={f"V{number}": "x" * 100_000 for number in range(8)})]))
