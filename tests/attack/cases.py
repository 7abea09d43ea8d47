"""The generated service files, each by its number, so that any of them can be made again alone."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from typing import Any

from chartgen.service.words import path_text
from tests.attack.defects import broken
from tests.attack.spelling import Place, Spelled, spell
from tests.attack.valid import valid

# Another seed makes other files: `CHARTGEN_TEST_SEED=2 make test`.
SEED = os.environ.get("CHARTGEN_TEST_SEED", "1")
COUNT = 5000
VALID = tuple(number for number in range(COUNT) if number % 3 == 0)


@dataclass(frozen=True)
class Case:
    """One service file.

    Attributes:
        number: Its number.
        kind: `valid`, or what is wrong with it.
        document: What is written in it, the defect included where it is one of the document.
        content: The file.
        told: Of a defective one, what must be told: `line:column`, and the path of the value.
    """

    number: int
    kind: str
    document: Any
    content: bytes
    told: tuple[str, str] | None = None

    def __str__(self) -> str:
        head = f"file {self.number} of CHARTGEN_TEST_SEED={SEED} ({self.kind})"
        return f"{head}\n{self.content[:6000].decode(errors='backslashreplace')}"


def document_of(number: int) -> dict[str, Any]:
    """The valid document that a case starts from."""
    return valid(random.Random(f"{SEED}/{number}"))


def case(number: int) -> Case:
    """The file of a number."""
    document = document_of(number)
    rng = random.Random(f"{SEED}/{number}/spelling")
    if number in VALID:
        return Case(number, "valid", document, spell(document, rng).text.encode())
    if number % 30 == 1:
        return _broken_text(number, document, rng)
    document, defect = broken(document, rng)
    spelled = spell(document, rng)
    return Case(
        number, defect.kind, document, spelled.text.encode(), (str(defect.place(spelled)), path_text(defect.path))
    )


# What stands in a line of its own at the end, and the column in which it must be told.
LAST_LINES: tuple[tuple[str, bytes, int], ...] = (
    ("a second document", b"---\na: 1\n", 1),
    ("a byte that is not UTF-8", "# é ".encode() + b"\xe9\n", 5),
    ("a control character", "# 😀\x01".encode(), 4),
    ("a half character", b"# \xed\xa0\x80", 3),
)


def _broken_text(number: int, document: Any, rng: random.Random) -> Case:
    spelled = spell(document, rng)
    kind, last, column = rng.choice(LAST_LINES)
    if spelled.style == "block" and not spelled.text.rstrip().endswith("...") and rng.random() < 0.5:
        kind, last, column = "an open quote", rng.choice([b"zz: 'a\nb: c\n", b'zz: "a: b']), 5
    place = Place(_lines(spelled) + 1, column)
    return Case(number, kind, document, spelled.text.encode() + b"\n" + last, (str(place), ""))


def _lines(spelled: Spelled) -> int:
    return spelled.text.replace("\r\n", "\n").count("\n") + 1
