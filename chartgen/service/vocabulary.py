"""The words of a service: the JSON Schema that declares them, and every key in it by its place."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from chartgen import assets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KeyPath = tuple[str, ...]


def path() -> Path:
    """The file of the schema."""
    return assets.schemas() / "service" / "v1.schema.json"


@cache
def schema() -> dict[str, Any]:
    """The schema, read once; not to be changed."""
    loaded: dict[str, Any] = json.loads(path().read_text(encoding="utf-8"))
    return loaded


def runtime_names() -> list[str]:
    """The names of the serving runtimes that come with chartgen."""
    return list(schema()["$defs"]["runtime"]["properties"]["name"]["enum"])


@cache
def declared() -> dict[KeyPath, dict[str, Any]]:
    """Every key that the schema declares, by the way to it; items of lists and free names are left out."""
    return dict(_walk(schema(), ()))


def _walk(part: dict[str, Any], path: KeyPath) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    for branch in (part, _target(part.get("then", {}))):
        for name, child in branch.get("properties", {}).items():
            here = (*path, name)
            target = _target(child)
            yield here, {**target, **child}
            yield from _walk(target, here)


def _target(part: dict[str, Any]) -> dict[str, Any]:
    """What a local `$ref` points to; the part itself where there is none."""
    if "$ref" not in part:
        return part
    found = schema()
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found
