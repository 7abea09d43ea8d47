"""A live line: on a terminal the last line of the screen says what goes on, and for how long."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

_FRAMES = "|/-\\"
_SECONDS = 0.2
_CLEAR = "\r\x1b[K"
_MINUTE = 60
_DETAIL = "  "


class LiveLine:
    """The line, drawn again several times a second until it is closed.

    Args:
        text: What it says at first.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._draw_until_ended, daemon=True)
        self._thread.start()

    def say(self, line: str) -> None:
        """Take a line: a detail, which is indented, is shown until the next one comes; every other stays on screen."""
        with self._lock:
            self._text = line.strip()
            if not line.startswith(_DETAIL):
                sys.stderr.write(f"{_CLEAR}{line}\n")
                self._text = ""
        self._draw()

    def close(self) -> None:
        """Take the line off the screen."""
        self._ended.set()
        self._thread.join()
        with self._lock:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()

    def _draw_until_ended(self) -> None:
        while not self._ended.wait(_SECONDS):
            self._draw()

    def _draw(self) -> None:
        seconds = int(time.monotonic() - self._began)
        minutes, rest = divmod(seconds, _MINUTE)
        frame = _FRAMES[int(time.monotonic() / _SECONDS) % len(_FRAMES)]
        line = f"{frame} {minutes}:{rest:02} {self._text}".rstrip()
        with self._lock:
            # One less than there is: some terminals begin a new line when the last column is written.
            sys.stderr.write(_CLEAR + line[: shutil.get_terminal_size().columns - 1])
            sys.stderr.flush()


_current: LiveLine | None = None


@contextmanager
def working(text: str = "") -> Iterator[None]:
    """Show the live line while something takes its time; nothing where no person looks on.

    Only `output.say` may print meanwhile.

    Args:
        text: What it says at first.
    """
    global _current  # noqa: PLW0603 - there is one screen
    if not _is_watched():
        yield
        return
    _current = LiveLine(text)
    try:
        yield
    finally:
        line, _current = _current, None
        line.close()


def current() -> LiveLine | None:
    """The live line, while there is one."""
    return _current


def _is_watched() -> bool:
    context = click.get_current_context(silent=True)
    # With -v the commands scroll by, which a line below them would only disturb.
    silent = context is not None and any(context.meta.get(f"chartgen.{name}") for name in ("quiet", "verbose", "debug"))
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb") and not silent
