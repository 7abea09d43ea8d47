"""A choice of documents in which every two subjects meet in every combination that all documents have."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING, Any

from chartgen.service.vocabulary import declared
from tests.attack.cases import VALID, document_of

if TYPE_CHECKING:
    from collections.abc import Iterable

Feature = tuple[str, str]


def features(document: dict[str, Any]) -> list[Feature]:
    """How a document speaks of each subject: not at all, with which kind of value, with which word of a list."""
    return [(".".join(path), _variant(document, path)) for path in declared() if len(path) <= 2]


def _variant(document: Any, path: tuple[str, ...]) -> str:
    part = declared()[path]
    for step in path:
        if not isinstance(document, dict) or step not in document:
            return "absent"
        document = document[step]
    if isinstance(document, bool) or "enum" in part:
        return str(document)
    if isinstance(document, dict | list):
        return f"{type(document).__name__} {'filled' if document else 'empty'}"
    return "text" if isinstance(document, str) else "number"


def pairs(numbers: Iterable[int]) -> set[tuple[Feature, Feature]]:
    """Every pair of features that some of these documents have."""
    return {pair for number in numbers for pair in combinations(features(document_of(number)), 2)}


@cache
def pairwise(count: int) -> tuple[int, ...]:
    """The numbers of `count` valid documents, chosen so that few of them hold every pair of features of all of them."""
    order: dict[tuple[Feature, Feature], int] = {}
    masks = {}
    for number in VALID:
        ours = combinations(features(document_of(number)), 2)
        masks[number] = _mask([order.setdefault(pair, len(order)) for pair in ours])
    missing = everything = (1 << len(order)) - 1
    chosen: list[int] = []
    while len(chosen) < count:
        best = max(masks, key=lambda number: (masks[number] & missing).bit_count())
        missing &= ~masks.pop(best)
        chosen.append(best)
        missing = missing or everything  # all met: the rest lets them meet again
    return tuple(chosen)


def _mask(places: list[int]) -> int:
    """A number whose bits at these places are set."""
    written = bytearray(max(places) // 8 + 1)
    for place in places:
        written[place // 8] |= 1 << place % 8
    return int.from_bytes(written, "little")
