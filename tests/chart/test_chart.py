"""Whole charts: what is in them, what helm makes of them, and whether Kubernetes takes it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from tests.chart.services import HANDLER, SERVICES
from tests.helpers import ONNX_MODEL, PICKLE_MODEL, documents, of_kind, run

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

    from tests.chart.conftest import Made

KUBERNETES = [f"1.{minor}" for minor in range(30, 38)]


class _Yaml(SingleFileSnapshotExtension):
    """A snapshot in a file of its own, so that its diff reads as the diff of a manifest."""

    _write_mode = WriteMode.TEXT
    file_extension = "yaml"


def _readable(built_files: dict[str, bytes], *, runtime: bool) -> str:
    """The files of a chart one after the other; the pod's code and its pins change for reasons of their own."""
    shown = {
        path: content.decode()
        for path, content in built_files.items()
        if runtime or not re.match(r"files/(runtime/(chartgen_runtime|adapter|requirements)|model)", path)
    }
    return "".join(f"=== {path}\n{text}" for path, text in shown.items())


def _without_pins(text: str) -> str:
    """Digests of what is left out of the snapshots, and versions of libraries, by a fixed text."""
    text = re.sub(r"(chartgen/digest: )\S+", r"\1…", text)
    text = re.sub(r"'([0-9]{12})'(?=\n)", r"\1", text)  # a digest without a letter is quoted, or it would be a number
    text = re.sub(r"\b[0-9a-f]{12}(?=\.[a-z_]+(\.[a-z_]+)*\b|\"?\n)", "…", text)
    return re.sub(r"^\| [a-z][a-z0-9-]* \| \d[\w.]* \|\n", "", text, flags=re.M)


def test_the_chart_reads_as_reviewed(made: Made, snapshot: SnapshotAssertion) -> None:
    text = _without_pins(_readable(dict(made.built.chart.files), runtime=False))
    assert text == snapshot(extension_class=_Yaml)


def test_the_manifests_are_as_reviewed_and_the_same_with_both_helms(
    made: Made, helm3: Path, helm4: Path, snapshot: SnapshotAssertion
) -> None:
    manifests = made.manifests(helm4)
    assert made.manifests(helm3) == manifests
    of_kind(manifests, "ConfigMap", f"{made.built.spec.name}-runtime")["data"] = "…"
    of_kind(manifests, "ConfigMap", f"{made.built.spec.name}-model")["binaryData"] = "…"
    pod = of_kind(manifests, "Deployment")["spec"]["template"]["spec"]
    _volume(pod, "runtime")["configMap"]["items"] = "…"  # a test of its own compares them with the files
    text = _without_pins(yaml.safe_dump_all(manifests, sort_keys=True, allow_unicode=True))
    assert text == snapshot(extension_class=_Yaml)


def _volume(pod: dict[str, Any], name: str) -> dict[str, Any]:
    [volume] = [volume for volume in pod["volumes"] if volume["name"] == name]
    return volume


def test_lint_is_clean_with_both_helms(made: Made, helm: Path) -> None:
    report = run(helm, "lint", "--strict", made.folder)
    assert "[WARNING]" not in report
    assert "[ERROR]" not in report


@pytest.mark.parametrize(
    "version", [pytest.param(v, marks=() if v in ("1.30", "1.37") else pytest.mark.full) for v in KUBERNETES]
)
def test_every_manifest_meets_the_kubernetes_schema(made: Made, helm4: Path, version: str) -> None:
    for document in made.manifests(helm4):
        kubernetes_validate.validate(document, version, strict=True)


def test_the_model_arrives_byte_for_byte(made: Made, helm: Path) -> None:
    source = ONNX_MODEL if made.built.facts.format == "onnx" else PICKLE_MODEL
    data = of_kind(made.manifests(helm), "ConfigMap", f"{made.built.spec.name}-model")["binaryData"]
    [(key, text)] = data.items()
    assert base64.b64decode(text, validate=True) == source.read_bytes()
    assert key == hashlib.sha256(source.read_bytes()).hexdigest()


def test_the_code_arrives_byte_for_byte_and_only_what_the_model_needs(made: Made, helm: Path) -> None:
    manifests = made.manifests(helm)
    data = of_kind(manifests, "ConfigMap", f"{made.built.spec.name}-runtime")["data"]
    items = _volume(of_kind(manifests, "Deployment")["spec"]["template"]["spec"], "runtime")["configMap"]["items"]
    prefix = "files/runtime/"
    wanted = {
        path.removeprefix(prefix): content.decode()
        for path, content in made.built.chart.files.items()
        if path.startswith(prefix)
    }
    assert {item["path"]: data[item["key"]] for item in items} == wanted
    other = {"onnx": "pickle", "pickle": "onnx"}[made.built.facts.format]
    assert f"chartgen_runtime/formats/{other}.py" not in wanted
    assert ("chartgen_runtime/smoke_test.py" in wanted) == (made.built.spec.sample is not None)
    assert wanted.get("handler.py") == (HANDLER if made.built.spec.runtime.handler else None)


def test_every_key_that_a_volume_names_exists(made: Made, helm: Path) -> None:
    manifests = made.manifests(helm)
    maps = {
        document["metadata"]["name"]: {**document.get("data", {}), **document.get("binaryData", {})}
        for document in manifests
        if document["kind"] == "ConfigMap"
    }
    pods = [of_kind(manifests, "Deployment")["spec"]["template"], *(m for m in manifests if m["kind"] == "Pod")]
    for pod in pods:
        for volume in pod["spec"]["volumes"]:
            for item in volume.get("configMap", {}).get("items", []):
                assert item["key"] in maps[volume["configMap"]["name"]]


def test_text_reaches_the_environment_unchanged(charts: Any, helm: Path) -> None:
    made: Made = charts("everything")
    pod = of_kind(made.manifests(helm), "Deployment")["spec"]["template"]["spec"]
    variables = {entry["name"]: entry for entry in pod["containers"][0]["env"]}
    encoded = of_kind(made.manifests(helm), "Secret")["data"]
    for name, value in SERVICES["everything"]["env"].items():
        if "\x85" in value:  # the API server would take it for a space
            key = variables[name]["valueFrom"]["secretKeyRef"]["key"]
            assert base64.b64decode(encoded[key]).decode() == value
        elif isinstance(value, str):
            # What Kubernetes makes of the manifest: a doubled $ becomes one.
            assert variables[name]["value"].replace("$$", "$") == value
        else:
            assert variables[name]["valueFrom"] == value
    annotations = of_kind(made.manifests(helm), "Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert annotations["example.com/note"] == "{{ fail }}: 'x'"


def test_values_schema_takes_the_defaults_and_refuses_what_is_not_in_it(made: Made, helm: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "values.yaml"
    for text, said in (
        ("replicas: 2\n", "replicas"),
        ("replicaCount: two\n", "replicaCount"),
        ("image: {tagg: x}\n", "tagg"),
    ):
        wrong.write_text(text)
        with pytest.raises(AssertionError, match=said):
            made.manifests(helm, "--values", wrong)


def test_every_value_is_described_and_used(made: Made) -> None:
    schema = json.loads(made.built.chart.files["values.schema.json"])
    values = yaml.safe_load(made.built.chart.files["values.yaml"])
    templates = "".join(text.decode() for path, text in made.built.chart.files.items() if path.startswith("templates/"))
    assert set(schema["properties"]) == {*values, "global"}
    for name in values:
        assert schema["properties"][name]["description"]
        assert f".Values.{name}" in templates


def test_the_chart_name_is_the_folder_and_the_digest_covers_everything(made: Made) -> None:
    metadata = yaml.safe_load(made.built.chart.files["Chart.yaml"])
    assert metadata["name"] == made.folder.name
    assert metadata["annotations"]["chartgen/digest"] == made.built.chart.digest
    assert metadata["annotations"]["chartgen/model-sha256"] == made.built.facts.sha256
    assert isinstance(metadata["appVersion"], str)


def test_every_container_satisfies_the_restricted_pod_security_standard(made: Made, helm4: Path) -> None:
    manifests = made.manifests(helm4)
    pods = [
        of_kind(manifests, "Deployment")["spec"]["template"]["spec"],
        *(m["spec"] for m in manifests if m["kind"] == "Pod"),
    ]
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize(
    ("release", "settings", "name"),
    [
        ("blue", [], "blue-iris"),
        ("blue-iris", [], "blue-iris"),
        ("blue", ["--set", "fullnameOverride=x"], "x"),
        ("blue", ["--set", "nameOverride=y"], "blue-y"),
    ],
)
def test_another_release_name_and_overrides_keep_the_objects_together(
    charts: Any, helm: Path, release: str, settings: list[str], name: str
) -> None:
    made: Made = charts("ordinary")
    manifests = documents(run(helm, "template", release, made.folder, *settings))
    deployment, service = of_kind(manifests, "Deployment"), of_kind(manifests, "Service")
    assert deployment["metadata"]["name"] == service["metadata"]["name"] == name
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert service["spec"]["selector"].items() <= labels.items()
    test = of_kind(manifests, "Pod")
    assert not service["spec"]["selector"].items() <= test["metadata"]["labels"].items()


@pytest.mark.parametrize(
    "setting",
    [
        "priorityClassName=x\n      hostNetwork: true",
        "packages.caConfigMap=x\n      y: z",
        "packages.pipConfigSecret=A_b",
        "serviceAccount.name=a b",
        "fullnameOverride=-x",
        "nameOverride=1x",
        "image.repository=a b",
        "image.tag=x\ny",
    ],
)
def test_a_value_that_would_be_no_name_is_refused(charts: Any, helm: Path, setting: str) -> None:
    made: Made = charts("ordinary")
    with pytest.raises(AssertionError, match="values don't meet the specifications of the schema"):
        made.manifests(helm, "--set-string", setting)


def test_names_that_look_like_numbers_or_truths_stay_text(charts: Any, helm: Path) -> None:
    made: Made = charts("ordinary")
    settings = [
        "priorityClassName=123",
        "packages.caConfigMap=1e3",
        "packages.pipConfigSecret=true",
        "serviceAccount.name=007",
    ]
    manifests = made.manifests(helm, *(word for setting in settings for word in ("--set-string", setting)))
    pod = of_kind(manifests, "Deployment")["spec"]["template"]["spec"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert pod["priorityClassName"] == "123"
    assert volumes["ca"]["configMap"]["name"] == "1e3"
    assert volumes["pip-config"]["secret"]["secretName"] == "true"
    assert pod["serviceAccountName"] == of_kind(manifests, "ServiceAccount")["metadata"]["name"] == "007"
