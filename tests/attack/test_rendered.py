"""Valid service files, chosen so that every two subjects meet, become charts that both Helms and Kubernetes take."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import kubernetes_validate
import pytest

from chartgen.chart.build import build
from chartgen.chart.write import write
from chartgen.service.load import load
from tests.attack.cases import SEED, VALID, case
from tests.attack.pairs import pairs, pairwise
from tests.attack.reading import as_kubernetes_reads, manifests_in
from tests.helpers import run

COUNT = 200
PARTS = 10
VERSIONS = [f"1.{minor}" for minor in range(30, 38)]
ENDS = [VERSIONS[0], VERSIONS[-1]]
# A half of the files with the ends of the versions; the rest of both is long.
JUDGED = [(part, ENDS) for part in range(PARTS // 2)]
LONG = [(part, VERSIONS[1:-1]) for part in range(PARTS // 2)] + [(part, VERSIONS) for part in range(PARTS // 2, PARTS)]


@pytest.fixture
def kubernetes_schemas(monkeypatch: pytest.MonkeyPatch) -> None:
    """The schemas of Kubernetes, each read once: the package reads its files anew for each manifest."""
    monkeypatch.setattr(kubernetes_validate.utils, "schema_contents", _schema_contents)


@pytest.fixture
def helms(helm3: Path, helm4: Path) -> tuple[Path, Path]:
    """Both of them, the older first."""
    return helm3, helm4


_schema_contents = cache(kubernetes_validate.utils.schema_contents)


@pytest.mark.usefixtures("in_project", "kubernetes_schemas")
@pytest.mark.parametrize(
    ("part", "versions"), [*JUDGED, *(pytest.param(*each, marks=pytest.mark.full) for each in LONG)], ids=str
)
def test_a_valid_file_renders_lints_and_meets_the_schemas_of_kubernetes(
    part: int, versions: list[str], helms: tuple[Path, Path], tmp_path: Path
) -> None:
    printed = [_rendered(number, helms, tmp_path) for number in pairwise(COUNT)[part::PARTS]]
    for manifest in as_kubernetes_reads(helms[1], "\n---\n".join(printed), tmp_path / "reader"):
        for version in versions:
            _validate(json.dumps(manifest, sort_keys=True), version)


def _rendered(number: int, helms: tuple[Path, Path], folder: Path) -> str:
    """The manifests, which are the same with both Helms, of a chart that both find nothing wrong with."""
    one = case(number)
    file = Path(f"service-{number}.yaml")  # among the files that it names
    file.write_bytes(one.content)
    source = load([file])
    chart = write(build(source).chart, folder / str(number))
    printed = []
    for helm in helms:
        report = run(helm, "lint", "--strict", chart)
        assert "[WARNING]" not in report, f"{report}\nin {one}"
        printed.append(run(helm, "template", source.name, chart, "--namespace", source.namespace or "models"))
    assert manifests_in(printed[0]) == manifests_in(printed[1]), str(one)
    return printed[0]


# The model and its server are the same in many charts: what is the same is judged once.
@cache
def _validate(manifest: str, version: str) -> None:
    try:
        kubernetes_validate.validate(json.loads(manifest), version, strict=True)
    except kubernetes_validate.ValidationError as error:
        pytest.fail(f"Kubernetes {version} would refuse: {error.message}\n{manifest}")


def test_every_two_subjects_meet() -> None:
    chosen = pairwise(COUNT)
    assert len(set(chosen)) == COUNT
    assert pairs(chosen) == pairs(VALID), f"with CHARTGEN_TEST_SEED={SEED}"
