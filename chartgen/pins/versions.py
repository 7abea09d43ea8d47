"""What a version says by its numbers."""

from __future__ import annotations

import re


def numbers(version: str) -> list[int]:
    """The numbers at the beginning of a version: [1, 5, 2] of `1.5.2`, [1, 6] of `1.6.dev0`."""
    release = re.match(r"[0-9]{1,9}(?:\.[0-9]{1,9})*", version, re.ASCII)
    return [int(part) for part in release[0].split(".")] if release else []
