"""The same input gives the same bytes, whatever surrounds it."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from chartgen.chart.archive import archive
from chartgen.chart.plan import plan
from chartgen.chart.render import render
from chartgen.inspect.facts import Library, ModelFacts, Signature
from chartgen.pins.resolve import resolve
from chartgen.service.model import ModelSource, ServiceSpec
from tests.chart.services import HANDLER, SERVICES
from tests.helpers import ONNX_MODEL, PICKLE_MODEL, documents, of_kind, run, service_file

if TYPE_CHECKING:
    from pathlib import Path

SURROUNDINGS = [
    {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C", "umask": "022"},
    {"PYTHONHASHSEED": "42", "TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "umask": "077"},
    {"PYTHONHASHSEED": "random", "TZ": "America/St_Johns", "LC_ALL": "POSIX", "umask": "000", "SOURCE_DATE_EPOCH": "1"},
]


def _inputs(folder: Path, service: str) -> Path:
    """The service with its model beside it, named by relative paths."""
    keys = dict(SERVICES[service])
    model = ONNX_MODEL if "onnx" in str(keys["model"]) else PICKLE_MODEL
    keys["model"] = {**keys["model"], "file": model.name} if isinstance(keys["model"], dict) else model.name
    folder.mkdir(parents=True)
    shutil.copy(model, folder)
    (folder / "handler.py").write_text(HANDLER)
    return service_file(folder, **keys)


@pytest.mark.parametrize("service", SERVICES)
def test_bytes_do_not_depend_on_hash_seed_zone_locale_umask_or_folder(tmp_path: Path, service: str) -> None:
    trees, archives = set(), set()
    for number, surroundings in enumerate(SURROUNDINGS):
        place = tmp_path / f"place {number}"
        file = _inputs(place / "in", service)
        variables = {name: value for name, value in surroundings.items() if name != "umask"}
        for verb, option in (("render", "--output-dir"), ("package", "--destination")):
            subprocess.run(
                [sys.executable, "-m", "chartgen", verb, "-f", file, option, place / "out"],
                env=os.environ | variables,
                umask=int(surroundings["umask"], 8),
                cwd=place,
                check=True,
                capture_output=True,
            )
        name = SERVICES[service]["name"]
        chart = place / "out" / name
        trees.add(
            tuple(
                (
                    path.relative_to(chart).as_posix(),
                    stat.S_IMODE(path.stat().st_mode),
                    path.is_file() and path.read_bytes(),
                )
                for path in sorted(chart.rglob("*"))
            )
        )
        [packed] = (place / "out").glob("*.tgz")
        archives.add(hashlib.sha256(packed.read_bytes()).hexdigest())
    assert len(trees) == 1
    assert len(archives) == 1


def test_both_helms_take_the_archive(tmp_path: Path, helm: Path) -> None:
    file = _inputs(tmp_path / "in", "ordinary")
    run(sys.executable, "-m", "chartgen", "package", "-f", file, "--destination", tmp_path)
    packed = tmp_path / "iris-1.2.3.tgz"
    assert "name: iris" in run(helm, "show", "chart", packed)
    assert "replicaCount: 2" in run(helm, "show", "values", packed)
    run(helm, "lint", "--strict", packed)
    assert of_kind(documents(run(helm, "template", "iris", packed)), "Deployment")


@pytest.mark.parametrize(
    "content", [b"\xef\xbb\xbf", b"\xef\xbb\xbfmodel", b"\xff\xfe\x00\r\n\x1a---\n{{ fail }}", b"1e3"]
)
def test_any_bytes_of_a_model_arrive_as_they_are(tmp_path: Path, helm: Path, content: bytes) -> None:
    file = tmp_path / "any.onnx"
    file.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    inputs = (Signature("x", "float32", (None, 1)),)
    facts = ModelFacts("onnx", len(content), digest, libraries=(Library("onnxruntime"),), inputs=inputs)
    chart = render(plan(ServiceSpec("any", ModelSource(file)), facts, resolve(facts, "fastapi", None)))
    packed = tmp_path / "any.tgz"
    packed.write_bytes(archive(chart))
    manifests = documents(run(helm, "template", "any", packed))
    [text] = of_kind(manifests, "ConfigMap", "any-model")["binaryData"].values()
    assert base64.b64decode(text) == content
