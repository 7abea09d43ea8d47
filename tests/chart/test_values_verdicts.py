"""The schema of a chart's values says the same to everyone who reads it: jsonschema, jsonschema-rs, Helm 3 and 4."""

from __future__ import annotations

import json
import re
import subprocess
from random import Random
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
import yaml
from jsonschema import Draft7Validator

from chartgen.chart.yaml_dump import to_yaml
from tests.chart.values_files import ODD, PLACES, Values, odd, placed, valid, with_line_breaks
from tests.helpers import write_tree

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.chart.conftest import Made

# Four times so many in all; a third is valid by construction.
FILES = 500
# One call of helm judges so many files; of more, each would take longer.
BATCH = 100
REFUSED = "values don't meet the specifications of the schema"


class Oracle:
    """The schema of the chart with everything, and those who judge by it."""

    def __init__(self, made: Made, helms: Sequence[Path], folder: Path) -> None:
        files = made.built.chart.files
        self.defaults: Values = yaml.safe_load(files["values.yaml"])
        schema = json.loads(files["values.schema.json"])
        self._python = Draft7Validator(schema)
        self._rust = jsonschema_rs.Draft7Validator(schema)
        self._helms = helms
        self._folder = folder
        # The chart many times over, each under a name of its own: helm then says which of them refuse their values.
        # One more is always refused, so that nothing is rendered.
        metadata = {"apiVersion": "v2", "name": "chart", "version": "0.1.0"}
        self._names = [f"file-{index}" for index in range(BATCH)]
        many = [{"name": "chart", "version": "0.1.0", "alias": name} for name in [*self._names, "refused"]]
        write_tree(
            folder,
            {
                "Chart.yaml": to_yaml(metadata | {"name": "many", "dependencies": many}),
                "charts/chart/Chart.yaml": to_yaml(metadata),
                "charts/chart/values.yaml": files["values.yaml"],
                "charts/chart/values.schema.json": files["values.schema.json"],
            },
        )

    def verdicts(self, files: Sequence[Values]) -> list[tuple[bool, ...]]:
        """What the four say of each file: whether it is valid."""
        laid = [laid_on(self.defaults, file) for file in files]
        said = [[self._python.is_valid(values) for values in laid], [self._rust.is_valid(values) for values in laid]]
        said += [self._helm(helm, files) for helm in self._helms]
        return list(zip(*said, strict=True))

    def _helm(self, helm: Path, files: Sequence[Values]) -> list[bool]:
        said: list[bool] = []
        for start in range(0, len(files), BATCH):
            batch = dict(zip(self._names, files[start : start + BATCH], strict=False))
            path = self._folder / "batch.yaml"
            path.write_text(to_yaml({**batch, "refused": {"unknown": 1}}), encoding="utf-8")
            done = _template(helm, self._folder, path)
            refused = set(re.findall(r"^([a-z]+(?:-\d+)?):$", done.stderr, re.MULTILINE))
            assert "refused" in refused, done.stderr
            said += [name not in refused for name in batch]
        return said


def laid_on(defaults: Values, file: Values) -> Values:
    """The values that a chart sees: as helm lays a file on the defaults, where null takes a default away."""
    values = dict(defaults)
    for key, value in file.items():
        if value is None and key in defaults:
            del values[key]
        elif isinstance(value, dict) and isinstance(defaults.get(key), dict):
            values[key] = laid_on(defaults[key], value)
        else:
            values[key] = value
    return values


def _template(helm: Path, chart: Path, values: Path) -> subprocess.CompletedProcess[str]:
    argv = [helm, "template", "release", chart, "--values", values]
    return subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def oracle(charts: Any, helm3: Path, helm4: Path, tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    return Oracle(charts("everything"), (helm3, helm4), tmp_path_factory.mktemp("oracle"))


def _agreed(oracle: Oracle, files: Sequence[Values]) -> list[bool]:
    verdicts = oracle.verdicts(files)
    differing = [(said, file) for said, file in zip(verdicts, files, strict=True) if len(set(said)) > 1]
    assert not differing, (
        f"{len(differing)} files, the first (jsonschema, jsonschema-rs, Helm 3, Helm 4): {differing[0]}"
    )
    return [said[0] for said in verdicts]


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.full) for seed in (2, 3))])
def test_four_validators_give_one_verdict(oracle: Oracle, seed: int) -> None:
    random = Random(seed)
    good = [valid(random) for _ in range(FILES // 3)]
    assert all(_agreed(oracle, good))
    found = _agreed(oracle, [odd(random) for _ in range(FILES - len(good))])
    assert FILES / 4 < found.count(False) < len(found), "neither is every odd value refused nor few of them"


def test_four_validators_give_one_verdict_on_texts_that_end_in_a_line_break(oracle: Oracle) -> None:
    files = with_line_breaks()
    assert len(files) > 100
    assert any(said is False for said in _agreed(oracle, files))


@pytest.mark.full
@pytest.mark.timeout(2400)
def test_four_validators_give_one_verdict_on_every_odd_value_at_every_place(oracle: Oracle) -> None:
    assert not all(_agreed(oracle, [placed(place, value) for place in PLACES for value in ODD]))


# Files in which the chart as a dependency could be told from the chart alone, were helm to treat it otherwise.
ALONE: list[Values] = [
    {},
    {"unknown": None},
    {"service": None},
    {"service": {"port": None}},
    {"service": {"annotations": None}},
    {"service": "text"},
    {"env": {"A": None}},
    {"env": {"PLAIN": None}},
    {"podLabels": {"team": None}},
    {"replicaCount": 2.0},
    {"replicaCount": "2"},
    {"ingress": {"host": None}},
    {"ingress": {"enabled": False, "host": None}},
    {"autoscaling": {"behavior": {"scaleUp": None}}},
    {"global": {"a": None}},
    {"global": None},
]


def test_the_chart_is_judged_alone_as_among_many(charts: Any, oracle: Oracle, helm: Path, tmp_path: Path) -> None:
    made: Made = charts("everything")
    among = _agreed(oracle, ALONE)
    for number, file in enumerate(ALONE):
        path = tmp_path / f"{number}.yaml"
        path.write_text(to_yaml(file), encoding="utf-8")
        done = _template(helm, made.folder, path)
        assert (REFUSED not in done.stderr) == (done.returncode == 0) == among[number], (file, done.stderr)
