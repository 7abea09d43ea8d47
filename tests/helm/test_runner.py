"""Running processes, with small real ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from chartgen.errors import HelmNotFoundError, HelmTimeoutError
from chartgen.helm import runner as module
from chartgen.helm.runner import SubprocessRunner, redact

if TYPE_CHECKING:
    from pathlib import Path


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def test_output_and_exit_status_come_back() -> None:
    done = SubprocessRunner().run(python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"))
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")


def test_arguments_arrive_as_they_are() -> None:
    strange = ["a b", "$HOME", "`x`", "'", '"', "é", "", "*", "a\nb"]
    done = SubprocessRunner().run(python("import sys, json; print(json.dumps(sys.argv[1:]))", *strange))
    assert done.stdout.strip() == __import__("json").dumps(strange)


def test_standard_input_is_given_or_empty() -> None:
    code = "import sys; sys.stdout.write(sys.stdin.read().upper())"
    assert SubprocessRunner().run(python(code), stdin=b"hello").stdout == "HELLO"
    assert SubprocessRunner().run(python(code)).stdout == ""


def test_bytes_that_are_not_utf_8_are_replaced() -> None:
    done = SubprocessRunner().run(python("import os; os.write(1, b'a\\xffb'); os.write(2, b'\\xfe')"))
    assert (done.stdout, done.stderr) == ("a�b", "�")


def test_much_output_on_both_streams_does_not_block() -> None:
    code = "import sys; sys.stderr.write('e' * 300_000); sys.stdout.write('o' * 300_000)"
    done = SubprocessRunner().run(python(code))
    assert (len(done.stdout), len(done.stderr)) == (300_000, 300_000)


def test_colour_is_switched_off_and_the_rest_of_the_environment_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELM_DRIVER", "memory")
    code = "import os; print(os.environ['NO_COLOR'], os.environ['HELM_DRIVER'])"
    assert SubprocessRunner().run(python(code)).stdout == "1 memory\n"


@pytest.mark.parametrize("argv", [["/does/not/exist"], [os.devnull], ["a\0b"]])
def test_what_cannot_be_started_is_an_error(argv: list[str]) -> None:
    with pytest.raises(HelmNotFoundError, match="cannot be started"):
        SubprocessRunner().run(argv)


def test_the_log_has_the_command_and_how_it_ended() -> None:
    lines: list[str] = []
    SubprocessRunner(lines.append).run(python("pass", "a b"))
    assert lines[0] == f"$ {sys.executable} -c pass 'a b'"
    assert lines[1].startswith("  ended with 0 after ")


def test_credentials_are_masked_where_they_are_shown() -> None:
    lines: list[str] = []
    code = "import sys; print(sys.argv[-1]); print(sys.argv[-1], file=sys.stderr)"
    done = SubprocessRunner(lines.append).run(python(code, "https://user:abc@host/x"))
    assert done.stdout == "https://user:abc@host/x\n"
    assert done.stderr == "https://***@host/x\n"
    assert "abc" not in lines[0] + str(done.argv)


def test_a_process_that_takes_too_long_is_stopped() -> None:
    started = time.monotonic()
    with pytest.raises(HelmTimeoutError, match=r"within 0\.5 s") as caught:
        SubprocessRunner().run(python("import time; time.sleep(60)"), timeout=0.5)
    assert time.monotonic() - started < 5
    assert "KeyboardInterrupt" in caught.value.stderr, "it was asked before it was killed"


def test_a_process_that_will_not_stop_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_INTERRUPT_PATIENCE", "_TERMINATE_PATIENCE"):
        monkeypatch.setattr(module, name, 0.2)
    code = (
        "import signal, time\n"
        "for number in (signal.SIGINT, signal.SIGTERM): signal.signal(number, signal.SIG_IGN)\n"
        "time.sleep(60)"
    )
    with pytest.raises(HelmTimeoutError) as caught:
        SubprocessRunner().run(python(code), timeout=0.5)
    assert caught.value.returncode == -signal.SIGKILL


# A program that runs a child through the runner; the child tells which signal it got.
CHILD = """
import pathlib, signal, sys, time
def tell(number, frame):
    pathlib.Path(sys.argv[1]).write_text(signal.Signals(number).name)
    sys.exit(1)
signal.signal(signal.SIGINT, tell)
pathlib.Path(sys.argv[1]).write_text("started")
time.sleep(60)
"""
PARENT = """
import sys
from chartgen.helm.runner import SubprocessRunner
SubprocessRunner().run([sys.executable, "-c", sys.argv[1], sys.argv[2]])
"""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_child_too_and_gives_it_time_to_tidy_up(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    told = tmp_path / "told"
    process = subprocess.Popen(python(PARENT, CHILD, str(told)), stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while not told.exists() or told.read_text() != "started":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(number)
    assert process.wait(20) == status
    assert told.read_text() == "SIGINT"


def test_the_handler_of_sigterm_is_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    SubprocessRunner().run(python("pass"))
    assert signal.getsignal(signal.SIGTERM) == before


def test_credentials_of_an_address_are_not_shown() -> None:
    shown = redact(["helm", "upgrade", "--set", "packages.indexUrl=https://user:hunter2@pypi.example.com/simple"])
    assert shown[-1] == "packages.indexUrl=https://***@pypi.example.com/simple"
