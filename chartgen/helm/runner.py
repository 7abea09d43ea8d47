"""Runs helm: the only place that starts its process."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chartgen.errors import HelmNotFoundError, HelmTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

# How long helm gets after each signal, in seconds. It needs the first to record the release as failed; killed at once
# it would leave the release `pending`, and every later operation would be refused.
_INTERRUPT_PATIENCE = 10.0
_TERMINATE_PATIENCE = 3.0
_KILL_PATIENCE = 3.0
_SIGTERM_EXIT = 128 + signal.SIGTERM
_CREDENTIALS = re.compile(r"://[^/@\s]+@")


@dataclass(frozen=True)
class Completed:
    """A process that has ended.

    Attributes:
        argv: What was run.
        returncode: Its exit status; negative for the signal that ended it.
        stdout: What it printed, decoded; bytes that are not UTF-8 are replaced.
        stderr: Its messages, decoded in the same way; the credentials of addresses are masked.
    """

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str


class Runner(Protocol):
    """Runs a program to its end."""

    def run(self, argv: Sequence[str], *, stdin: bytes | None = None, timeout: float | None = None) -> Completed:
        """Run `argv`.

        Args:
            argv: The program and its arguments; no shell reads them.
            stdin: What the program reads; nothing when left out.
            timeout: Seconds after which the program is stopped; None waits for ever.

        Returns:
            The ended process, whatever its exit status.

        Raises:
            HelmNotFoundError: The program cannot be started.
            HelmTimeoutError: It did not end in time and was stopped.
        """


class SubprocessRunner:
    """Runs real processes, and takes them along when this one is interrupted.

    Args:
        log: Is called with one line before each run (the command as a shell would read it) and one after it.
    """

    def __init__(self, log: Callable[[str], None] | None = None) -> None:
        self._log = log or (lambda _line: None)

    def run(self, argv: Sequence[str], *, stdin: bytes | None = None, timeout: float | None = None) -> Completed:
        """Run `argv`; see `Runner.run`."""
        shown = redact(argv)
        self._log(f"$ {shlex.join(shown)}")
        started = time.monotonic()
        try:
            process = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=os.environ | {"NO_COLOR": "1"},
            )
        except (OSError, ValueError) as error:
            raise HelmNotFoundError(
                f"{argv[0]} cannot be started: {_reason(error)}",
                argv=shown,
                hint="name another helm program with --helm or $CHARTGEN_HELM",
            ) from error
        with process, _sigterm_as_exception():
            try:
                stdout, stderr = process.communicate(stdin, timeout)
            except subprocess.TimeoutExpired as error:
                _, stderr = _stop(process)
                raise HelmTimeoutError(
                    f"helm did not end within {timeout:g} s and was stopped",
                    argv=shown,
                    returncode=process.returncode,
                    stderr=_decoded(stderr),
                ) from error
            except BaseException:
                _stop(process)
                raise
        self._log(f"  ended with {process.returncode} after {time.monotonic() - started:.2f} s")
        return Completed(tuple(shown), process.returncode, _decoded(stdout), _masked(_decoded(stderr)))


def redact(argv: Sequence[str]) -> list[str]:
    """`argv` as it may be shown: the credentials of addresses masked."""
    return [_masked(word) for word in argv]


def _masked(text: str) -> str:
    return _CREDENTIALS.sub("://***@", text)


def _decoded(stream: bytes | None) -> str:
    return (stream or b"").decode("utf-8", errors="replace")


def _reason(error: OSError | ValueError) -> str:
    """Why a program cannot be started, without the errno and the path that the message has already."""
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _stop(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """End `process`: ask (interrupt), insist (terminate), then kill.

    Returns:
        What it had printed on its two streams; empty where a child of it still holds them open.
    """
    steps = (
        (signal.SIGINT, _INTERRUPT_PATIENCE),
        (signal.SIGTERM, _TERMINATE_PATIENCE),
        (signal.SIGKILL, _KILL_PATIENCE),
    )
    for number, patience in steps:
        process.send_signal(number)
        try:
            return process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            continue
        except KeyboardInterrupt:
            # A second Ctrl-C: the user does not want to wait, so go on to the next step at once.
            continue
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    return b"", b""


@contextmanager
def _sigterm_as_exception() -> Iterator[None]:
    """Let SIGTERM unwind the stack, so that the child is stopped too; the default would leave it running alone.

    A handler that the program set itself stays, and so does anything outside the main thread, where Python allows none.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def leave(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(_SIGTERM_EXIT)

    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
