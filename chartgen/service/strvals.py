r"""The little language of helm's `--set`: `a.b=1,c={x,y},d[0].e=z`, with `\` before a character that is only itself."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chartgen.service.node import MAX_DEPTH, Step, Written
from chartgen.service.scalars import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Helm's own limit.
MAX_INDEX = 65536
INT64 = range(-(2**63), 2**63)
INTEGER = re.compile(r"[+-]?[0-9]+")
INDEX = re.compile(r"[0-9]{1,9}")
WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


class SetSyntaxError(ValueError):
    """An argument of the `--set` family that helm would not understand either."""


@dataclass(frozen=True)
class Assignment:
    """One value and where it goes.

    Attributes:
        path: Keys and indexes from the top.
        value: What JSON knows, with `Written` where the characters matter.
    """

    path: tuple[Step, ...]
    value: object


def typed(text: str) -> object:
    """A value of `--set`: true, false, null and whole numbers are what they look like, all else is text.

    Args:
        text: The characters as written.
    """
    value: bool | int | str | None = text
    if text.casefold() in WORDS:  # as helm compares, which takes U+017F for an s
        value = WORDS[text.casefold()]
    elif text == "0" or (INTEGER.fullmatch(text) and not text.startswith("0") and len(text) < len(str(INT64.stop)) + 2):
        value = int(text) if int(text) in INT64 else text
    return Written(value, text)


def parse(text: str, convert: Callable[[str], object]) -> list[Assignment]:
    """The assignments of `--set`, `--set-string` or `--set-file`.

    Args:
        text: The argument.
        convert: Makes the value from the characters of one.

    Raises:
        SetSyntaxError: The argument cannot be understood.
    """
    return list(_Reader(text).assignments(lambda reader: reader.value(convert)))


def parse_json(text: str) -> list[Assignment]:
    """The assignments of `--set-json`: `a.b=[1,2],c="x"`, or one JSON object for the top of the document.

    Raises:
        SetSyntaxError: The argument cannot be understood.
    """
    if text.lstrip().startswith("{"):
        reader = _Reader(text)
        value = reader.json()
        if not reader.at_end:
            raise SetSyntaxError(f"`{reader.rest[:20]}` follows the JSON object")
        return [Assignment((), value)]
    return list(_Reader(text).assignments(_Reader.json))


def parse_literal(text: str) -> list[Assignment]:
    """The assignment of `--set-literal`: what follows the first `=` is the value, character by character.

    Raises:
        SetSyntaxError: The argument cannot be understood.
    """
    return list(_Reader(text, escapes=False).assignments(_Reader.remainder))


class _Reader:
    """Reads an argument from left to right.

    Args:
        text: The argument.
        escapes: Whether a backslash takes the meaning from the next character.
    """

    def __init__(self, text: str, *, escapes: bool = True) -> None:
        self.text = text
        self.escapes = escapes
        self.index = 0

    @property
    def at_end(self) -> bool:
        return self.index >= len(self.text)

    @property
    def rest(self) -> str:
        return self.text[self.index :]

    def next_is(self, char: str) -> bool:
        """Whether `char` comes next."""
        return self.text.startswith(char, self.index)

    def assignments(self, value: Callable[[_Reader], object]) -> Iterator[Assignment]:
        """Every assignment, each value read by `value`."""
        while not self.at_end:
            path = self.path()
            yield Assignment(path, value(self))

    def until(self, stops: str) -> tuple[str, str]:
        """The characters before the first of `stops`, and that one; empty at the end."""
        found: list[str] = []
        while not self.at_end:
            char = self.text[self.index]
            self.index += 1
            if char in stops:
                return "".join(found), char
            if char == "\\" and self.escapes:
                if self.at_end:
                    raise SetSyntaxError("a `\\` stands at the end, with nothing to escape")
                char = self.text[self.index]
                self.index += 1
            found.append(char)
        return "".join(found), ""

    def path(self) -> tuple[Step, ...]:
        """Everything before the `=`."""
        steps: list[Step] = []
        stop = "."
        while stop != "=":
            if stop == "[":
                steps.append(self.list_index())
                gap, stop = self.until(".[=")
                if gap or not stop:
                    raise SetSyntaxError(f"`{gap}` follows the index [{steps[-1]}]" if gap else "there is no `=`")
            else:
                key, stop = self.until(".[=," if self.escapes else ".[=")
                if stop in {"", ","}:
                    raise SetSyntaxError(f"the key `{key}` has no value" if key else "a key is missing")
                if not key:
                    raise SetSyntaxError(f"a key is missing before `{stop}`")
                steps.append(key)
            if len(steps) > MAX_DEPTH:
                raise SetSyntaxError(f"the key has more than {MAX_DEPTH} parts")
        return tuple(steps)

    def list_index(self) -> int:
        """The number between `[` and `]`."""
        text, stop = self.until("]")
        if not stop:
            raise SetSyntaxError("a `[` is not closed")
        if not INDEX.fullmatch(text) or int(text) > MAX_INDEX:
            raise SetSyntaxError(f"`{text[:20]}` is no index; write a whole number from 0 to {MAX_INDEX}")
        return int(text)

    def value(self, convert: Callable[[str], object]) -> object:
        """One value, or a list in braces, up to the comma that ends it."""
        if not self.next_is("{"):
            return convert(self.until(",")[0])
        self.index += 1
        items: list[object] = []
        stop = ","
        while stop == ",":
            text, stop = self.until(",}")
            items.append(convert(text))
        if not stop:
            raise SetSyntaxError("a list starts with `{` and does not end with `}`")
        if self.next_is(","):
            self.index += 1
        return items

    def remainder(self) -> str:
        """All that is left, as it is."""
        rest, self.index = self.rest, len(self.text)
        return rest

    def json(self) -> object:
        """One JSON value, and the comma after it; nothing is null."""
        self.skip_spaces()
        if self.at_end or self.next_is(","):
            self.index += 1
            return None
        try:
            value, self.index = _DECODER.raw_decode(self.text, self.index)
        except json.JSONDecodeError as error:
            raise SetSyntaxError(f"this is not JSON: {error.msg} at character {error.pos + 1}") from None
        except RecursionError:
            raise SetSyntaxError(f"the JSON is nested deeper than {MAX_DEPTH} levels") from None
        self.skip_spaces()
        if self.next_is(","):
            self.index += 1
        return value

    def skip_spaces(self) -> None:
        while not self.at_end and self.text[self.index].isspace():
            self.index += 1


def _number(text: str) -> Written:
    try:
        return Written(resolve(text), text)
    except ValueError as error:
        raise SetSyntaxError(str(error)) from None


def _constant(text: str) -> object:
    raise SetSyntaxError(f"{text} is no number that JSON knows")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise SetSyntaxError(f"the key `{twice}` is here twice")
    return found


# Numbers keep the characters they were written with, for the places where text is taken as written.
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_number, parse_int=_number, parse_constant=_constant)
