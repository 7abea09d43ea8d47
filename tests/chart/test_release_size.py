"""What Helm keeps of a release fits into a Secret, however large the model that a chart may hold."""

from __future__ import annotations

import base64
import gzip
import json
import pickle
import secrets
import subprocess
from typing import TYPE_CHECKING

from sklearn.linear_model import LinearRegression

from chartgen.chart.build import build
from chartgen.chart.servable import EMBED_MAX_BYTES
from chartgen.chart.write import write
from chartgen.service.load import load

if TYPE_CHECKING:
    from pathlib import Path

SECRET_BYTES = 1024 * 1024
# The answer of the pod's code, the comments in the chart and the notes will grow; values that users add are few.
SPARE_BYTES = 40_000


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
    chart = write(build(load([file])).chart, tmp_path / "charts")
    assert len(release(chart, helm)) < SECRET_BYTES - SPARE_BYTES
