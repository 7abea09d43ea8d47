"""JSON out of a model file, bounded before it is parsed: a short text can hold millions of objects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Set

# The largest models of keras.applications stay below a tenth; torch.export writes a container in some 28 bytes.
_MAX_CONTAINERS = 250_000
_MAX_VALUES = 600_000


class TooManyPartsError(ValueError):
    """The text has more objects, lists or values than any model."""


def parse(text: str | bytes) -> Any:
    """The document that a text holds.

    Args:
        text: The text, or its bytes.

    Raises:
        TooManyPartsError: It would take much more memory than it is long.
        ValueError: It is not JSON.
    """
    marks = ("{", "[", ",") if isinstance(text, str) else (b"{", b"[", b",")
    objects, lists, values = (text.count(mark) for mark in marks)  # type: ignore[arg-type]
    if objects + lists > _MAX_CONTAINERS or values > _MAX_VALUES:
        raise TooManyPartsError("the JSON has more parts than any model")
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("the JSON is nested without an end") from error


def walk(document: Any, skipped: Set[str]) -> Iterator[tuple[str, Any]]:
    """Every key in a document, with None, and every value that is no container, with the key it is under.

    Args:
        document: The document.
        skipped: The keys whose values are left out.
    """
    waiting: list[tuple[str, Any]] = [("", [document])]
    while waiting:
        key, container = waiting.pop()
        if isinstance(container, dict):
            yield from ((name, None) for name in container)
            parts = ((name, value) for name, value in container.items() if name not in skipped)
        else:
            parts = ((key, value) for value in container)
        for name, value in parts:
            if isinstance(value, dict | list):
                waiting.append((name, value))
            else:
                yield name, value
