"""Writes a document as YAML in one of many spellings, and knows the place of everything in it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chartgen.service.node import is_written
from chartgen.service.scalars import NULL, resolve

if TYPE_CHECKING:
    import random

Path = tuple[str | int, ...]

PLAIN = re.compile(r"[A-Za-z0-9_./](?:[A-Za-z0-9_./@+:-]*[A-Za-z0-9_./@+-])?(?: [A-Za-z0-9_./]+)*")
# Lines of a block scalar: nothing that would be folded, indented or lost.
BLOCK_LINES = re.compile(r"(?:[!-~]+(?: [!-~]+)*\n)*[!-~]+(?: [!-~]+)*\n?")
COMMENTS = ["# a comment", "#", '# name: "x" [ { &a *b', "# 😀 \u2028 # more", "#\ttab"]
# What YAML lets stand between double quotes without an escape.
PRINTABLE = re.compile("[\t\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0", "\x85": "\\N", "\u2028": "\\L"}


@dataclass(frozen=True)
class Place:
    """A line and a column, both from 1."""

    line: int
    column: int

    def after(self, columns: int) -> Place:
        return Place(self.line, self.column + columns)

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


@dataclass(frozen=True)
class Raw:
    """A scalar, or a key, that is written with exactly these characters."""

    text: str


class Pairs(list[tuple["str | Raw", Any]]):
    """A mapping in which a key may stand twice."""


@dataclass
class Spelled:
    """A document as text, and where each key and each value of it begins (of a key that stands twice, the second)."""

    text: str
    keys: dict[Path, Place]
    values: dict[Path, Place]
    style: str


STYLES = ("block", "flow", "json", "mixed")


class Speller:
    """Writes one document.

    Args:
        rng: What chooses among the spellings.
        style: `block`, `flow` (over several lines), `json`, or `mixed` (flow within block).
    """

    def __init__(self, rng: random.Random, style: str) -> None:
        self.rng = rng
        self.style = style
        self.newline = rng.choice(["\n", "\n", "\r\n"])
        self.step = rng.randint(1, 4)
        self.quotes = rng.choice(["few", "single", "double"])
        self.chatty = style != "json" and rng.random() < 0.4
        self.anchors: dict[str, tuple[str, Path]] | None = {} if style != "json" and rng.random() < 0.3 else None
        self.parts: list[str] = []
        self.in_block_text = False  # where a comment would be text
        self.line = self.column = 1
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}

    def spell(self, document: Any) -> Spelled:
        """The whole document."""
        if self.chatty:
            self._prologue()
        self._node(document, (), 0, in_flow=self.style in {"flow", "json"})
        if self.rng.random() < 0.9:
            self._end_line()
        if self.chatty and self.column == 1:
            self._put(self.rng.choice(["...", "# the end", ""]))
        return Spelled("".join(self.parts), self.keys, self.values, self.style)

    def _prologue(self) -> None:
        # A byte-order mark is no part of the text, and takes no column.
        self.parts.append(self.rng.choice(["", "", "\ufeff"]))
        for _ in range(self.rng.randint(0, 2)):
            self._put(self.rng.choice(COMMENTS))
            self._end_line()
        if self.rng.random() < 0.5:
            self._put("---")
            self._end_line()

    def _put(self, text: str) -> None:
        self.parts.append(text)
        self.column += len(text)

    def _end_line(self) -> None:
        self.parts.append(self.newline)
        self.line, self.column = self.line + 1, 1

    def _fresh_line(self, indent: int) -> None:
        """A new line, where it may be with comments and empty lines before it."""
        while self.chatty and not self.in_block_text and self.rng.random() < 0.15:
            if self.column > 1:
                self._put(" ")
            self._put(self.rng.choice([*COMMENTS, ""]))
            self._end_line()
        if self.column > 1:
            self._end_line()
        self.in_block_text = False
        self._put(" " * indent)

    @property
    def here(self) -> Place:
        return Place(self.line, self.column)

    def _node(self, value: Any, path: Path, indent: int, *, in_flow: bool) -> None:
        """A value that begins right here."""
        self.values[path] = self.here
        if (in_flow or isinstance(value, str)) and self._repeated(value, path):
            return
        if isinstance(value, dict):
            value = Pairs(value.items())
        if not isinstance(value, list):
            self._scalar(value, path, indent, in_flow=in_flow)
        elif not value:
            self._put("{}" if isinstance(value, Pairs) else "[]")
        elif in_flow:
            self._flow(value, path, indent)
        else:
            self._block(value, path, indent)

    def _repeated(self, value: Any, path: Path) -> bool:
        """Whether an alias stands for the value now; where it is new, it may be marked for later."""
        # Where text is taken as it is written, it may be a number anywhere else.
        if self.anchors is None or not path or is_written(path) or not _is_text(value):
            return False
        text = json.dumps(value)
        name, first = self.anchors.get(text, ("", ()))
        if name and self.rng.random() < 0.7:
            self._put(f"*{name} ")
            for places in (self.keys, self.values):  # what lies in it stays where it was written
                inner = {at: place for at, place in places.items() if at[: len(first)] == first and at != first}
                places.update({(*path, *at[len(first) :]): place for at, place in inner.items()})
            return True
        if not name and self.rng.random() < 0.3:
            name = f"a{len(self.anchors)}"
            self._put(f"&{name} ")
            self.anchors[text] = (name, path)
        return False

    def _flow(self, value: list[Any], path: Path, indent: int) -> None:
        is_mapping = isinstance(value, Pairs)
        spread = self.rng.random() < 0.5
        self._put("{" if is_mapping else "[")
        for index, item in enumerate(value):
            if spread:
                self._fresh_line(indent + self.step)
            elif index:
                self._put(" ")
            if is_mapping:
                key, inner = item
                self._put("? " if _is_long(key) else "")
                self._key(key, (*path, key))
                self._put(": ")
                self._node(inner, (*path, key), indent + self.step, in_flow=True)
            else:
                self._node(item, (*path, index), indent + self.step, in_flow=True)
            if index < len(value) - 1 or (self.style != "json" and self.rng.random() < 0.2):
                self._put(",")
        if spread:
            self._fresh_line(indent + 1)
        self._put("}" if is_mapping else "]")

    def _block(self, value: list[Any], path: Path, indent: int) -> None:
        """A block that begins right here, its further lines at `indent`."""
        is_mapping = isinstance(value, Pairs)
        for index, item in enumerate(value):
            if index:
                self._fresh_line(indent)
            if is_mapping:
                key, inner = item
                explicit = _is_long(key) or self.rng.random() < 0.03
                if explicit:
                    self._put("? ")
                self._key(key, (*path, key))
                if explicit:
                    self._fresh_line(indent)
                self._put(":")
                self._below(inner, (*path, key), indent)
            else:
                self._put("-")
                self._item(item, (*path, index), indent)

    def _below(self, value: Any, path: Path, indent: int) -> None:
        """The value of a block key: a scalar or a flow on the same line, a block below it."""
        if self._is_block(value):
            is_list = isinstance(value, list) and not isinstance(value, Pairs)
            inner = indent + (0 if is_list else self.step)
            self._fresh_line(inner)
            self._node(value, path, inner, in_flow=False)
            return
        self._put(" " * self.rng.choice([1, 1, 1, 3]))
        self._node(value, path, indent + self.step, in_flow=isinstance(value, dict | list))

    def _item(self, value: Any, path: Path, indent: int) -> None:
        self._put(" ")
        block = self._is_block(value)
        self._node(value, path, indent + 2, in_flow=isinstance(value, dict | list) and not block)

    def _is_block(self, value: Any) -> bool:
        return (
            isinstance(value, dict | list) and bool(value) and not (self.style == "mixed" and self.rng.random() < 0.4)
        )

    def _key(self, key: str | Raw, path: Path) -> None:
        self.keys[path] = self.here
        if isinstance(key, Raw):
            self._put(key.text)
        else:
            self._put(key if self._is_plain_key(key) else self._quoted(key))

    def _is_plain_key(self, key: str) -> bool:
        return self.style != "json" and PLAIN.fullmatch(key) is not None and self.rng.random() < 0.85

    def _scalar(self, value: Any, path: Path, indent: int, *, in_flow: bool) -> None:
        if isinstance(value, Raw):
            self._put(value.text)
        elif isinstance(value, str):
            self._text(value, path, indent, in_flow=in_flow)
        elif value is None:
            self._put("null" if self.style == "json" else self.rng.choice(["null", "~", "Null", "NULL"]))
        elif isinstance(value, bool):
            word = str(value).lower()
            self._put(word if self.style == "json" or is_written(path) else self.rng.choice([word, str(value)]))
        elif isinstance(value, int):
            self._put(self._integer(value, path))
        else:
            self._put(repr(value))

    def _integer(self, value: int, path: Path) -> str:
        if self.style == "json" or is_written(path) or value < 0:
            return str(value)
        return self.rng.choice([str(value)] * 4 + [hex(value), f"0o{value:o}", f"+{value}"])

    def _text(self, value: str, path: Path, indent: int, *, in_flow: bool) -> None:
        if self._stays_plain(value, path):
            self._put(value)
        elif (
            self.style != "json" and not in_flow and indent and BLOCK_LINES.fullmatch(value) and self.rng.random() < 0.4
        ):
            self._block_text(value, indent)
        else:
            self._put(("!!str " if self.style != "json" and self.rng.random() < 0.03 else "") + self._quoted(value))

    def _stays_plain(self, value: str, path: Path) -> bool:
        if self.style == "json" or self.quotes != "few" or not PLAIN.fullmatch(value):
            return False
        try:
            return (is_written(path) and value not in NULL) or resolve(value) == value
        except ValueError:
            return False

    def _block_text(self, value: str, indent: int) -> None:
        folded = "\n" not in value.removesuffix("\n") and self.rng.random() < 0.5
        self._put((">" if folded else "|") + ("" if value.endswith("\n") else "-"))
        for line in value.removesuffix("\n").split("\n"):
            self._end_line()
            self._put(" " * indent + line)
        self.in_block_text = True

    def _quoted(self, value: str) -> str:
        single = all(PRINTABLE.fullmatch(char) for char in value) and self.quotes != "double"
        if single and self.style != "json":
            return "'" + value.replace("'", "''") + "'"
        if self.style == "json" or self.rng.random() < 0.3:
            text = json.dumps(value, ensure_ascii=self.rng.random() < 0.5)
            return "".join(char if PRINTABLE.fullmatch(char) else f"\\u{ord(char):04x}" for char in text)
        return '"' + "".join(self._escaped(char) for char in value) + '"'

    def _escaped(self, char: str) -> str:
        if char in '"\\' or not PRINTABLE.fullmatch(char):
            return ESCAPES.get(char) or (f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}")
        if self.rng.random() < 0.05:
            return ESCAPES.get(char) or f"\\U{ord(char):08X}"
        return char


def _is_long(key: str | Raw) -> bool:
    """Whether YAML takes the key only behind a `? `: beyond 1,024 characters, escapes included."""
    return isinstance(key, str) and len(key) > 100


def _is_text(value: Any) -> bool:
    """Whether a value is text, or a mapping of text, and so means the same wherever it is repeated."""
    return isinstance(value, str) or (
        isinstance(value, dict) and bool(value) and all(isinstance(item, str) for item in value.values())
    )


def spell(document: Any, rng: random.Random) -> Spelled:
    """The document in a spelling that `rng` chooses."""
    return Speller(rng, rng.choice(STYLES)).spell(document)
