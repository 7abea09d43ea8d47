"""Values and places in the words of a message."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from chartgen.service.node import DataPath, Listing, Mapping, Node, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chartgen.service.model import JsonValue

PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")
SHOWN = 60
_CREDENTIALS = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*://).*(?:@|%40)|[^\s=:@/]+:.*(?:@|%40)", re.IGNORECASE | re.DOTALL
)

KINDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "nothing",
}


def path_text(path: DataPath) -> str:
    """A place as `hpa.minReplicas`, `pod.tolerations[0].key` or `pod.labels["example.com/team"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return text


def kind(node: Node) -> str:
    """What a value is: `text`, `the number 1.10`, `a list`."""
    match node:
        case Listing():
            return "a list"
        case Mapping():
            return "a mapping"
        case Scalar(value=None):
            return "empty" if not node.text else "null"
        case Scalar(value=bool()):
            return f"`{node.text}` without quotes"
        case Scalar(value=str()):
            return f"the text {quoted(node.text)}"
        case _:
            return f"the number {shortened(node.text)}"


def kinds(types: JsonValue) -> str:
    """The types of a JSON Schema in words: `text or a mapping`."""
    names = [types] if isinstance(types, str) else types if isinstance(types, list) else []
    return joined(KINDS[str(name)] for name in names)


def joined(words: Iterable[str]) -> str:
    """`a, b or c`."""
    items = list(words)
    return " or ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def masked(text: str) -> str:
    """Text without what may be a user name and a password in an address: messages end up in logs."""
    return _CREDENTIALS.sub(lambda found: f"{found['scheme'] or ''}***@", text)


def quoted(text: str) -> str:
    """Text in double quotes as YAML and JSON read it, shortened, control characters escaped."""
    return json.dumps(shortened(text), ensure_ascii=not text.isprintable())


def shortened(text: str) -> str:
    """Text of at most 60 characters, credentials masked."""
    text = masked(text)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
