"""The schema of a service file: complete, and exact in what it says."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from chartgen.service.vocabulary import declared, schema
from tests.service.documents import PLANNED, WHOLE, changed, findings, told


def test_it_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(schema())


def test_every_key_says_what_it_is_and_shows_a_value() -> None:
    for path, part in declared().items():
        assert part.get("description", "").endswith("."), path
        assert "examples" in part or "default" in part, path


def test_examples_and_defaults_are_valid_where_they_stand() -> None:
    for path, part in declared().items():
        validator = Draft202012Validator({"$defs": schema()["$defs"], **part})
        for value in [*part.get("examples", []), *([part["default"]] if "default" in part else [])]:
            assert validator.is_valid(value), (path, value)


def test_a_service_with_every_supported_key_is_valid() -> None:
    assert told(WHOLE) == []


@pytest.mark.parametrize("key", PLANNED)
def test_what_comes_later_is_refused_and_never_ignored(key: str) -> None:
    assert told({**WHOLE, key: PLANNED[key]}) == [(key, "is not supported yet")]
    assert Draft202012Validator(schema()).is_valid({**WHOLE, key: PLANNED[key]}), "declared all the same"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("model.uri", "s3://models/iris.onnx", "is not supported yet"),
        ("model.format", "csv", '"csv" is not one of the values it can have'),
        ("runtime.name", "flask", '"flask" is not one of the values it can have'),
        ("runtime", "flask", '"flask" is not one of the values it can have'),
    ],
)
def test_later_values_are_told_apart_from_wrong_ones(path: str, value: object, message: str) -> None:
    assert told(changed(path, value)) == [(path, message)]


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({**WHOLE, "storage": {"type": "pvc", "claim": "x"}}, "storage.claim"),
    ],
)
def test_an_unknown_key_in_what_comes_later_is_found_as_well(data: dict[str, Any], path: str) -> None:
    assert (path, "there is no such key") in told(data)


def test_what_comes_later_lacks_nothing() -> None:
    assert told({**WHOLE, "storage": {}}) == [("storage", "is not supported yet")]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("name", 5, "is the number 5, not text"),
        ("name", "iris\n", '"iris\\n" cannot stand here'),
        ("model", 5, "is the number 5, not text or a mapping"),
        ("model", "", "is empty"),
        ("runtime", ["fastapi"], "is a list, not text or a mapping"),
        ("cpu", [1], "is a list, not text, a number or a mapping"),
        ("pod.labels.team", True, "is `true` without quotes, not text"),
        ("replicas", -1, "-1 is too small"),
        ("replicas", 10_001, "10001 is too large"),
        ("gpu", -1, "-1 is too small"),
        ("gpu", 1000, "1000 is too large"),
        ("gpu", 0.5, "is the number 0.5, not a whole number or text"),
        ("gpu", "one", '"one" cannot stand here'),
        ("replicas", 1.5, "is the number 1.5, not a whole number"),
        ("env.TOKEN", {}, "is an empty mapping"),
        ("sample", "x", 'is the text "x", not a list or a mapping'),
        ("sample.input", None, "is null, not a list, a mapping, text, a number or true or false"),
        ("sample.tolerance", -1, "-1 is too small"),
    ],
)
def test_each_wrong_value_is_told_once_and_exactly(path: str, value: object, message: str) -> None:
    assert told(changed(path, value)) == [(path, message)]


def test_every_missing_and_every_unknown_key_is_told() -> None:
    data = {"nam": "x", "pod": {"label": {}, "topologySpreadConstraints": [{}]}}
    assert set(told(data)) == {
        ("nam", "there is no such key"),
        ("name", "is required"),
        ("model", "is required"),
        ("pod.label", "there is no such key"),
        ("pod.topologySpreadConstraints[0].maxSkew", "is required"),
        ("pod.topologySpreadConstraints[0].topologyKey", "is required"),
        ("pod.topologySpreadConstraints[0].whenUnsatisfiable", "is required"),
    }


def test_keys_that_are_not_supported_yet_are_not_among_the_expected_ones() -> None:
    (finding,) = findings(changed("zzz", "x"))
    expected = str(finding.expected)
    assert "hpa" in expected
    assert "storage" not in set(re.split(r"\W+", expected))


@pytest.mark.parametrize(
    ("parent", "written", "hint"),
    [
        ("", "replica", "did you mean `replicas`?"),
        ("", "api_version", "did you mean `apiVersion`?"),
        ("", "image", "did you mean `runtime.image`?"),
        ("", "gpus", "did you mean `gpu`?"),
        ("", "autoscaling", "did you mean `hpa`?"),
        ("", "replicaCount", "did you mean `replicas`?"),
        ("", "tolerations", "did you mean `pod.tolerations`?"),
        ("", "handler", "did you mean `runtime.handler`?"),
        ("", "port", "did you mean `service.port`?"),
        (
            "",
            "resources",
            "resources are `cpu` and `memory`, each with `request` and `limit` where both are meant",
        ),
        ("", "zzz", None),
        ("service", "nodePort", "the cluster chooses the port of the nodes; `service.port` is the Service's own"),
        ("model", "path", "did you mean `file`?"),
        ("model", "allow_non_finite", "did you mean `allowNonFinite`?"),
        ("runtime", "handlr", "did you mean `handler`?"),
        ("runtime.packages", "index_url", "did you mean `indexUrl`?"),
        ("pod", "nodeselector", "did you mean `nodeSelector`?"),
        ("cpu", "limits", "did you mean `limit`?"),
        ("env.TOKEN", "valueFrom", "write `secretKeyRef` or `configMapKeyRef` in its place"),
        ("env.TOKEN", "secretRef", "did you mean `secretKeyRef`?"),
    ],
)
def test_the_key_that_was_meant_is_suggested(parent: str, written: str, hint: str | None) -> None:
    path = f"{parent}.{written}" if parent else written
    hints = {finding.violation().path: finding.hint for finding in findings(changed(path, "x"))}
    assert hints[path] == hint


@pytest.mark.parametrize(
    ("path", "written", "hint"),
    [
        ("name", "My_Model", "did you mean `my-model`?"),
        ("namespace", "Team A", "did you mean `team-a`?"),
        ("version", "1.2", "did you mean `1.2.0`?"),
        ("version", "v1.2.3+build", "did you mean `1.2.3`?"),
        ("model.sha256", "sha256:" + "b" * 64, f"did you mean `{'b' * 64}`?"),
        ("model.format", "sklearn", "did you mean `pickle`?"),
        ("model.format", "ONNX", "did you mean `onnx`?"),
        ("model.method", "predict_probability", "did you mean `predict_proba`?"),
        ("model.trusted", "yes", "write trusted: true"),
        ("replicas", "3", "write it without quotes: replicas: 3"),
        ("hpa.targetCPU", "70%", "write targetCPU: 70"),
        ("hpa", True, "write hpa: {enabled: true}"),
        ("ingress", False, "write ingress: {enabled: false}"),
        ("version", 1.1, 'quote it: version: "1.1.0"'),
        ("version", 2, 'quote it: version: "2.0.0"'),
        ("model.version", 1.1, 'quote it: version: "1.1"'),
        ("pod.imagePullSecrets", "registry", "a list is written with `- ` before each item, or in [ ]"),
        ("pod.labels", ["a"], "a mapping is written as `key: value`, without `- ` before it"),
    ],
)
def test_the_value_that_was_meant_is_suggested(path: str, written: object, hint: str) -> None:
    assert [finding.hint for finding in findings(changed(path, written))] == [hint]
