"""What the `--set` family of options changes in a service file, by helm's rules and in helm's order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from chartgen.errors import ServiceFileError
from chartgen.service import strvals
from chartgen.service.file import read_bytes
from chartgen.service.merge import long_form, overlay
from chartgen.service.node import (
    DataPath,
    Entry,
    Listing,
    Mapping,
    Node,
    Position,
    Removed,
    Scalar,
    Source,
    find,
    from_data,
    is_null,
    is_recorded,
)
from chartgen.service.words import kind, path_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Overrides:
    """The arguments of the `--set` family, each as it was given.

    Attributes:
        set: `a.b=1,c={x,y}`: true, false, null and whole numbers are what they look like, all else is text.
        set_string: The same, but every value is text.
        set_json: `a=[1,{"b":2}]`, or one JSON object that is merged into the document.
        set_file: `a=PATH`: the value is the content of the file.
        set_literal: `a=anything`: the value is text, character by character.
    """

    set: tuple[str, ...] = ()
    set_string: tuple[str, ...] = ()
    set_json: tuple[str, ...] = ()
    set_file: tuple[str, ...] = ()
    set_literal: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any((self.set, self.set_string, self.set_json, self.set_file, self.set_literal))


NO_OVERRIDES = Overrides()


def apply(document: Mapping, overrides: Overrides, order: int) -> Mapping:
    """The document with the overrides laid on it.

    Args:
        document: The merged service files; not changed.
        overrides: What to change.
        order: The rank of the first override among the sources.

    Raises:
        ServiceFileError: An argument cannot be understood, or does not fit what is there.
    """
    for option, argument, read in _in_order(overrides):
        try:
            assignments = read(argument)
        except strvals.SetSyntaxError as error:
            raise ServiceFileError(
                str(error),
                where=f"{option} {'{…}' if argument.lstrip().startswith('{') else argument.partition('=')[0][:60]}",
                hint=r"as in helm: a.b=1,c={x,y},d[0]=z; write \, for a comma in a value and \. for a dot in a key",
            ) from None
        for assignment in assignments:
            shown = f"{option} {path_text(assignment.path)}=…" if assignment.path else f"{option} {{…}}"
            where = Position(Source(shown, order, Path.cwd(), is_option=True))
            order += 1
            value = from_data(assignment.value, where, len(assignment.path) + 1)
            document = _in_document(document, assignment.path, value)
    return document


def _in_order(overrides: Overrides) -> Iterator[tuple[str, str, Callable[[str], list[strvals.Assignment]]]]:
    """Every argument in the order in which helm takes them, which is not that of the command line."""
    for argument in overrides.set_json:
        yield "--set-json", argument, strvals.parse_json
    for argument in overrides.set:
        yield "--set", argument, lambda text: strvals.parse(text, strvals.typed)
    for argument in overrides.set_string:
        yield "--set-string", argument, lambda text: strvals.parse(text, str)
    for argument in overrides.set_file:
        yield "--set-file", argument, lambda text: strvals.parse(text, _content)
    for argument in overrides.set_literal:
        yield "--set-literal", argument, strvals.parse_literal


def _content(path: str) -> str:
    content = read_bytes(Path(path))
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ServiceFileError(
            f"the byte 0x{content[error.start]:02x} at offset {error.start:,} is not UTF-8", where=path
        ) from None


def _in_document(document: Mapping, path: DataPath, value: Node) -> Mapping:
    if path:
        return _in_mapping(document, (), path, value)
    return overlay(document, cast("Mapping", value))  # without a path, it was read as a JSON object


def _placed(node: Node | None, at: DataPath, rest: DataPath, value: Node) -> Node:
    """What becomes of the value `node` at `at` when `value` is put at `rest` in it."""
    if not rest:
        return overlay(Mapping({}, value.where), value, at) if isinstance(value, Mapping) else value
    if isinstance(rest[0], int):
        return _in_list(node, at, rest, value)
    is_nothing = node is None or is_null(node)
    node = Mapping({}, value.where) if node is None or is_nothing else long_form(node, at)
    if not isinstance(node, Mapping):
        raise _misfit(node, at, rest, value)
    return _in_mapping(node, at, rest, value)


def _in_mapping(node: Mapping, at: DataPath, rest: DataPath, value: Node) -> Mapping:
    key = str(rest[0])
    here = (*at, key)
    entries, removed = dict(node.entries), dict(node.removed)
    if len(rest) == 1 and isinstance(value, Scalar) and is_null(value) and not is_recorded(here):
        took = entries.pop(key, None) is not None
        removed[key] = Removed(value.where, value.text, took)
    else:
        removed.pop(key, None)
        entries[key] = Entry(value.where, _placed(find(node, (key,)), here, rest[1:], value))
    return Mapping(entries, node.where, removed)


def _in_list(node: Node | None, at: DataPath, rest: DataPath, value: Node) -> Listing:
    if node is None or is_null(node):
        node = Listing((), value.where)
    if not isinstance(node, Listing):
        raise _misfit(node, at, rest, value)
    index = int(rest[0])
    items = list(node.items)
    # As in helm, the items before one that is set are null until they are set as well.
    items.extend(Scalar(None, "null", value.where) for _ in range(len(items), index + 1))
    items[index] = _placed(items[index], (*at, index), rest[1:], value)
    return Listing(tuple(items), node.where)


def _misfit(node: Node, at: DataPath, rest: DataPath, value: Node) -> ServiceFileError:
    return ServiceFileError(
        f"`{path_text(at)}` is {kind(node)} at {node.where}, in which `{path_text((*at, rest[0]))}` has no place",
        where=value.where.source.name,
    )
