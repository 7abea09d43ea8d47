"""Verbs that say one thing: schema, version, lint."""

from __future__ import annotations

import json
import os
import platform
from typing import TYPE_CHECKING

import jsonschema
import yaml

from chartgen import __version__
from tests.helpers import EXAMPLES, chartgen, service_file

if TYPE_CHECKING:
    from pathlib import Path


def test_the_schema_of_service_files_accepts_the_examples() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(chartgen("schema", "service").stdout))
    for file in EXAMPLES.glob("*/service.yaml"):
        if (file.parent / "runtimes").exists():  # the schema knows the runtimes that come with chartgen
            continue
        assert not list(validator.iter_errors(yaml.safe_load(file.read_text())))


def test_the_schema_of_values_is_the_charts_own(tmp_path: Path) -> None:
    service_file(tmp_path)
    printed = chartgen("schema", "values", cwd=tmp_path).stdout
    chartgen("render", cwd=tmp_path)
    assert printed == (tmp_path / "digits" / "values.schema.json").read_text()


def test_versions_are_said_of_all_that_takes_part(helm: Path) -> None:
    said = json.loads(chartgen("version", "--helm", helm, "-o", "json").stdout)
    assert (said["chartgen"], said["python"]) == (__version__, platform.python_version())
    assert said["helm"]["path"] == str(helm)
    assert said["helm"]["version"].split(".")[0] in ("3", "4")
    assert said["serviceFile"] == "chartgen/v1"
    assert chartgen("--version").stdout == f"chartgen {__version__}\n"


def test_programs_that_are_missing_or_broken_are_said_to_be(tmp_path: Path) -> None:
    nowhere = os.environ | {"PATH": "/nowhere", "XDG_DATA_HOME": str(tmp_path)}
    done = chartgen("version", env=nowhere)
    assert done.returncode == 0
    assert "none: no helm program was found" in done.stdout
    (tmp_path / "kubectl").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "kubectl").chmod(0o755)
    done = chartgen("version", "--helm", tmp_path / "kubectl", env=nowhere | {"PATH": str(tmp_path)})
    assert done.returncode == 0
    assert "does not answer as helm does" in done.stdout
    assert "does not say its version" in done.stdout


def test_lint_passes_what_helm_passes_and_leaves_nothing_behind(tmp_path: Path, helm: Path) -> None:
    service_file(tmp_path)
    done = chartgen("lint", "--helm", helm, "-o", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["valid"] is True
    assert [path.name for path in tmp_path.iterdir()] == ["service.yaml"]


def test_lint_names_the_value_that_breaks_the_schema(tmp_path: Path, helm: Path) -> None:
    service_file(tmp_path)
    done = chartgen("lint", "--helm", helm, "--set-values", "replicaCount=lots", cwd=tmp_path)
    assert done.returncode == 4
    assert "digits 0.1.0: helm lint" in done.stderr
    assert "replicaCount" in done.stderr
    assert "chart(s):" not in done.stderr
    (tmp_path / "values.yaml").write_text("nothing: 1\n")
    done = chartgen("lint", "--helm", helm, "--values-file", "values.yaml", "-o", "json", cwd=tmp_path)
    assert done.returncode == 4
    assert "nothing" in json.loads(done.stderr)["error"]["message"]


def test_lint_names_every_value_that_breaks_the_schema_once(tmp_path: Path, helm: Path) -> None:
    service_file(tmp_path)
    done = chartgen("lint", "--helm", helm, "--set-values", "replicaCount=lots,nothing=1", cwd=tmp_path)
    assert done.returncode == 4
    for said in ("'/replicaCount': got string, want integer", "additional properties 'nothing' not allowed"):
        assert done.stderr.count(said) == 1, done.stderr


def test_a_value_that_breaks_the_schema_is_told_with_the_file_or_option_that_gives_it(
    tmp_path: Path, helm: Path
) -> None:
    service_file(tmp_path)
    (tmp_path / "a.yaml").write_text("replicaCount: lots\nlimits:\n  maxBodyBytes: much\n")
    (tmp_path / "b.yaml").write_text("# ours\nlimits: &limits\n  maxBodyBytes: more\nnothing: 1\n")
    (tmp_path / "c.yaml").write_text("global:\n  base: &base\n    level: true\nlogging:\n  <<: *base\n")
    files = [word for name in "abc" for word in ("--values-file", f"{name}.yaml")]
    argv = ["--helm", helm, *files, "--set-values", "workers=many", "--set-values-string", "service.port=x"]
    for verb in ("lint", "template"):
        told = chartgen(verb, *argv, cwd=tmp_path).stderr
        for said in (
            "a.yaml:1:15: at '/replicaCount': got string",
            "b.yaml:3:17: at '/limits/maxBodyBytes': got string",
            "b.yaml:4:1: at '': additional properties 'nothing' not allowed",
            "c.yaml: at '/logging': additional properties 'level' not allowed",
            "--set-values: at '/workers': ",
            "--set-values-string: at '/service/port': ",
        ):
            assert said in told, told
        assert "values.yaml: at" not in told


def test_lint_tells_what_the_chart_itself_refuses(tmp_path: Path, helm: Path) -> None:
    service_file(tmp_path, cpu="1", hpa={"enabled": True, "minReplicas": 1, "maxReplicas": 2})
    argv = ["--helm", helm, "--set-values", "autoscaling.minReplicas=9", "-o", "json"]
    linted = chartgen("lint", *argv, cwd=tmp_path)
    assert linted.returncode == 4
    assert linted.stdout == ""
    error = json.loads(linted.stderr)["error"]
    assert error["message"].endswith("autoscaling.minReplicas (9) is above autoscaling.maxReplicas (2)")
    assert error["where"].startswith("digits/templates/hpa.yaml:")


def test_validate_names_the_build_for_gpus(tmp_path: Path) -> None:
    done = chartgen("validate", "-f", service_file(tmp_path, gpu=1))
    assert done.returncode == 0, done.stderr
    assert "onnxruntime-gpu 1." in done.stderr + done.stdout
