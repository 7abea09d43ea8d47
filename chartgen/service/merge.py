"""Several service files into one by Helm's rules: mappings are merged, everything else is replaced, null deletes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.service.node import DataPath, Entry, Listing, Mapping, Node, Removed, Scalar, is_null, is_recorded

if TYPE_CHECKING:
    from collections.abc import Sequence

# The key of the long form that the short form of a top-level key stands for.
SHORT_FORMS = {"model": "file", "runtime": "name", "cpu": "request", "memory": "request", "sample": "input"}


def merge(documents: Sequence[Mapping]) -> Mapping:
    """One document out of several, the last one winning.

    Args:
        documents: At least one document, in the order of the command line.

    Returns:
        The document, every value with the place of the file that gave it, without the keys that null took away.
    """
    merged = Mapping({}, documents[0].where)
    for document in documents:
        merged = overlay(merged, document)
    return merged


def overlay(base: Mapping, over: Mapping, path: DataPath = ()) -> Mapping:
    """`over` laid on `base`; neither is changed.

    Args:
        base: What is merged already.
        over: What wins.
        path: Where both lie in the document.
    """
    entries = dict(base.entries)
    removed = dict(base.removed)
    for key, entry in over.entries.items():
        removed.pop(key, None)
        here = (*path, key)
        if isinstance(entry.node, Scalar) and is_null(entry.node) and not is_recorded(here):
            took = entries.pop(key, None) is not None
            removed[key] = Removed(entry.key, entry.node.text, took)
        else:
            below = entries[key].node if key in entries else None
            entries[key] = Entry(entry.key, _laid(below, entry.node, here))
    return Mapping(entries, base.where, removed)


def _laid(below: Node | None, over: Node, path: DataPath) -> Node:
    if not isinstance(over, Mapping):
        return over
    if below is not None and not isinstance(below, Mapping):
        below = long_form(below, path)
    # Laid on nothing, a mapping still loses the keys that are null in it.
    return overlay(below if isinstance(below, Mapping) else Mapping({}, over.where), over, path)


def long_form(node: Node, path: DataPath) -> Node:
    """The long form of a value that is written in a short one, so that a mapping can be merged into it.

    Args:
        node: The value at `path`.
        path: Where it lies.

    Returns:
        `{file: ./iris.onnx}` for `model: ./iris.onnx`, and so on; the value itself where it is no short form.
    """
    if len(path) != 1 or path[0] not in SHORT_FORMS:
        return node
    is_short = isinstance(node, Listing) if path[0] == "sample" else isinstance(node, Scalar) and not is_null(node)
    return Mapping({SHORT_FORMS[str(path[0])]: Entry(node.where, node)}, node.where) if is_short else node
