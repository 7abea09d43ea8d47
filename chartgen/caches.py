"""Where chartgen keeps what it can make anew at any time."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(name: str) -> Path:
    """The folder of one of the caches, which need not exist: `$XDG_CACHE_HOME/chartgen/NAME`.

    A relative `$XDG_CACHE_HOME` counts for nothing: https://specifications.freedesktop.org/basedir-spec/latest/.

    Args:
        name: What is kept there.

    Raises:
        RuntimeError: There is neither `$XDG_CACHE_HOME` nor a home.
    """
    said = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (said if said.is_absolute() else Path.home() / ".cache") / "chartgen" / name
