"""A service file with hostile text in one of its fields, or in all that take any text."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

from tests.attack.cases import VALID, document_of
from tests.attack.fields import KEY, Occurrence, Path, Pattern, occurrences
from tests.attack.spelling import Spelled, Speller
from tests.attack.strings import CARRIED, HOSTILE, LONG, NAMES

# Where a person may write anything at all.
FREE: tuple[Pattern, ...] = (
    ("description",),
    ("env", "*"),
    ("sample", "input"),
    ("sample", "output"),
    *((owner, "annotations", "*") for owner in ("pod", "service", "ingress")),
)

HANDLER = """\
seen = []  # <no value>


def preprocess(value):
    seen[:] = [value]
    return [[0.0] * 64]


def postprocess(output):
    return seen[0]
"""


def everything() -> dict[str, Any]:
    """Every hostile text in every field that takes any; what goes in comes out of the handler again."""
    values = {f"V{number}": text for number, text in enumerate([*HOSTILE, LONG])}
    annotations = {f"example.com/k{number}": text for number, text in enumerate(CARRIED)}
    recorded = [*HOSTILE, dict.fromkeys(HOSTILE, 1)]
    return {
        "name": "hostile",
        "description": "".join(HOSTILE),
        "model": "./digits.onnx",
        "runtime": {"handler": "./handler.py"},
        "cpu": "100m",
        "memory": "512Mi",
        "env": values | {name: f"{name}=$({name})" for name in NAMES},
        "sample": {"input": [*recorded, LONG], "output": [*recorded, LONG]},
        "service": {"annotations": annotations},
        "ingress": {"enabled": True, "host": "hostile.example.com", "annotations": annotations},
        "pod": {"annotations": {**annotations, "example.com/long": LONG}},
    }


def with_text(pattern: Pattern, text: str) -> tuple[dict[str, Any], Path]:
    """A small valid document with `text` in one field, and the path of the field."""
    document, at = _holder(pattern[:-2] if pattern[-1] == KEY else pattern[:-1] if pattern[-1] == "*" else pattern)
    if pattern[-1] == KEY:
        path, value = (*at.path, text), {"env": "x"}.get(pattern[0], "a")
    elif pattern[-1] == "*":
        path, value = (*at.path, "key"), text
    else:
        path, value = at.path, text
    return _with(document, path, value), path


@cache
def _holder(pattern: Pattern) -> tuple[dict[str, Any], Occurrence]:
    """A document that has a value there, without the subjects that have nothing to do with it."""
    # A generated service asks for no packages of its own: its chart would need a lock file that has them.
    own_packages = {**document_of(VALID[0]), "runtime": {"requirements": ["tool==1.0"]}}
    for document in (*map(document_of, VALID), own_packages):
        kept = {key: document[key] for key in ("name", "model", "sample", pattern[0]) if key in document}
        for at in occurrences(kept):
            if at.pattern == pattern:
                return kept, at
    raise AssertionError(f"no generated service file has a value at {'.'.join(pattern)}")


def _with(document: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    made = document.copy()
    made[path[0]] = _with(made[path[0]] if len(path) > 1 else None, path[1:], value)
    return made


def spelled(document: dict[str, Any]) -> Spelled:
    """The document in a spelling that does not change from run to run."""
    return Speller(random.Random(7), "mixed").spell(document)
