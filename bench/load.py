"""Load from wrk, on loopback, for a bounded time with a bounded number of connections."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("report.lua")
MARK = "REPORT "
TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Report:
    """What wrk saw.

    Attributes:
        answered: Answers with the status 200.
        seconds: How long it asked.
        busy: Answers with the status 503.
        failed: Other answers, broken connections and timeouts.
        p50_ms: The median latency.
        p99_ms: The latency that one request in a hundred exceeded.
    """

    answered: int
    seconds: float
    busy: int
    failed: int
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        """Answers with the status 200 in a second."""
        return self.answered / self.seconds


def find_wrk() -> str:
    """The wrk program; Debian's package is installed where it is missing and this user may.

    Raises:
        SystemExit: There is none.
    """
    if not shutil.which("wrk") and shutil.which("apt-get") and os.geteuid() == 0:
        print("wrk is missing; installing Debian's package")
        subprocess.run(["apt-get", "install", "--yes", "--quiet", "wrk"], check=False, stdout=subprocess.DEVNULL)  # noqa: S607
    found = shutil.which("wrk")
    if not found:
        raise SystemExit("make bench needs wrk (https://github.com/wg/wrk): apt-get install wrk, brew install wrk")
    return found


def ask(wrk: str, url: str, body: Path, connections: int, seconds: int) -> Report:
    """Post one body again and again.

    Args:
        wrk: The program.
        url: The server, without a path.
        body: The file with the body.
        connections: How many are open; each has one request at a time.
        seconds: How long.
    """
    command = [wrk, "--threads=1", f"--connections={connections}", f"--duration={seconds}"]
    command += [f"--timeout={TIMEOUT_SECONDS}", f"--script={SCRIPT}", f"{url}/predict", "--", str(body)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 2 * TIMEOUT_SECONDS)
    return parse(done.stdout)


def parse(output: str) -> Report:
    """Read the line that `report.lua` writes.

    Args:
        output: What wrk printed.

    Raises:
        ValueError: There is no such line.
    """
    lines = [line for line in output.splitlines() if line.startswith(MARK)]
    if not lines:
        raise ValueError(f"wrk printed no report: {output!r}")
    found = json.loads(lines[-1].removeprefix(MARK))
    return Report(
        answered=found["requests"] - found["refused"],
        seconds=found["microseconds"] / 1e6,
        busy=found["busy"],
        failed=found["refused"] - found["busy"] + found["broken"],
        p50_ms=found["p50"] / 1000,
        p99_ms=found["p99"] / 1000,
    )
