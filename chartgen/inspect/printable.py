"""Names out of a file as they are shown: the file may hold anything, and the message goes to a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN = 20
_WIDTH = 100


def printable(name: str) -> str:
    """The name as one printable word."""
    text = name if name.isprintable() and name.isascii() else ascii(name)
    return text if len(text) <= _WIDTH else text[:_WIDTH] + "…"


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
