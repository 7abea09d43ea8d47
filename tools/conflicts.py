"""Says in one sentence which two packages ask for different versions of a third, of what uv says at length."""

from __future__ import annotations

import re

_ASKS = (
    r"(?P<{0}>[\w.-]+?)(?:==|>=)(?P<{0}_version>[\w.]+) depends on "
    r"(?:one of: )?(?P<{0}_ranges>(?:[\w.-]+?[<>=!~][^ ]+ ?)+)"
)
_CONFLICT = re.compile(rf"Because {_ASKS.format('first')}and {_ASKS.format('other')}we can conclude")


def in_short(message: str) -> str:
    """The packages that exclude each other and what each needs; the message itself where it says something else.

    Args:
        message: What uv says, on one line.
    """
    found = _CONFLICT.search(message)
    if found is None:
        return message
    needs = [
        f"{found[each]} {found[f'{each}_version']} needs {_range(found[f'{each}_ranges'])}"
        for each in ("first", "other")
    ]
    return " and ".join(needs)


def _range(ranges: str) -> str:
    """The whole of what uv may list in pieces, where single versions in between are left out: `protobuf>=3.20,<5`."""
    name, low = re.match(r"([\w.-]+?)([<>=!~][^ ,]*)", ranges).groups()  # type: ignore[union-attr]  # it was found
    high = ranges.rsplit(maxsplit=1)[-1].rpartition(",")[2]
    return f"{name}{low},{high.removesuffix('.dev0')}" if high != f"{name}{low}" else ranges.strip()
