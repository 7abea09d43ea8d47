"""Valid service files, chosen so that every two subjects meet, become charts that both Helms and Kubernetes take."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from chartgen.chart.build import build
from chartgen.chart.write import write
from chartgen.service.load import load
from tests.attack.cases import SEED, VALID, case
from tests.attack.pairs import pairs, pairwise
from tests.helpers import run

COUNT = 200
PARTS = 10
VERSIONS = [f"1.{minor}" for minor in range(30, 38)]


@pytest.mark.parametrize("part", range(PARTS))
def test_a_valid_file_renders_lints_and_meets_the_schemas_of_kubernetes(
    part: int, in_project: Path, helm3: Path, helm4: Path, tmp_path: Path
) -> None:
    for number in pairwise(COUNT)[part::PARTS]:
        try:
            for manifest in _rendered(number, helm3, helm4, tmp_path / str(number)):
                _assert_valid(manifest, ("1.30", "1.37"))
        except AssertionError as error:
            raise AssertionError(f"{error}\nin {case(number)}") from error


@pytest.mark.full
@pytest.mark.parametrize("part", range(PARTS))
def test_a_valid_file_meets_the_schemas_of_every_kubernetes_between(
    part: int, in_project: Path, helm3: Path, helm4: Path, tmp_path: Path
) -> None:
    for number in pairwise(COUNT)[part::PARTS]:
        for manifest in _rendered(number, helm3, helm4, tmp_path / str(number)):
            _assert_valid(manifest, VERSIONS[1:-1])


def _rendered(number: int, helm3: Path, helm4: Path, folder: Path) -> list[dict[str, Any]]:
    """The manifests, which are the same with both Helms, of a chart that both find nothing wrong with."""
    file = Path(f"service-{number}.yaml")
    file.write_bytes(case(number).content)
    source = load([file])
    chart = write(build(source).chart, folder)
    for helm in (helm3, helm4):
        report = run(helm, "lint", "--strict", chart)
        assert "[WARNING]" not in report
        assert "[ERROR]" not in report
    first, second = (_manifests(helm, source.name, chart, source.namespace or "models") for helm in (helm3, helm4))
    assert first == second
    return first


def _manifests(helm: Path, name: str, chart: Path, namespace: str) -> list[dict[str, Any]]:
    printed = run(helm, "template", name, chart, "--namespace", namespace)
    return [manifest for manifest in yaml.load_all(printed, yaml.CSafeLoader) if manifest]


def _assert_valid(manifest: dict[str, Any], versions: tuple[str, ...] | list[str]) -> None:
    # The model and its server are the same in most charts: what is the same is validated once.
    for version in versions:
        _validate(json.dumps(manifest, sort_keys=True), version)


@cache
def _validate(manifest: str, version: str) -> None:
    try:
        kubernetes_validate.validate(json.loads(manifest), version, strict=True)
    except kubernetes_validate.ValidationError as error:
        raise AssertionError(f"Kubernetes {version} would refuse: {error.message}") from error


def test_every_two_subjects_meet() -> None:
    chosen = pairwise(COUNT)
    assert len(set(chosen)) == COUNT
    assert pairs(chosen) == pairs(VALID), f"with CHARTGEN_TEST_SEED={SEED}"
