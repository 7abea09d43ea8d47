"""Exactly one known defect put into a valid document, and the place where it must be told."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from chartgen.service.node import is_recorded, is_written
from tests.attack.broken_rules import BROKEN_RULES
from tests.attack.fields import Occurrence, Path, long_form, occurrences, required, short_form, types
from tests.attack.spelling import Pairs, Place, Raw, Spelled

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

WRONG: dict[str, tuple[Any, ...]] = {
    "string": ("text", "1 "),
    "number": (1.5, -0.25),
    "boolean": (True, False),
    "array": ([], [1], [{"a": []}]),
    "object": ({}, {"zz": 1}),
}
NOT_MATCHING = ("", "a b", "UPPER/case", "-x-", "é", "..", "a\n", "{{ x }}", "x" * 300, "1.2", "v1.0.0+b", "g" * 64)
UNKNOWN_KEYS = ("zz", "nmae", "Replicas", "", "a.b", "😀", "{{ x }}", "1e3", "no")


@dataclass(frozen=True)
class Defect:
    """One thing that is wrong.

    Attributes:
        kind: What kind of defect it is.
        path: The value that must be named; empty for YAML that cannot be read.
        at: The path whose place must be told.
        side: Whether that is the place of its key or of its value.
        columns: How far behind that place.
        unreadable: Whether the file cannot be read at all.
    """

    kind: str
    path: Path
    at: Path
    side: Literal["key", "value"] = "value"
    columns: int = 0
    unreadable: bool = False

    def place(self, spelled: Spelled) -> Place:
        """The true line and column of the defect."""
        places = spelled.keys if self.side == "key" else spelled.values
        return places[self.at].after(self.columns)


Broken = tuple[dict[str, Any], Defect]


def broken(document: dict[str, Any], rng: random.Random) -> Broken:
    """The document with one defect of a kind that can be put into it."""
    names = list(KINDS)
    rng.shuffle(names)
    everything = list(occurrences(document))
    for name in names:
        candidates = list(KINDS[name](everything, rng))
        if candidates:
            path, change, defect = rng.choice(candidates)
            return _changed(document, path, change), Defect(name, *defect)
    raise AssertionError("no defect fits this document")


Candidate = tuple[Path, Any, tuple[Any, ...]]


def _changed(document: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    """A copy in which the value at `path` is what `change` makes of it."""
    if not path:
        return change(copy.copy(document))
    made = copy.copy(document)
    made[path[0]] = _changed(document[path[0]], path[1:], change)
    return made


def _instead(at: Occurrence, value: Any, *, unreadable: bool = False, columns: int = 0) -> Candidate:
    """Another value in the same place, told there."""
    return at.path, lambda _: value, (() if unreadable else at.path, at.path, "value", columns, unreadable)


def _with_pair(at: Occurrence, key: Any, value: Any, rng: random.Random, *, unreadable: bool) -> Candidate:
    """One more key in a mapping, told at the key."""
    there = len(at.value)
    first = 1 + list(at.value).index(key) if key in at.value else 0

    def change(mapping: Any) -> Pairs:
        pairs = Pairs(mapping.items())
        pairs.insert(rng.randint(first, there), (key, value))
        return pairs

    path = (*at.path, key)
    return at.path, change, (() if unreadable else path, path, "key", 0, unreadable)


def _mappings(everything: list[Occurrence]) -> Iterator[Occurrence]:
    return (at for at in everything if isinstance(at.value, dict))


def _is_fixed(part: dict[str, Any]) -> bool:
    """Whether a mapping has these keys and no others, and is no choice among them."""
    return part.get("additionalProperties") is False and "maxProperties" not in part


def unknown_key(everything: list[Occurrence], rng: random.Random) -> Iterator[Candidate]:
    for at in _mappings(everything):
        key = rng.choice([key for key in UNKNOWN_KEYS if key not in long_form(at.part).get("properties", {})])
        if _is_fixed(long_form(at.part)):
            yield _with_pair(at, key, rng.choice(["x", 1, {}, []]), rng, unreadable=False)


def duplicate_key(everything: list[Occurrence], rng: random.Random) -> Iterator[Candidate]:
    for at in _mappings(everything):
        if at.value:
            key = rng.choice(list(at.value))
            yield _with_pair(at, key, rng.choice([at.value[key], "x"]), rng, unreadable=True)


def merge_key(everything: list[Occurrence], rng: random.Random) -> Iterator[Candidate]:
    for at in _mappings(everything):
        yield _with_pair(at, Raw("<<"), {}, rng, unreadable=True)


def missing_key(everything: list[Occurrence], rng: random.Random) -> Iterator[Candidate]:
    for at in _mappings(everything):
        for key in set(required(long_form(at.part), at.value)) & set(at.value):
            path = (*at.path, key)
            rest = {name: value for name, value in at.value.items() if name != key}
            yield at.path, lambda _, rest=rest: rest, (path, at.path, "value")
            if not is_recorded(path) and all(isinstance(step, str) for step in path):  # null takes no key away there
                yield path, lambda _: None, (path, path, "key")


def planned_key(everything: list[Occurrence], rng: random.Random) -> Iterator[Candidate]:
    for at in _mappings(everything):
        for key, part in long_form(at.part).get("properties", {}).items():
            if part.get("x-chartgen-status") == "planned":
                yield _with_pair(at, key, part["examples"][0], rng, unreadable=False)


def planned_value(everything: list[Occurrence], rng: random.Random) -> Iterator[Candidate]:
    for at in _values(everything):
        for value in short_form(at.part).get("x-chartgen-planned", []):
            yield _instead(at, value)


def _values(everything: list[Occurrence]) -> Iterator[Occurrence]:
    """What is no mapping and could be replaced without taking another defect's place."""
    return (at for at in everything if at.path and not isinstance(at.value, dict | list))


def wrong_type(everything: list[Occurrence], rng: random.Random) -> Iterator[Candidate]:
    for at in everything:
        allowed = {"number" if kind == "integer" else kind for kind in types(at.part)}
        for kind in WRONG.keys() - allowed:
            if kind in {"number", "boolean"} and is_written(at.path):
                continue  # it would be the text that it is written with
            if at.path:
                yield _instead(at, rng.choice(WRONG[kind]))
        if "integer" in types(at.part):
            yield _instead(at, 1.5)
        if at.path and (isinstance(at.path[-1], int) or is_recorded(at.path)) and "null" not in types(at.part):
            yield _instead(at, None)


def not_in_the_list(everything: list[Occurrence], rng: random.Random) -> Iterator[Candidate]:
    for at in _values(everything):
        if "enum" in short_form(at.part):
            yield _instead(at, rng.choice(["zz", "", "Fastapi", "{{ x }}", "x" * 200]))


def no_match(everything: list[Occurrence], rng: random.Random) -> Iterator[Candidate]:
    for at in _values(everything):
        pattern = at.part.get("pattern")
        if pattern:
            whole = re.sub(r"\$$", r"\\Z", pattern)
            yield _instead(at, rng.choice([text for text in NOT_MATCHING if not re.search(whole, text)]))


def empty_text(everything: list[Occurrence], _rng: random.Random) -> Iterator[Candidate]:
    for at in _values(everything):
        if at.part.get("minLength") and isinstance(at.value, str):
            yield _instead(at, "")


def out_of_range(everything: list[Occurrence], _rng: random.Random) -> Iterator[Candidate]:
    for at in _values(everything):
        if "minimum" in at.part and "string" not in types(at.part):
            yield _instead(at, at.part["minimum"] - 1)
        if "maximum" in at.part and "string" not in types(at.part):
            yield _instead(at, at.part["maximum"] + 1)
        if "maxLength" in at.part:
            yield _instead(at, "a" * (at.part["maxLength"] + 1))


def wrong_count(everything: list[Occurrence], _rng: random.Random) -> Iterator[Candidate]:
    reference = {"name": "a", "key": "b"}
    for at in everything:
        if "minItems" in at.part:
            yield _instead(at, [])
        if "maxProperties" in at.part:
            yield _instead(at, {})
            yield _instead(at, {"secretKeyRef": reference, "configMapKeyRef": reference})


# What cannot be read, as it is written, and how far from its start that is told.
BAD_YAML: tuple[tuple[str, int], ...] = (
    ("!!python/object:os.system x", 0), ("!foo x", 0), ("!!binary aGk=", 0), ("!!int x", 0), ("*nope ", 0), ("@x", 0),
    ("`x`", 0), ("%x", 0), ('"a\x07b"', 2), ("'\x7f'", 1), ('"a\\ud800b"', 2), ('"\\x"', 1), ('"\\q"', 1),
)  # fmt: skip
NO_NUMBERS = (".nan", "-.INF", "1e999", "9" * 3501, "0x" + "f" * 4000)


def bad_yaml(everything: list[Occurrence], rng: random.Random) -> Iterator[Candidate]:
    for at in _values(everything):
        text, columns = rng.choice(BAD_YAML)
        yield _instead(at, Raw(text), unreadable=True, columns=columns)


def no_number(everything: list[Occurrence], rng: random.Random) -> Iterator[Candidate]:
    for at in _values(everything):
        if not is_written(at.path):
            yield _instead(at, Raw(rng.choice(NO_NUMBERS)), unreadable=True)


def too_deep(everything: list[Occurrence], _rng: random.Random) -> Iterator[Candidate]:
    for at in _values(everything):
        yield _instead(at, Raw("[" * 80 + "]" * 80), unreadable=True, columns=64 - len(at.path))


def nul(everything: list[Occurrence], _rng: random.Random) -> Iterator[Candidate]:
    for at in _values(everything):
        if at.pattern in {
            ("description",),
            ("env", "*"),
            ("pod", "annotations", "*"),
            ("runtime", "packages", "noProxy"),
        }:
            yield _instead(at, "a\0b")


def broken_rule(everything: list[Occurrence], rng: random.Random) -> Iterator[Candidate]:
    for at in everything:
        for rule in BROKEN_RULES.get(at.pattern, ()):
            made = rule(at.value, rng)
            if made is not None:
                value, inner, *side = made
                path = (*at.path, *inner)
                yield at.path, lambda _, value=value: value, (path, path, *(side or ["value"]))


KINDS: dict[str, Callable[[list[Occurrence], random.Random], Iterator[Candidate]]] = {
    "unknown key": unknown_key,
    "duplicate key": duplicate_key,
    "merge key": merge_key,
    "missing key": missing_key,
    "planned key": planned_key,
    "planned value": planned_value,
    "wrong type": wrong_type,
    "not in the list": not_in_the_list,
    "no match": no_match,
    "empty text": empty_text,
    "out of range": out_of_range,
    "wrong count": wrong_count,
    "bad YAML": bad_yaml,
    "no number": no_number,
    "too deep": too_deep,
    "NUL": nul,
    "broken rule": broken_rule,
    "another broken rule": broken_rule,
    "a third broken rule": broken_rule,
}
