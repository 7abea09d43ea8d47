"""A model file, opened once: everything that is read of it is read through the same descriptor."""

from __future__ import annotations

import errno
import hashlib
import mmap
import os
import stat
from typing import TYPE_CHECKING, Self

from chartgen.errors import ModelUnreadableError
from chartgen.service import missing

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = 1 << 20

_REASONS = {
    errno.ENOTDIR: "there is no such file: a part of its path is not a folder",
    errno.EACCES: "no permission to read the file",
    errno.EPERM: "no permission to read the file",
    errno.ELOOP: "the path runs in a circle of symbolic links",
    errno.ENAMETOOLONG: "the path is too long",
    errno.ENXIO: "it is a special file, not a model file",
}


class ModelFile:
    """A regular, non-empty file opened for reading.

    Args:
        path: Where it lies.

    Attributes:
        path: Where it lies.
        size: Its size in bytes when it was opened.

    Raises:
        ModelUnreadableError: It is missing, empty, no regular file, or may not be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            # Without O_NONBLOCK the open of a named pipe would wait for a writer for ever.
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except ValueError as error:
            raise self.unreadable("the path holds a NUL character") from error
        except OSError as error:
            if error.errno == errno.ENOENT:
                raise self._missing() from error
            reason = _REASONS.get(error.errno or 0, f"the file cannot be read: {error.strerror}")
            raise self.unreadable(reason, hint="check the path") from error
        try:
            self.size = self._regular_size()
        except BaseException:
            os.close(self._descriptor)
            raise

    def _missing(self) -> ModelUnreadableError:
        if target := missing.target(self.path):
            what = f"it is a symbolic link to {target}, where there is no file"
            return self.unreadable(what, hint="put the file there, or name the file itself")
        near = missing.near(self.path)
        hint = f"did you mean {str(self.path.with_name(near))!r}?" if near else "check the path"
        return self.unreadable("there is no such file", hint=hint)

    def _regular_size(self) -> int:
        status = os.fstat(self._descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise self.unreadable(
                "it is a folder, not a model file", expected="one file", hint="name the file in it that holds the model"
            )
        if not stat.S_ISREG(status.st_mode):
            raise self.unreadable(
                "it is a special file, not a model file",
                expected="a regular file",
                hint="copy what it gives to a file, and name that",
            )
        if status.st_size == 0:
            raise self.unreadable("the file is empty", hint="copy or save it again")
        return status.st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def unreadable(self, message: str, *, expected: str | None = None, hint: str | None = None) -> ModelUnreadableError:
        """An error about this file, for the caller to raise."""
        return ModelUnreadableError(message, where=str(self.path), expected=expected, hint=hint)

    def read(self, offset: int, count: int) -> bytes:
        """At most `count` bytes from `offset`; fewer only at the end of the file.

        Raises:
            ModelUnreadableError: The disk refuses.
        """
        try:
            return os.pread(self._descriptor, count, offset)
        except OSError as error:
            raise self.unreadable(f"the file cannot be read: {error.strerror}") from error

    def sha256(self) -> str:
        """The digest of the whole file, as 64 lower-case hexadecimal digits.

        Raises:
            ModelUnreadableError: The disk refuses, or the file's size changes meanwhile.
        """
        digest, offset = hashlib.sha256(), 0
        while block := self.read(offset, _BLOCK):
            digest.update(block)
            offset += len(block)
        if offset != self.size:
            raise self.unreadable("the file changed while it was read", hint="wait until it is written, then try again")
        return digest.hexdigest()

    def map(self) -> mmap.mmap:
        """The content as memory that the system loads page by page, so that what is skipped is never read."""
        try:
            return mmap.mmap(self._descriptor, self.size, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise self.unreadable(f"the file cannot be read: {error}") from error
