"""Compiled templates, kept from one call to the next: to compile them takes longer than all else about a chart."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING

from jinja2 import FileSystemBytecodeCache, compiler

from chartgen.caches import cache_folder

if TYPE_CHECKING:
    from jinja2.bccache import Bucket


class CompiledTemplates(FileSystemBytecodeCache):
    """jinja2's own cache of files, but that it cannot be written, or holds something else, is no reason to fail."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Looks for one template; what cannot be read is made anew."""
        try:
            super().load_bytecode(bucket)
        except Exception:  # the file is read as a pickle, which may fail in any way when it is cut off
            bucket.reset()
        if not isinstance(bucket.code, CodeType):
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keeps one template."""
        with suppress(OSError):
            super().dump_bytecode(bucket)


def compiled_templates(*made_by: str) -> CompiledTemplates | None:
    """The cache, or None where there is no place for it.

    jinja2 knows by itself when a template or Python has changed. It does not know when its compiler has, or the
    environment's options; so each state of those has a folder of its own, told by time and size as Python tells those
    of its modules.

    Args:
        made_by: The files that the result depends on, beside jinja2's compiler.
    """
    state = []
    for path in map(Path, (compiler.__file__, *made_by)):
        found = path.stat()
        state.append(f"{path} {found.st_mtime_ns} {found.st_size}")
    key = hashlib.sha256("\n".join(state).encode()).hexdigest()[:16]
    try:
        folder = cache_folder("templates") / key
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # no home, or one that cannot be written
        return None
    return CompiledTemplates(str(folder))
