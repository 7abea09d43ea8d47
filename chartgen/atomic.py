"""A file that appears, or changes, as a whole: a reader sees the old one or the new one, never half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_FILE_MODE = 0o644


def write_whole(path: Path, content: bytes, *, mode: int | None = None, replace: bool = True) -> None:
    """Write a file under another name beside it, then give it its own name.

    Args:
        path: The file; where it is a symbolic link, the file that it leads to.
        content: All of it.
        mode: Its permissions; None keeps those that it has, and gives a new one 0644.
        replace: Whether a file that is there already is replaced.

    Raises:
        FileExistsError: It is there already, and `replace` is off.
        OSError: It cannot be written; nothing is changed then.
    """
    target = path.resolve()
    if mode is None:
        mode = target.stat().st_mode & 0o777 if target.exists() else _FILE_MODE
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    scratch = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
        if not replace:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL))  # whoever comes second fails here
        scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)
