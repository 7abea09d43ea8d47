"""Load from wrk, on loopback, for a bounded time with a bounded number of connections."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from figures import Figure, compare

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
        url: Where to.
        body: The file with the body.
        connections: How many are open; each has one request at a time.
        seconds: How long.
    """
    command = [wrk, "--threads=1", f"--connections={connections}", f"--duration={seconds}"]
    command += [f"--timeout={TIMEOUT_SECONDS}", f"--script={SCRIPT}", url, "--", str(body)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 2 * TIMEOUT_SECONDS)
    return parse(done.stdout)


def load_figures(
    subject: str, peer: str, ours: list[Report], theirs: list[Report], *, bar: str, tail_bar: str = ""
) -> list[Figure]:
    """The rate, the p50 and the p99 of rounds in which both took turns.

    Args:
        subject: What was asked.
        peer: What it is compared with.
        ours: The reports of each round.
        theirs: The peer's.
        bar: What the ratio of the rates is to reach.
        tail_bar: What the ratio of the p99 is to reach.
    """
    busy, failed = (sum(getattr(report, name) for report in ours) for name in ("busy", "failed"))
    lost = sum(report.busy + report.failed for report in theirs)
    said = {f"503s: {busy}": busy, f"failed: {failed}": failed, f"lost by the peer: {lost}": lost}
    note = ", ".join(text for text, count in said.items() if count)
    both = list(zip(ours, theirs, strict=True))
    rates = [(one.per_second, other.per_second) for one, other in both]
    middles = [(one.p50_ms, other.p50_ms) for one, other in both]
    tails = [(one.p99_ms, other.p99_ms) for one, other in both]
    return [
        compare(subject, peer, "200s/s", rates, bar=bar, note=note),
        compare(f"{subject}, p50", peer, "ms", middles),
        compare(f"{subject}, p99", peer, "ms", tails, bar=tail_bar),
    ]


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
