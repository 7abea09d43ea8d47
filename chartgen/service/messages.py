"""The errors of the schema check in plain words: what is wrong, where, what was allowed, what to write instead."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from chartgen.names import is_semver
from chartgen.service import suggest
from chartgen.service.finding import Finding
from chartgen.service.node import DataPath, Entry, Listing, Mapping, Node, Scalar, find, key_position
from chartgen.service.scalars import resolve
from chartgen.service.vocabulary import declared
from chartgen.service.words import joined, kind, kinds, path_text, quoted, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema.exceptions import ValidationError


# The older YAML's words for true and false, which are text in YAML 1.2.
YES_AND_NO = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def explain(error: ValidationError, document: Mapping) -> Iterator[Finding]:
    """The findings that one error of the schema check stands for.

    Args:
        error: The error.
        document: What was checked.

    Yields:
        One finding, or one for each key that is missing or unknown.
    """
    path: DataPath = tuple(error.absolute_path)
    node = cast("Node", find(document, path))  # the schema judges only what is there
    part = cast("dict[str, Any]", error.schema)
    rule: Any = error.validator_value
    match error.validator:
        case "required":
            yield from _missing(cast("Mapping", node), path, rule, part)
        case "additionalProperties":
            yield from _unknown(cast("Mapping", node), path, part)
        case "x-chartgen-status":
            yield Finding(key_position(document, path), path, "is not supported yet", hint="leave it out for now")
        case "x-chartgen-planned":
            now = joined(f"`{value}`" for value in part["enum"] if value not in rule)
            yield Finding(node.where, path, f"{_shown(node)} is not supported yet", expected=now)
        case "type":
            yield _wrong_type(node, path, rule)
        case "enum":
            expected = joined(f"`{value}`" for value in rule)
            hint = suggest.value(node.text if isinstance(node, Scalar) else "", rule, path)
            yield Finding(node.where, path, f"{_shown(node)} is not one of the values it can have", expected, hint)
        case "minProperties" | "maxProperties":
            yield _wrong_count(cast("Mapping", node), path, part)
        case _:
            yield Finding(node.where, path, *_out_of_bounds(error, node, path, part))


def _missing(node: Mapping, path: DataPath, keys: list[str], part: dict[str, Any]) -> Iterator[Finding]:
    for key in keys:
        if key in node.entries:
            continue
        removed = node.removed.get(key)
        about = part.get("properties", {}).get(key) or declared().get((*map(str, path), key), {})
        example = next(iter(about.get("examples", [])), None)
        yield Finding(
            removed.key if removed else node.where,
            (*path, key),
            "is required, and null takes it away here" if removed and removed.text else "is required",
            expected=about.get("description", "").removesuffix(".") or None,
            hint=f"for example `{key}: {_inline(example)}`" if example is not None else None,
            blocks=False,
        )


def _unknown(node: Mapping, path: DataPath, part: dict[str, Any]) -> Iterator[Finding]:
    properties = part.get("properties", {})
    allowed = list(properties)
    supported = [name for name in allowed if "x-chartgen-status" not in properties[name]]
    for key, entry in node.entries.items():
        if key not in allowed:
            yield Finding(
                entry.key,
                (*path, key),
                "there is no such key",
                expected=joined(supported),
                hint=suggest.key(key, path, allowed),
                blocks=False,
            )


def _wrong_type(node: Node, path: DataPath, types: str | list[str]) -> Finding:
    wanted = [types] if isinstance(types, str) else types
    return Finding(
        node.where,
        path,
        f"is {kind(node)}, not {kinds(list(wanted))}",
        expected=kinds(list(wanted)),
        hint=_retyped(node, path, wanted),
    )


def _retyped(node: Node, path: DataPath, wanted: list[str]) -> str | None:
    """How to write a value of one type so that it is of another."""
    match node:
        case Mapping(entries={"name": Entry(node=Scalar(text=text))}) if wanted == ["string"]:
            return f"write the name alone: {text}"
        case Scalar() | Mapping() if wanted == ["array"]:
            return _as_list(node, path)
        case Listing() if wanted == ["object"]:
            return "a mapping is written as `key: value`, without `- ` before it"
        case Scalar(value=bool()) if wanted == ["object"] and (*map(str, path), "enabled") in declared():
            return f"write {path[-1]}: {{enabled: {node.text}}}"
        case Scalar():
            return _rewritten(node, path, wanted)
        case _:
            return None


def _as_list(node: Node, path: DataPath) -> str:
    if node.where.source.is_option:
        return f"`--set {path_text(path)}={{a,b}}` gives a list, or `--set-json {path_text(path)}=[]`"
    return "a list is written with `- ` before each item, or in [ ]"


def _rewritten(node: Scalar, path: DataPath, wanted: list[str]) -> str | None:
    """How to write a scalar with other quotes, or with another option of the `--set` family."""
    by_option = node.where.source.is_option
    key = path_text(path) if by_option else path[-1]
    before = "- " if isinstance(key, int) else f"{key}: "
    text = shortened(node.text)
    if "integer" in wanted and (number := text.rstrip(" %")).isdecimal() and number != text:
        return f"write {before}{number}"
    if path == ("version",):  # 1.10 is a number for YAML, and with quotes no version yet
        text = next((whole for whole in (text, f"{text}.0", f"{text}.0.0") if is_semver(whole)), text)
    if isinstance(node.value, bool | int | float) and "string" in wanted:
        return f"write --set-string {key}={text}" if by_option else f'quote it: {before}"{text}"'
    if isinstance(node.value, str) and _unquoted(node.text, wanted):
        return f"write --set-json {key}={text}" if by_option else f"write it without quotes: {before}{text}"
    if isinstance(node.value, str) and "boolean" in wanted and node.text.lower() in YES_AND_NO:
        return f"write {before}{YES_AND_NO[node.text.lower()]}"
    return None


def _unquoted(text: str, wanted: list[str]) -> bool:
    """Whether text would be of a wanted type if it were written without quotes."""
    try:
        value = resolve(text)
    except ValueError:
        return False
    if isinstance(value, bool):
        return "boolean" in wanted
    if isinstance(value, int):
        return bool({"integer", "number"} & set(wanted))
    return isinstance(value, float) and "number" in wanted


def _wrong_count(node: Mapping, path: DataPath, part: dict[str, Any]) -> Finding:
    names = list(part["properties"])
    hint = f"set one of them to null to take it away: `{names[0]}: null`" if len(node.entries) > 1 else None
    message = "holds more than one reference" if len(node.entries) > 1 else "is an empty mapping"
    return Finding(node.where, path, message, f"text, or exactly one of {joined(names)}", hint)


def _out_of_bounds(
    error: ValidationError, node: Node, path: DataPath, part: dict[str, Any]
) -> tuple[str, str | None, str | None]:
    """The message, what was allowed and what to do, for bounds and patterns."""
    limit: Any = error.validator_value
    expected = part.get("x-chartgen-expected")
    match error.validator:
        case "minLength" | "minItems":
            return "is empty", expected or ("text" if isinstance(node, Scalar) else "at least one"), None
        case "maxLength":
            return f"{_shown(node)} is longer than {limit} characters", expected, None
        case "minimum":
            return f"{_shown(node)} is too small", f"{limit} or more", None
        case "maximum":
            return f"{_shown(node)} is too large", f"{limit} or less", None
        case "pattern":
            return (
                f"{_shown(node)} cannot stand here",
                expected,
                suggest.repair(path, str(cast("Scalar", node).text), limit),
            )
        case keyword:  # a keyword that the schema does not use yet; the validator's own words are better than none
            return f"{shortened(error.message)} ({keyword})", expected, None


def _shown(node: Node) -> str:
    match node:
        case Scalar(value=str()):
            return quoted(node.text)
        case Scalar():
            return shortened(node.text)
        case _:
            return kind(node)


def _inline(example: object) -> str:
    return example if isinstance(example, str) else json.dumps(example, ensure_ascii=False)
