"""The places of a service file, walked in its schema, so that a new key is attacked without being listed anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from chartgen.service.vocabulary import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]
KEY = "(key)"
Pattern = tuple[str, ...]
"""A path in which `*` stands for a key that may be any text, and `[]` for an index."""


@dataclass(frozen=True)
class Occurrence:
    """A value of a document, and the part of the schema that it must meet."""

    path: Path
    pattern: Pattern
    part: dict[str, Any]
    value: Any


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """A part of the schema with what its `$ref` points to."""
    if "$ref" not in part:
        return part
    found: dict[str, Any] = schema()
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return {**found, **part}


def types(part: dict[str, Any]) -> list[str]:
    """The types that a value may have."""
    wanted = part.get("type", ["string", "number", "boolean", "array", "object", "null"])
    return [wanted] if isinstance(wanted, str) else list(wanted)


def long_form(part: dict[str, Any]) -> dict[str, Any]:
    """The part for a mapping, where a value may be written in a short form as well."""
    return resolved(part["then"]) if "$ref" in part.get("then", {}) else part


def short_form(part: dict[str, Any]) -> dict[str, Any]:
    """The part for what is no mapping."""
    return resolved({**part, **resolved(part["else"])}) if "else" in part else part


def keys(part: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The keys that a mapping may have and that are supported."""
    return {
        key: resolved(child)
        for key, child in part.get("properties", {}).items()
        if resolved(child).get("x-chartgen-status") != "planned"
    }


def required(part: dict[str, Any], value: Any = None) -> list[str]:
    """The keys that a mapping must have; with a value, those included that follow from what else it says."""
    implied = [
        key
        for branch in part.get("allOf", [])
        if Draft202012Validator(branch["if"]).is_valid(value)
        for key in branch["then"].get("required", [])
    ]
    return [*part.get("required", []), *part.get("then", {}).get("required", []), *(implied if value else [])]


def free_keys(part: dict[str, Any]) -> dict[str, Any] | None:
    """The part for the values of a mapping with any keys; None where the keys are fixed."""
    free = part.get("additionalProperties")
    return resolved(free) if isinstance(free, dict) else None


def occurrences(document: Any) -> Iterator[Occurrence]:
    """Every value of a document that the schema says something about, the document itself first."""
    waiting = [Occurrence((), (), schema(), document)]
    while waiting:
        at = waiting.pop()
        yield at
        if isinstance(at.value, dict):
            part = long_form(at.part)
            for key, value in at.value.items():
                child, step = (keys(part)[key], key) if key in keys(part) else (free_keys(part), "*")
                if child is not None:
                    waiting.append(Occurrence((*at.path, key), (*at.pattern, step), child, value))
        elif isinstance(at.value, list) and "items" in at.part:
            child = resolved(at.part["items"])
            waiting += [
                Occurrence((*at.path, index), (*at.pattern, "[]"), child, item) for index, item in enumerate(at.value)
            ]


def string_fields() -> list[Pattern]:
    """Every place where a service file can hold text, mappings that are handed on as they are included."""
    return sorted(set(_strings(schema(), ())))


def _strings(part: dict[str, Any], pattern: Pattern) -> Iterator[Pattern]:
    if "string" in types(part) or not ({"string"} ^ set(types(part))):
        yield pattern
    part = long_form(part) if "object" in types(part) else part
    for key, child in keys(part).items():
        yield from _strings(child, (*pattern, key))
    free = free_keys(part)
    if free is not None:
        yield (*pattern, "*", KEY)
        yield from _strings(free, (*pattern, "*"))
    elif types(part) == ["object"] and "properties" not in part:  # handed on to Kubernetes as written
        yield (*pattern, "*", KEY)
        yield (*pattern, "*")
    if "items" in part:
        yield from _strings(resolved(part["items"]), (*pattern, "[]"))
