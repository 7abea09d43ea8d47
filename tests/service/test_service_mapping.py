"""A plain mapping in the place of files, as the library and the HTTP API hand it over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chartgen.errors import SchemaError, ServiceFileError
from chartgen.service.load import parse_mapping

if TYPE_CHECKING:
    from tests.service.conftest import Project


def test_a_mapping_is_taken_in_the_place_of_files(project: Project) -> None:
    spec = parse_mapping({"name": "iris", "model": project.folder / "iris.onnx", "env": {"A": 1.5, "B": True}})
    assert spec.model.file == project.folder / "iris.onnx"
    assert spec.env == {"A": "1.5", "B": "true"}
    assert parse_mapping({"name": "iris", "model": "iris.onnx"}, base=project.folder).source is None


def test_a_wrong_mapping_is_told_by_its_paths() -> None:
    with pytest.raises(SchemaError) as caught:
        parse_mapping({"name": "iris", "replicas": "2"}, name="request")
    assert [str(violation) for violation in caught.value.violations] == [
        "request: model: is required",
        'request: replicas: is the text "2", not a whole number',
    ]


def _endless() -> dict[str, Any]:
    document: dict[str, Any] = {"name": "iris"}
    document["pod"] = document
    return document


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({1: 2}, "the key 1 is not text"),
        ({"name": b"iris"}, "a value is a Python bytes, which a service file cannot hold"),
        ({"sample": [float("nan")]}, "nan is no number that JSON knows"),
        ({"sample": [10**5000]}, "a number has more than 4,300 digits"),
        ({"name": "\ud800"}, "a text holds U+D800, which is no character"),
        (_endless(), "the values lie deeper than 64 levels"),
        ([], "a list is no service"),
    ],
)
def test_a_mapping_that_holds_what_json_cannot_is_refused(document: Any, message: str) -> None:
    with pytest.raises(ServiceFileError) as caught:
        parse_mapping(document)
    assert caught.value.message == message
