"""The rules about characters, wherever text stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.service import kubernetes
from chartgen.service.finding import Finding
from chartgen.service.node import DataPath, Listing, Mapping, Node, Position, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chartgen.service.view import View


def no_nul(view: View) -> Iterator[Finding]:
    """No text holds a NUL: neither a process's environment nor a path can."""
    for where, path, text, what in _texts(view):
        if "\0" in text:
            yield Finding(where, path, f"{what}holds a NUL character", "text without U+0000")


def carried(view: View) -> Iterator[Finding]:
    """What goes to Kubernetes as it is written arrives as it is written."""
    for where, path, text, what in _texts(view):
        lost = None if _is_kept(path) else kubernetes.LOST.search(text)
        if lost:
            message = f"{what}holds the character U+{ord(lost.group()):04X}, which the API server {_fate(lost.group())}"
            yield Finding(where, path, message, kubernetes.LOST_EXPECTED)


def _fate(char: str) -> str:
    return "reads as a space" if char == kubernetes.READ_AS_SPACE else "refuses"


def _is_kept(path: DataPath) -> bool:
    """Whether the text stays in the chart, is escaped (the sample) or is encoded (variables)."""
    match path:
        case ("description" | "sample" | "model", *_) | ("runtime", "handler") | ("env", _):
            return True
        case _:
            return False


def _texts(view: View) -> Iterator[tuple[Position, DataPath, str, str]]:
    """Every key and every text of the document, with its place and the words that tell a key."""
    waiting: list[tuple[DataPath, Node]] = [((), view.document)]
    while waiting:
        path, node = waiting.pop()
        match node:
            case Scalar(value=str(), text=text):
                yield node.where, path, text, ""
            case Listing(items=items):
                waiting.extend(((*path, index), item) for index, item in enumerate(items))
            case Mapping(entries=entries):
                for key, entry in entries.items():
                    yield entry.key, (*path, key), key, "the key "
                    waiting.append(((*path, key), entry.node))
            case _:
                pass
