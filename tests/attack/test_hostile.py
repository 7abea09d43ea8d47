"""Hostile text in every field: it arrives byte for byte, or is refused at its place with what is allowed."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from chartgen.chart.build import build
from chartgen.chart.write import write
from chartgen.errors import SchemaError, ServiceFileError
from chartgen.service.load import load
from chartgen.service.words import path_text
from tests.attack.fields import KEY, Pattern, string_fields
from tests.attack.hostile import FREE, HANDLER, everything, spelled, with_text
from tests.attack.reading import as_kubernetes_reads
from tests.attack.strings import HOSTILE, LONE_SURROGATES, LONG, LOST, NAMES, NO_NAMES, NUL
from tests.helpers import of_kind, run, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from chartgen.errors import Violation

FIELDS = string_fields()


def _refusal(pattern: Pattern, text: str) -> Violation | None:
    """What is told of a text in a field, which is one thing, at its own place; None when it is taken."""
    document, path = with_text(pattern, text)
    file = spelled(document)
    try:
        load(["-"], stdin=io.BytesIO(file.text.encode()))
    except SchemaError as error:
        (violation,) = error.violations
        place = (file.keys if pattern[-1] == KEY else file.values)[path]
        assert (violation.path, violation.where) == (path_text(path), f"stdin:{place}"), file.text
        return violation
    return None


@pytest.mark.parametrize("half", [0, pytest.param(1, marks=pytest.mark.full)])
@pytest.mark.parametrize("field", FIELDS, ids=".".join)
def test_a_field_takes_hostile_text_or_says_at_its_place_what_it_takes(
    field: Pattern, half: int, in_project: Path
) -> None:
    # Every text meets every second field, and all of them in the long form.
    for text in (*HOSTILE[(FIELDS.index(field) + half) % 2 :: 2], LONG, NUL):
        refused = _refusal(field, text)
        if text == NUL:
            assert refused, "a NUL can reach no process"
        elif LOST.search(text) and "annotations" in field and field in FREE:
            assert refused, repr(text)
            assert refused.expected == "text without U+007F to U+009F, U+FFFE and U+FFFF"
        elif field in FREE and (text or field != ("description",)):
            assert refused is None, f"{text!r}: {refused}"
        elif refused:
            assert refused.expected or refused.hint or "cannot be read" in refused.message, f"{text!r}: {refused}"


def test_every_field_that_takes_any_text_is_there() -> None:
    assert set(FREE) <= set(FIELDS)


@pytest.mark.parametrize("name", NAMES)
def test_what_kubernetes_takes_as_the_name_of_a_variable_is_taken(name: str, in_project: Path) -> None:
    assert _refusal(("env", "*", KEY), name) is None


@pytest.mark.parametrize("name", NO_NAMES)
def test_what_kubernetes_refuses_as_the_name_of_a_variable_is_refused(name: str, in_project: Path) -> None:
    refused = _refusal(("env", "*", KEY), name)
    assert refused
    assert refused.expected == "printable ASCII characters without `=`"


@pytest.mark.parametrize("escape", LONE_SURROGATES)
@pytest.mark.parametrize("before", ['{"name": "a", "model": "digits.onnx", "env": {"A": ', "name: a\nenv:\n  A: "])
def test_half_a_character_is_refused_where_it_is_written(escape: str, before: str, in_project: Path) -> None:
    with pytest.raises(ServiceFileError, match="invalid Unicode character escape code") as caught:
        load(["-"], stdin=io.BytesIO(f"{before}{escape}".encode()))
    line = before.count("\n") + 1
    column = len(before.rpartition("\n")[2]) + escape.index("\\") + 1
    assert caught.value.where == f"stdin:{line}:{column}"


@pytest.fixture(scope="session")
def hostile_chart(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Path:
    folder = write_tree(
        tmp_path_factory.mktemp("hostile"),
        {
            "service.yaml": spelled(everything()).text,
            "handler.py": HANDLER,
            "digits.onnx": (project / "digits.onnx").read_bytes(),
        },
    )
    return write(build(load([folder / "service.yaml"])).chart, folder / "chart")


def test_free_text_arrives_byte_for_byte(hostile_chart: Path, helm: Path, tmp_path: Path) -> None:
    printed = run(helm, "template", "hostile", hostile_chart, "--namespace", "models")
    manifests = as_kubernetes_reads(helm, printed, tmp_path / "reader")
    written = everything()
    pod = of_kind(manifests, "Deployment")["spec"]["template"]
    container = pod["spec"]["containers"][0]
    encoded = _encoded(container, of_kind(manifests, "Secret"))
    assert encoded.keys() == {name for name, text in written["env"].items() if LOST.search(text)}
    assert {**_environment(container), **encoded}.items() >= written["env"].items()
    assert not LOST.search(json.dumps(manifests, ensure_ascii=False)), "what the API server would not read as it is"
    assert pod["metadata"]["annotations"].items() >= written["pod"]["annotations"].items()
    assert of_kind(manifests, "Service")["metadata"]["annotations"] == written["service"]["annotations"]
    assert of_kind(manifests, "Ingress")["metadata"]["annotations"] == written["ingress"]["annotations"]
    shipped = of_kind(manifests, "ConfigMap", "hostile-runtime")["data"]
    assert [text for key, text in shipped.items() if key.partition(".")[2] == "handler.py"] == [HANDLER]
    recorded = of_kind(manifests, "ConfigMap", "hostile-sample")["data"]
    parsed = {key.removesuffix(".json").split(".")[-1]: json.loads(text) for key, text in recorded.items()}
    assert parsed["request"] == {"input": written["sample"]["input"]}
    assert parsed["response"] == {"output": written["sample"]["output"]}


def test_the_description_stands_in_the_chart_as_it_was_written(hostile_chart: Path, helm: Path) -> None:
    """In quotes with every character escaped that some reader of YAML would not print."""
    metadata = (hostile_chart / "Chart.yaml").read_text(encoding="utf-8")
    line = next(line for line in metadata.splitlines() if line.startswith("description: "))
    assert load_double_quoted(line.removeprefix("description: ")) == everything()["description"]
    run(helm, "show", "chart", hostile_chart)


def load_double_quoted(text: str) -> Any:
    import yaml

    return yaml.safe_load(text)


def _environment(container: dict[str, Any]) -> dict[str, str]:
    """What the process is given: Kubernetes makes one $ of two, and reads $(NAME) only behind an even number."""
    variables = {entry["name"]: entry.get("value", "") for entry in container["env"]}
    assert all("$(" not in value.replace("$$", "") for value in variables.values())
    return {name: value.replace("$$", "$") for name, value in variables.items()}


def _encoded(container: dict[str, Any], secret: dict[str, Any]) -> dict[str, str]:
    """The variables that come out of the chart's own Secret."""
    named = {entry["name"]: entry["valueFrom"]["secretKeyRef"] for entry in container["env"] if "valueFrom" in entry}
    assert {reference["name"] for reference in named.values()} == {secret["metadata"]["name"]}
    return {name: base64.b64decode(secret["data"][at["key"]]).decode() for name, at in named.items()}


@pytest.mark.parametrize("name", ["no", "on", "y", "null", "true", "e3"])
def test_a_name_that_looks_like_something_else_stays_text(
    name: str, in_project: Path, helm: Path, tmp_path: Path
) -> None:
    document = {
        "name": name,
        "model": "digits.onnx",
        "hpa": {"enabled": True},
        "ingress": {"enabled": True, "host": name},
    }
    document["sample"] = [0.5] * 64
    spec = load(["-"], stdin=io.BytesIO(json.dumps(document).encode()))
    chart = write(build(spec).chart, tmp_path)
    for release, namespace in ((name, "1e3"), ("1e3", "0x1f"), ("0o17", name), ("2020-01-01", "0"), ("1", "12")):
        printed = run(helm, "template", release, chart, "--namespace", namespace)
        for manifest in as_kubernetes_reads(helm, printed, tmp_path / f"reader-{release}"):
            _assert_text(manifest["metadata"])
            assert manifest["metadata"]["namespace"] == namespace
            assert manifest["metadata"]["labels"]["app.kubernetes.io/instance"] == release
            _assert_references(manifest, release if name in release else f"{release}-{name}")


def _assert_text(metadata: dict[str, Any]) -> None:
    assert isinstance(metadata["name"], str)
    for values in (metadata.get("labels", {}), metadata.get("annotations", {})):
        assert all(isinstance(value, str) for value in values.values())


def _assert_references(manifest: dict[str, Any], fullname: str) -> None:
    match manifest["kind"]:
        case "Deployment":
            _assert_text({"name": fullname, **manifest["spec"]["template"]["metadata"]})
            assert all(isinstance(value, str) for value in manifest["spec"]["selector"]["matchLabels"].values())
            assert manifest["spec"]["template"]["spec"]["serviceAccountName"] == fullname
        case "HorizontalPodAutoscaler":
            assert manifest["spec"]["scaleTargetRef"]["name"] == fullname
        case "Ingress":
            (rule,) = manifest["spec"]["rules"]
            assert rule["http"]["paths"][0]["backend"]["service"]["name"] == fullname
        case "Service":
            assert all(isinstance(value, str) for value in manifest["spec"]["selector"].values())
        case _:
            pass
