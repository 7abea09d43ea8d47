"""YAML text to nodes with positions, in one pass over the parser's events.

Working on events rather than on PyYAML's own nodes means that depth, duplicate keys and aliases are judged while the
text is read, and that nothing recurses on what somebody else wrote.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chartgen.errors import ServiceFileError
from chartgen.service.node import (
    MAX_DEPTH,
    Entry,
    Listing,
    Mapping,
    Node,
    Position,
    Scalar,
    Source,
    encodable,
    is_written,
)
from chartgen.service.scalars import CORE_TAGS, resolve, resolve_tagged
from chartgen.service.shield import Shield

if TYPE_CHECKING:
    import yaml
    from yaml._yaml import Mark as CMark
    from yaml.error import Mark

    _Mark = Mark | CMark

# The weight of a document is its characters, and two for each value, with every alias written out. A file of at most
# 1 MiB cannot reach this without aliases.
MAX_WEIGHT = 4 * 1024 * 1024

TOO_DEEP = f"the values lie deeper than {MAX_DEPTH} levels"

HINTS = {
    "found character that cannot start any token": "indent with spaces, and quote text that starts with @, ` or %",
    "mapping values are not allowed in this context": "quote text that holds `: `, and indent nested keys by spaces",
    "did not find expected key": "keys of one mapping start in the same column; quote text that starts with a quote",
    "could not find expected ':'": "a key is followed by `: `; quote text that goes over several lines",
    "found invalid Unicode character escape code": "write the character itself, or as one escape: \\U0001f600",
    "did not find expected alphabetic or numeric character": "quote text that starts with * or &",
    "did not find expected hexdecimal number": "a backslash itself is written \\\\ between double quotes",
    "found unknown escape character": "a backslash itself is written \\\\ between double quotes",
    "found unexpected end of stream": "the quote that opens here is never closed",
}
# What libyaml tells right behind the first two characters of the escape that it is about.
AFTER_ESCAPE = {"did not find expected hexdecimal number", "found invalid Unicode character escape code"}


def compose(text: str, source: Source) -> Node | None:
    """The document in `text`.

    Args:
        text: One YAML document without a byte-order mark.
        source: Where it was read.

    Returns:
        Its value, or None when it holds none.

    Raises:
        ServiceFileError: It is not YAML, or YAML that a service file must not be.
    """
    import yaml

    shield = Shield(text)
    # PyYAML may have been built without libyaml; its own parser reads the same, more slowly.
    loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    composer = _Composer(source, shield)
    try:
        for event in yaml.parse(shield.text, Loader=loader):
            composer.feed(event)
    except yaml.MarkedYAMLError as error:
        problem = error.problem or "cannot be read"
        where = composer.place_of(error)
        raise ServiceFileError(f"this is not YAML: {problem}", where=str(where), hint=HINTS.get(problem)) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # PyYAML's own parser trips over \UFFFFFFFF
        raise ServiceFileError(f"this is not YAML: {error}", where=source.name) from error
    return composer.document


@dataclass(frozen=True)
class _Sized:
    """A node, and what it comes to with every alias in it written out.

    Attributes:
        node: The node.
        weight: Its weight, see `MAX_WEIGHT`.
        depth: The levels in it; 0 for a scalar.
    """

    node: Node
    weight: int
    depth: int = 0


@dataclass
class _Open:
    """A list or a mapping whose end has not been read."""

    where: Position
    anchor: str | None
    is_mapping: bool
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    key: tuple[str, Position] | None = None
    weight: int = 2
    depth: int = 1

    @property
    def wants_key(self) -> bool:
        return self.is_mapping and self.key is None

    def add(self, child: _Sized) -> None:
        self.weight += child.weight
        self.depth = max(self.depth, child.depth + 1)
        if self.key is None:
            self.items.append(child.node)
        else:
            text, where = self.key
            self.entries[text] = Entry(where, child.node)
            self.key = None

    def close(self) -> _Sized:
        node = Mapping(self.entries, self.where) if self.is_mapping else Listing(tuple(self.items), self.where)
        return _Sized(node, self.weight, self.depth)


class _Composer:
    """Puts nodes together from events.

    Args:
        source: Where the document was read.
        shield: What undoes the stand-ins in the text.
    """

    def __init__(self, source: Source, shield: Shield) -> None:
        self.source = source
        self.shield = shield
        self.document: Node | None = None
        self.documents = 0
        self.open: list[_Open] = []
        self.anchors: dict[str, _Sized | None] = {}  # None until the value that is marked has ended

    def at(self, mark: _Mark | None) -> Position:
        """The position of a mark of the parser."""
        return Position(self.source, mark.line + 1, mark.column + 1) if mark else Position(self.source)

    def place_of(self, error: yaml.MarkedYAMLError) -> Position:
        """The place that an error is about, which need not be the one that reading had come to."""
        if error.problem == "found unexpected end of stream" and error.context_mark:
            return self.at(error.context_mark)
        place = self.at(error.problem_mark or error.context_mark)
        return replace(place, column=place.column - 2) if error.problem in AFTER_ESCAPE else place

    def feed(self, event: yaml.Event) -> None:
        """Takes the next event."""
        import yaml

        where = self.at(event.start_mark)
        match event:
            case yaml.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    raise _refusal("a second document starts here", where, hint="one file holds one service")
            case yaml.AliasEvent():
                self._alias(str(event.anchor), where)
            case yaml.ScalarEvent():
                self._scalar(event, where)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self._start(event, where)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                closed = self.open.pop()
                self._add(closed.close(), closed.anchor)
            case _:
                pass  # the stream's own start and end say nothing

    def _start(self, event: yaml.SequenceStartEvent | yaml.MappingStartEvent, where: Position) -> None:
        import yaml

        is_mapping = isinstance(event, yaml.MappingStartEvent)
        _check_tag(event.tag, {f"tag:yaml.org,2002:{'map' if is_mapping else 'seq'}", "!"}, where)
        if len(self.open) >= MAX_DEPTH:
            raise _refusal(TOO_DEEP, where)
        if self._wants_key():
            raise _refusal("a key is a list or a mapping", where, expected="text")
        if event.anchor:
            self.anchors[event.anchor] = None
        self.open.append(_Open(where, event.anchor, is_mapping))

    def _scalar(self, event: yaml.ScalarEvent, where: Position) -> None:
        _check_tag(event.tag, CORE_TAGS | {"!"}, where)
        text = encodable(self.shield.undo(event.value, in_double_quotes=event.style == '"'), where)
        if self._wants_key():
            self._check_key(text, event, where)
            self._set_key(text, where)
            if event.anchor:
                self.anchors[event.anchor] = _Sized(Scalar(text, text, where), 2 + len(text))
            return
        self._add(_Sized(Scalar(self._value(text, event, where), text, where), 2 + len(text)), event.anchor)

    def _value(self, text: str, event: yaml.ScalarEvent, where: Position) -> bool | int | float | str | None:
        try:
            if event.tag in CORE_TAGS:
                return resolve_tagged(text, event.tag)
            return resolve(text) if event.implicit[0] and event.tag != "!" else text
        except ValueError as error:
            if event.tag is None and is_written(tuple(level.key[0] if level.key else 0 for level in self.open)):
                return text
            raise _refusal(str(error), where, hint=f'write "{text[:40]}" if text is meant') from None

    @staticmethod
    def _check_key(text: str, event: yaml.ScalarEvent, where: Position) -> None:
        if event.tag not in {None, "!", "tag:yaml.org,2002:str"}:
            raise _refusal("a key has a tag", where, expected="text", hint="leave the tag out")
        if text == "<<" and event.implicit[0]:
            raise _refusal(
                "merge keys (`<<`) are not read", where, hint="write the keys out, or give a second file with -f"
            )

    def _set_key(self, text: str, where: Position) -> None:
        mapping = self.open[-1]
        if text in mapping.entries:
            first = mapping.entries[text].key
            raise _refusal(
                f"the key `{text}` is here twice", where, hint=f"line {first.line} has it already; keep one of the two"
            )
        mapping.key = (text, where)
        mapping.weight += 2 + len(text)

    def _alias(self, anchor: str, where: Position) -> None:
        if anchor not in self.anchors:
            raise _refusal(f"nothing above is marked `&{anchor}`", where, hint="quote text that starts with *")
        marked = self.anchors[anchor]
        if marked is None:
            raise _refusal(f"`*{anchor}` stands inside what it repeats", where)
        if marked.depth + len(self.open) > MAX_DEPTH:
            raise _refusal(TOO_DEEP, where)
        if not self._wants_key():
            # What is wrong with the value as a whole is wrong where it is repeated, not where it was marked.
            self._add(replace(marked, node=replace(marked.node, where=where)), None)
        elif isinstance(marked.node, Scalar):
            self._set_key(marked.node.text, where)
        else:
            raise _refusal("a key is a list or a mapping", where, expected="text")

    def _add(self, sized: _Sized, anchor: str | None) -> None:
        if sized.weight > MAX_WEIGHT:
            raise _refusal("the aliases in this value repeat more than a service file may hold", sized.node.where)
        if anchor:
            self.anchors[anchor] = sized
        if self.open:
            self.open[-1].add(sized)
        else:
            self.document = sized.node

    def _wants_key(self) -> bool:
        return bool(self.open) and self.open[-1].wants_key


def _check_tag(tag: str | None, allowed: frozenset[str] | set[str], where: Position) -> None:
    if tag is not None and tag not in allowed:
        shown = tag.replace("tag:yaml.org,2002:", "!!")
        raise _refusal(f"the tag `{shown}` is not read", where, hint="leave the tag out")


def _refusal(
    message: str, where: Position, *, expected: str | None = None, hint: str | None = None
) -> ServiceFileError:
    return ServiceFileError(message, where=str(where), expected=expected, hint=hint)
