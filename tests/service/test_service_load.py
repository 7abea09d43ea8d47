"""The whole way from files to a service, and everything that is told on the way."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chartgen.errors import ServiceFileError
from chartgen.service.load import load
from chartgen.service.model import (
    KeyReference,
    ModelSource,
    Packages,
    Pod,
    Resources,
    Runtime,
    Sample,
    ServiceSpec,
)
from chartgen.service.overrides import Overrides

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from tests.service.conftest import Project

MINIMAL = "name: iris\nmodel: ./iris.onnx\n"

WHOLE = """\
apiVersion: chartgen/v1
name: iris
namespace: models
version: 1.2.0
description: Tells iris species apart
model:
  file: ./iris.onnx
  format: onnx
  version: "2024-05"
  sha256: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
  method: predict_proba
  trusted: true
  allowNonFinite: true
runtime:
  handler: ./handler.py
  image: registry.example.com:5000/team/python:3.11-slim
  packages:
    indexUrl: https://pypi.example.com/simple
    extraIndexUrls: [https://example.com/simple]
    caConfigMap: company-ca
    pipConfigSecret: pip-config
    proxy: http://proxy.example.com:3128
    noProxy: .svc,10.0.0.0/8
    pipOptions: [--retries=10, --no-cache-dir]
cpu: {request: 0.5, limit: 2}
memory: {request: 1Gi, limit: 2Gi}
replicas: 3
env:
  PLAIN: 1.10
  Y: no
  EMPTY: ""
  TOKEN: {secretKeyRef: {name: my-secret, key: token, optional: true}}
  LIMIT: {configMapKeyRef: {name: settings, key: limit.txt}}
sample:
  input: {a: [1, null], b: [[x]]}
  output: null
  tolerance: 1e-3
pod:
  labels: {team: forecasting}
  annotations: {example.com/owner: "{{ .Values }}"}
  nodeSelector: {kubernetes.io/arch: amd64}
  tolerations: [{key: dedicated, operator: Exists, effect: NoExecute, tolerationSeconds: 60}]
  affinity: {podAntiAffinity: {}}
  topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]
  priorityClassName: high
  imagePullSecrets: [registry]
"""


def test_a_name_and_a_model_are_enough(project: Project) -> None:
    assert project.spec(MINIMAL) == ServiceSpec(
        name="iris",
        model=ModelSource(file=project.folder / "iris.onnx"),
        source=project.folder / "service.yaml",
    )


def test_every_supported_key_arrives_in_the_service(project: Project) -> None:
    (project.folder / "handler.py").write_text("def preprocess(value): return value\n")
    assert project.spec(WHOLE) == ServiceSpec(
        name="iris",
        namespace="models",
        version="1.2.0",
        description="Tells iris species apart",
        source=project.folder / "service.yaml",
        model=ModelSource(
            file=project.folder / "iris.onnx",
            format="onnx",
            version="2024-05",
            sha256="a" * 64,
            method="predict_proba",
            trusted=True,
            allow_non_finite=True,
        ),
        runtime=Runtime(
            name="fastapi",
            image="registry.example.com:5000/team/python:3.11-slim",
            handler=project.folder / "handler.py",
            packages=Packages(
                index_url="https://pypi.example.com/simple",
                extra_index_urls=("https://example.com/simple",),
                ca_config_map="company-ca",
                pip_config_secret="pip-config",
                proxy="http://proxy.example.com:3128",
                no_proxy=".svc,10.0.0.0/8",
                pip_options=("--retries=10", "--no-cache-dir"),
            ),
        ),
        resources=Resources(cpu="0.5", cpu_limit="2", memory="1Gi", memory_limit="2Gi"),
        replicas=3,
        env={
            "PLAIN": "1.10",
            "Y": "no",
            "EMPTY": "",
            "TOKEN": KeyReference("Secret", "my-secret", "token", optional=True),
            "LIMIT": KeyReference("ConfigMap", "settings", "limit.txt"),
        },
        sample=Sample(input={"a": [1, None], "b": [["x"]]}, output=None, has_output=True, tolerance=1e-3),
        pod=Pod(
            labels={"team": "forecasting"},
            annotations={"example.com/owner": "{{ .Values }}"},
            node_selector={"kubernetes.io/arch": "amd64"},
            tolerations=({"key": "dedicated", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60},),
            affinity={"podAntiAffinity": {}},
            topology_spread_constraints=({"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"},),
            priority_class_name="high",
            image_pull_secrets=("registry",),
        ),
    )


@pytest.mark.parametrize(
    ("text", "resources"),
    [
        ("cpu: 1\nmemory: 512Mi", Resources(cpu="1", memory="512Mi")),
        ("cpu: 0.50", Resources(cpu="0.50")),
        ("cpu: {limit: 2}", Resources(cpu="2", cpu_limit="2")),
        ("memory: {limit: 2Gi}", Resources(memory="2Gi", memory_limit="2Gi")),
        ("cpu: {request: 1000m, limit: 1}", Resources(cpu="1000m", cpu_limit="1")),
    ],
)
def test_short_and_long_resources_are_taken(project: Project, text: str, resources: Resources) -> None:
    assert project.spec(MINIMAL + text).resources == resources


def test_a_bare_list_is_the_input_of_the_sample(project: Project) -> None:
    assert project.spec(MINIMAL + "sample: [[1, 2]]").sample == Sample(input=[[1, 2]])


def test_paths_start_from_the_folder_of_the_file_that_names_them(project: Project) -> None:
    inner = project.folder / "inner"
    inner.mkdir()
    (inner / "new.onnx").write_bytes(b"new")
    (inner / "handler.py").write_text("def preprocess(value): return value\n")
    (project.folder / "service.yaml").write_text(MINIMAL)
    (inner / "over.yaml").write_text("model: {file: new.onnx}\nruntime: {handler: handler.py}\n")
    files = [Path("service.yaml"), Path("inner/over.yaml")]

    spec = load(files)
    assert (spec.model.file, spec.runtime.handler) == (inner / "new.onnx", inner / "handler.py")
    assert spec.source == project.folder / "service.yaml"

    spec = load(files, Overrides(set=("model=iris.onnx",)))
    assert spec.model.file == project.folder / "iris.onnx"


def test_standard_input_starts_from_the_current_folder(project: Project) -> None:
    spec = load(["-"], stdin=io.BytesIO(MINIMAL.encode()))
    assert (spec.model.file, spec.source) == (project.folder / "iris.onnx", None)


def test_standard_input_is_read_only_once(project: Project) -> None:
    with pytest.raises(ServiceFileError, match="only once"):
        load(["-", "-"], stdin=io.BytesIO(MINIMAL.encode()))


def test_without_a_file_there_is_no_service() -> None:
    with pytest.raises(ServiceFileError, match="no service file is given"):
        load([])


WRONG = """\
apiVersion: v1
name: My_Model
version: 1.10
replica: 3
image: x
model:
  path: ./iris.onnx
  format: csv
  sha256: abc
  trusted: "yes"
runtime:
  name: flask
  handlr: ./h.py
  packages:
    indexUrl: https://user:hunter2@pypi.example.com/simple
    proxy: proxy:3128
    extraIndexUrls: ["https://example.com/a b"]
    pipOptions: ["--retries 5", "--extra-index-url=https://user:hunter2@example.com"]
cpu: {request: 4, limit: 2}
memory: 100m
gpu: 1k
hpa: {enabled: true, minReplica: 1, minReplicas: 5, maxReplicas: 4, targetCPU: 0, behavior: {scaleUp: {policies: []}}}
ingress: {enabled: true, path: models/iris/, className: Traefik, tls: {secret: x}, annotations: {"a b": c}}
service: {type: clusterip, port: 0, annotations: {a: 1}}
replicas: "3"
env:
  X:
  CHARTGEN_MODEL_PATH: /tmp
  PYTHONPATH: /tmp
  "A=B": c
  Ä: d
  "": e
  NUL: "a\\0b"
  Y: {secretKeyRef: {name: A_b, key: k}, configMapKeyRef: {}}
  Z: [1]
  W: {secretKeyRef: {name: A_b, key: a/b}}
  V: {secretKeyRef: {key: k}}
pod:
  labels: {team: true, app.kubernetes.io/name: x, "bad key": y, a: "-b"}
  nodeSelector: {UPPER.example.com/a: b}
  tolerations: [{value: x}, {operator: Exists, value: x}, {key: a, tolerationSeconds: 3}]
  imagePullSecrets: [{name: regcred}, Reg]
sample: [1]
"""


def test_everything_wrong_is_told_at_once(project: Project, snapshot: SnapshotAssertion) -> None:
    found = project.violations(WRONG, set=("model.version=2,sample.tolerance=1e-3",), set_string=("replicas=4",))
    assert "hunter2" not in "".join(map(repr, found))
    report = [
        line.replace(str(project.folder), "")
        for violation in found
        for line in (
            str(violation),
            f"    expected: {violation.expected}" if violation.expected else "",
            f"    hint: {violation.hint}" if violation.hint else "",
        )
        if line
    ]
    assert "\n".join(report) == snapshot


def test_violations_come_in_the_order_of_the_files(project: Project) -> None:
    found = project.violations("b: 1\nname: iris\na: 1\n", "c: 1\nmodel: ./iris.onnx\n", set=("z=1", "y=1"))
    assert [Path(violation.where).name for violation in found] == [
        "service.yaml:1:1",
        "service.yaml:3:1",
        "over1.yaml:1:1",
        "--set z=…",
        "--set y=…",
    ]


def test_a_missing_key_is_told_at_its_parent_or_at_the_null_that_took_it(project: Project) -> None:
    (violation,) = project.violations("name: iris\n")
    assert (Path(violation.where).name, violation.path) == ("service.yaml:1:1", "model")
    assert violation.hint == "for example `model: ./iris.onnx`"
    (violation,) = project.violations(MINIMAL, "replicas: 2\nmodel: null\n")
    assert (Path(violation.where).name, violation.message) == (
        "over1.yaml:2:1",
        "is required, and null takes it away here",
    )


def test_rules_judge_what_the_schema_left_standing(project: Project) -> None:
    found = project.violations(MINIMAL + "cpu: {request: x, limit: [1]}\nmemory: 100m\nzzz: 1\n")
    assert [violation.path for violation in found] == ["cpu.request", "cpu.limit", "memory", "zzz"]


def test_the_schema_checker_is_imported_only_when_a_service_is_checked() -> None:
    code = "import sys, chartgen.service.load; print([m for m in ('jsonschema', 'yaml') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_list_that_an_option_gives_as_text_is_told_the_options_that_give_lists(project: Project) -> None:
    [violation] = project.violations(MINIMAL, set=("runtime.packages.extraIndexUrls=[]",))
    key = "runtime.packages.extraIndexUrls"
    assert violation.hint == f"`--set {key}={{a,b}}` gives a list, or `--set-json {key}=[]`"
