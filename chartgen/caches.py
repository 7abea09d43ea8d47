"""Where chartgen keeps what it can make anew at any time."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(name: str) -> Path:
    """The folder of one of the caches, which need not exist: `$XDG_CACHE_HOME/chartgen/NAME`.

    Args:
        name: What is kept there.

    Raises:
        RuntimeError: There is neither `$XDG_CACHE_HOME` nor a home.
    """
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chartgen" / name
