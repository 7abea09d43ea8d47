"""How long commands take from their start to their end, beside `helm create`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from figures import Figure, compare

if TYPE_CHECKING:
    from pathlib import Path

PEER = "helm create"
SHOWN = "python, click yaml jinja2"


def measure(helm: Path, service: Path, scratch: Path, rounds: int) -> list[Figure]:
    """Time the commands in turns; the first turn warms up and is dropped.

    Args:
        helm: The helm program.
        service: The service file that `chartgen render` is given.
        scratch: An empty folder.
        rounds: How many turns.
    """
    chartgen = [sys.executable, "-m", "chartgen"]
    out = scratch / "commands"
    commands = {
        PEER: [str(helm), "create", str(out / "created")],
        "chartgen --help": [*chartgen, "--help"],
        "chartgen render": [*chartgen, "render", "-f", str(service), "--output-dir", str(out)],
        SHOWN: [sys.executable, "-c", "import click, jinja2, yaml"],
    }
    # As for a user: compiled modules are kept between calls.
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir(parents=True)
            started = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
            if turn:
                seconds[name].append((time.perf_counter() - started) * 1000)
    bars = {"chartgen --help": "<= 2.0", "chartgen render": "<= 5.0", SHOWN: ""}
    return [
        compare(name, PEER, "ms", zip(seconds[name], seconds[PEER], strict=True), bar=bar) for name, bar in bars.items()
    ]
