"""The live line of a terminal, and plain lines where nobody looks on."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

SCRIPT = """
import time
from chartgen.cli import output as out
from chartgen.cli.live import working
with working():
    out.say("Waiting for the pods")
    time.sleep(0.5)
    out.say("  a pod: starts")
    time.sleep(0.5)
    out.say("  a pod: " + "x" * 300)
    time.sleep(0.5)
    out.say("one thing to know")
print("data", flush=True)
out.say("it is done")
"""


def shown_on_a_terminal(**env: str) -> str:
    """What a terminal gets: standard output and error are the same screen there."""
    ours, theirs = pty.openpty()
    variables = os.environ | {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"} | env
    process = subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=theirs, stderr=theirs, env=variables)
    os.close(theirs)
    seen = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(ours)
    assert process.wait() == 0
    return seen.decode()


def left_on_screen(seen: str) -> list[str]:
    """The lines that are there in the end: what was cleared is gone."""
    return [line.split("\r\x1b[K")[-1] for line in seen.replace("\r\n", "\n").split("\n") if line.split("\r\x1b[K")[-1]]


def test_a_terminal_shows_details_and_the_time_in_one_line_that_goes_away() -> None:
    seen = shown_on_a_terminal()
    assert left_on_screen(seen) == ["Waiting for the pods", "one thing to know", "data", "it is done"]
    drawn = re.findall(r"\x1b\[K([^\r\n]*)", seen)
    assert any(re.fullmatch(r"[|/\\-] 0:0\d a pod: starts", line) for line in drawn)
    assert len({line[0] for line in drawn if " 0:0" in line}) > 1, "it moves"
    assert max(map(len, drawn)) == 79, "it never wraps"


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"TERM": ""}])
def test_a_terminal_that_cannot_clear_a_line_gets_plain_ones(env: dict[str, str]) -> None:
    assert "\x1b" not in shown_on_a_terminal(**env)


def test_elsewhere_every_line_stays() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    lines = done.stderr.splitlines()
    assert lines[:2] == ["Waiting for the pods", "  a pod: starts"]
    assert lines[3:] == ["one thing to know", "it is done"]
    assert done.stdout == "data\n"
