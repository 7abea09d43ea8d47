"""The error of a server that has ended by itself."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from chartgen.errors import LocalRunError

if TYPE_CHECKING:
    from pathlib import Path

# The kernel's answers to code that goes where it must not, or divides what it cannot; and to a want of memory.
_CRASHES = frozenset({signal.SIGSEGV, signal.SIGFPE, signal.SIGILL, signal.SIGBUS, signal.SIGABRT})


def ended(code: int, log: Path, last_line: str = "") -> LocalRunError:
    """Tell why a server has ended.

    Args:
        code: Its exit code; that of a signal is its number, negative.
        log: The file with its last words, which is missing where it had none.
        last_line: The last line of its log, where that was kept back.
    """
    if cause := log.read_text(encoding="utf-8", errors="replace").strip() if log.exists() else "":
        return LocalRunError(cause)
    name = next((each.name for each in signal.Signals if each == -code), "")
    how = f"the server was ended by {name}" if name else f"the server ended with exit code {code}"
    return LocalRunError(": ".join(filter(None, (how, last_line))), hint=_hint(-code))


def _hint(number: int) -> str | None:
    if number in _CRASHES:
        return (
            "compiled code of a library crashed, which no check in Python catches: over what the last request asked of "
            "it, or over a pickle that holds functions which another version of Python has written"
        )
    return "this computer may have run out of memory" if number == signal.SIGKILL else None
