"""A column that a row has twice: readers of JSON keep the last one, and nobody would hear of the other."""

from __future__ import annotations

import json
from typing import Any

from ..errors import refused
from ..protocol import member


class _Doubled(dict[str, Any]):
    """An object that has this member twice."""

    name = ""


def refuse_doubled(body: bytes, value: Any) -> None:
    """Refuses a row of a table that has a column twice.

    Args:
        body: The request.
        value: The value of its `input`, as the codec read it.

    Raises:
        ServingError: 422 with the place.
    """
    rows = value if isinstance(value, list) else [value]
    # Every member has one colon, and a text may have some: only where there are more than members a second look is due.
    if body.count(b":") <= 1 + sum(len(row) for row in rows if isinstance(row, dict)):
        return
    try:
        again = json.loads(body, object_pairs_hook=_object).get("input")
    except (ValueError, RecursionError):  # nested too deep for a table, which is refused for that
        return
    for index, row in enumerate(again if isinstance(again, list) else [again]):
        if isinstance(row, _Doubled):
            path = member(f"input[{index}]" if isinstance(again, list) else "input", row.name)
            raise refused("doubled_column", f"the column {row.name!r} is there twice", path, "every column once")


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(members)
    if len(made) == len(members):
        return made
    names = [name for name, _ in members]
    doubled = _Doubled(made)
    doubled.name = next(name for number, name in enumerate(names) if name in names[:number])
    return doubled
