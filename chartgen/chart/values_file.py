"""A chart's `values.yaml` and the table of its README, both written from the chart's own `values.schema.json`."""

from __future__ import annotations

import json
import textwrap
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from chartgen.chart.yaml_dump import to_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WIDTH = 120


class ValueRow(NamedTuple):
    """One row of the table of values."""

    name: str
    default: str
    description: str


def commented_values(values: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Write values as YAML with the schema's description above each key, and its example where the value is empty.

    Args:
        values: The values, in the order of the schema.
        schema: The chart's JSON Schema; its `properties` name every key of `values`.

    Raises:
        KeyError: A value has no property in the schema.
    """
    blocks = ["\n".join(_entry(key, value, schema["properties"][key], 0)) for key, value in values.items()]
    return "\n\n".join(blocks) + "\n"


def _entry(key: str, value: Any, schema: Mapping[str, Any], depth: int) -> Iterator[str]:
    indent = "  " * depth
    if description := schema.get("description"):
        for line in _wrapped(description, _WIDTH - len(indent) - 2):
            yield f"{indent}# {line}"
    properties = schema.get("properties", {})
    if isinstance(value, dict) and value and set(value) <= set(properties):
        yield f"{indent}{_key(key)}:"
        for name, inner in value.items():
            yield from _entry(name, inner, properties[name], depth + 1)
        return
    dumped = to_yaml({key: value}).rstrip("\n")
    yield textwrap.indent(dumped, indent, lambda _line: True)
    if value in ("", {}, []) and (examples := schema.get("examples")):
        shown = to_yaml(examples[0] if value in ({}, []) else {key: examples[0]}).rstrip("\n")
        if value == [] and not isinstance(examples[0], list):
            shown = to_yaml([examples[0]]).rstrip("\n")
        yield textwrap.indent(shown, f"{indent}# ", lambda _line: True)


@lru_cache(maxsize=1024)
def _wrapped(text: str, width: int) -> tuple[str, ...]:
    return tuple(textwrap.wrap(text, width))


@lru_cache(maxsize=1024)
def _key(key: str) -> str:
    return to_yaml({key: 0}).removesuffix(": 0\n")


def values_table(values: Mapping[str, Any], schema: Mapping[str, Any]) -> list[ValueRow]:
    """The rows of the README's table: each value by its dotted name, its default and what it does.

    Args:
        values: The values.
        schema: The chart's JSON Schema.
    """
    return list(_rows(values, schema["properties"], ""))


def _rows(values: Mapping[str, Any], properties: Mapping[str, Any], prefix: str) -> Iterator[ValueRow]:
    for key, value in values.items():
        schema = properties[key]
        inner = schema.get("properties", {})
        described = any("description" in inner.get(name, {}) for name in value) if isinstance(value, dict) else False
        if described:
            yield from _rows(value, inner, f"{prefix}{key}.")
            continue
        description = schema.get("description", "")
        yield ValueRow(f"{prefix}{key}", _cell(value), description.replace("|", "\\|"))


def _cell(value: object) -> str:
    text = json.dumps(value)
    shown = text if len(text) <= 60 else text[:57] + "…"  # noqa: PLR2004  # a table cell that still fits a screen
    # A code span may hold backticks when its fence is longer; a bar would end the cell, a line break the row.
    fence = "``" if "`" in shown else "`"
    return f"{fence}{shown.replace('|', chr(92) + '|')}{fence}"
