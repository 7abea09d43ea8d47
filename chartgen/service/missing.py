"""A file that is not there: what lies in its place, and what may have been meant."""

from __future__ import annotations

import os
from difflib import get_close_matches
from typing import TYPE_CHECKING

from chartgen.service.words import quoted

if TYPE_CHECKING:
    from pathlib import Path


def target(file: Path) -> str | None:
    """Where a symbolic link leads that ends at no file, in quotes; None for what is no link."""
    try:
        return quoted(os.readlink(file))  # noqa: PTH115 - as it is written, without `./` taken away
    except (OSError, ValueError):
        return None


def near(file: Path) -> str | None:
    """The name in the same folder that is nearest to a file's, and not its own; None where none is near."""
    found = get_close_matches(file.name, [name for name in names(file.parent) if name != file.name], n=1, cutoff=0.6)
    return found[0] if found else None


def names(folder: Path) -> list[str]:
    """The names in a folder, sorted; none when it cannot be read."""
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - names are wanted, not paths
    except (OSError, ValueError):
        return []
