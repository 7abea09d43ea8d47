"""JSON text <-> Python values. orjson does the work; the standard library is asked only when orjson refuses a text."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson

from .errors import failed, not_json, refused

# An integer with more digits than any 64-bit one is read as a float, as orjson does; int() would also refuse long ones.
INT_DIGITS = 20
loads = orjson.loads
# Writes NumPy arrays as they are when it is given this option; a TypeError for what JSON cannot hold.
dumps, WITH_ARRAYS = orjson.dumps, orjson.OPT_SERIALIZE_NUMPY


def decode(body: bytes, *, allow_non_finite: bool) -> Any:
    """Reads a request's body.

    Args:
        body: The body as it came.
        allow_non_finite: Whether NaN, Infinity and numbers that are too large for a double are let in.

    Returns:
        The document.

    Raises:
        ServingError: 400 for what is not JSON; 422 for JSON but for a non-finite number that is not allowed.
    """
    try:
        return loads(body)
    except orjson.JSONDecodeError as error:
        return _decode_non_finite(body, error, allow_non_finite)


def _decode_non_finite(body: bytes, error: orjson.JSONDecodeError, allowed: bool) -> Any:
    """Tells a text that is JSON but for non-finite numbers from one that is no JSON at all."""
    try:
        document = json.loads(body.decode("utf-8"), parse_int=_integer)
        orjson.dumps(
            document
        )  # what orjson cannot write (a lone surrogate, deep nesting) it had other reasons to refuse
    except (ValueError, TypeError, RecursionError):
        raise not_json(f"the body is not JSON: {error}") from None
    path = _first_non_finite(document)
    if path is None:
        raise not_json(f"the body is not JSON: {error}")
    if not allowed:
        raise refused("non_finite", "the number is not finite", path, "a finite number")
    return document


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= INT_DIGITS else float(text)


def _first_non_finite(document: Any) -> str | None:
    """The path of the first NaN or infinity; the nesting was bounded by orjson before."""
    waiting = [("", document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, float) and not math.isfinite(value):
            return path
        if isinstance(value, dict):
            members = [(f"{path}.{key}".lstrip("."), member) for key, member in value.items()]
            waiting.extend(reversed(members))
        elif isinstance(value, list):
            waiting.extend((f"{path}[{index}]", value[index]) for index in reversed(range(len(value))))
    return None


def only_numbers(body: bytes) -> bool:
    """Whether every element of ``{"input": ...}`` is certain to be a number, told without looking at each one.

    A body whose two quotes are those of the one key, and which holds neither `true` (the only word of JSON with an r)
    nor `false` or `null` (the only ones with an l) behind it, has no room for anything but numbers. On an image as JSON
    this spares a walk that would take as long as reading the text.
    """
    behind_key = body.rfind(b'"') + 1
    return body.count(b'"', 0, behind_key) == 2 and body.find(b"r", behind_key) < 0 and body.find(b"l", behind_key) < 0  # noqa: PLR2004


def encode(document: object) -> bytes:
    """Writes an answer.

    Raises:
        ServingError: 500 for what JSON cannot hold.
    """
    try:
        return dumps(document, None, WITH_ARRAYS)
    except TypeError as error:  # orjson.JSONEncodeError is one
        raise failed("unwritable_output", f"the answer cannot be written as JSON: {error}") from error
