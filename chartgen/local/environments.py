"""The folder of the environments that hold models' libraries: a lock for each, and an end for those that nobody uses.

An environment is the folder KEY, with the file KEY.lock beside it. Whoever uses it holds the lock together with others,
whoever makes or removes it holds it alone; the time of the lock's last change is that of the environment's last use.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import TextIO

KEPT_DAYS = 30
COMPLETE = "complete"  # the file in an environment that says so
_LOOKED = "looked-through"  # changed when environments were last looked through
_DAY = 24 * 60 * 60


def lock_of(folder: Path) -> Path:
    """The lock of an environment."""
    return folder.with_name(f"{folder.name}.lock")


@contextlib.contextmanager
def held(lock: Path, *, alone: bool = False) -> Iterator[None]:
    """Hold a lock, which is made if there is none, and note the use.

    Args:
        lock: Its file.
        alone: Wait until nobody else holds it, and keep others from it.

    Raises:
        OSError: The file cannot be made.
    """
    while True:
        with lock.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            if not _is_still(file, lock):  # it was removed, with its environment, while this waited
                continue
            os.utime(file.fileno())
            try:
                yield
            finally:
                os.utime(file.fileno())
            return


@contextlib.contextmanager
def in_use(python: Path) -> Iterator[None]:
    """Keep an environment from being removed.

    Args:
        python: Its Python.
    """
    lock = lock_of(python.parent.parent)
    with held(lock) if lock.exists() else contextlib.nullcontext():
        yield


def remove_unused(cache: Path, say: Callable[[str], None]) -> None:
    """Remove the environments that nobody has used for `KEPT_DAYS` days; they are looked through once a day.

    What cannot be removed stays.

    Args:
        cache: The folder of all of them.
        say: Tells a person what is going on.
    """
    looked = cache / _LOOKED
    with contextlib.suppress(OSError):
        if looked.exists() and time.time() - looked.stat().st_mtime < _DAY:
            return
        looked.touch()
        removed = [lock for lock in sorted(cache.glob("*.lock")) if _remove(lock)]
        if removed:
            say(f"Removed {len(removed)} of the environments in {cache}: not used for {KEPT_DAYS} days")


def _remove(lock: Path) -> bool:
    """Remove an environment with its lock, if it is old and nobody holds it; says whether it did."""
    try:
        with lock.open("r+") as file:
            if time.time() - os.fstat(file.fileno()).st_mtime < KEPT_DAYS * _DAY:
                return False
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is_still(file, lock):
                return False
            folder = lock.with_suffix("")
            (folder / COMPLETE).unlink(missing_ok=True)  # first: what is left of it, should this end here, is not used
            if folder.exists():
                shutil.rmtree(folder)
            lock.unlink()
    except OSError:  # it is in use, or somebody else's, or gone already
        return False
    return True


def _is_still(file: TextIO, path: Path) -> bool:
    """Whether an open file is the one that has this path now."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
