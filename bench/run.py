"""`make bench`: what chartgen costs, as ratios to a peer that is measured in the same run.

Prints a table and writes `build/bench.json`. About twenty minutes; `BENCH_ROUNDS`, `BENCH_SECONDS` and `BENCH_CHARTS`
change how much is measured, `BENCH_ONLY` (commands, charts, start, load, runtimes; comma-separated) what.
"""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path

import charts
import commands
import figures
import load
import models
import runtimes
import servers

from chartgen.helm.find import find_helm

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "digits-onnx" / "service.yaml"
RESULT = ROOT / "build" / "bench.json"
PARTS = "commands,charts,start,load,runtimes"


def main() -> None:
    """Measure, print and save."""
    rounds = int(os.environ.get("BENCH_ROUNDS", "7"))
    seconds = int(os.environ.get("BENCH_SECONDS", "1"))
    charts_wanted = int(os.environ.get("BENCH_CHARTS", "1000"))
    parts = os.environ.get("BENCH_ONLY", PARTS).split(",")
    helm = _helm()
    found: list[figures.Figure] = []
    memory = Path("/dev/shm")  # noqa: S108  # tmpfs, where there is one
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        scratch = Path(name)
        if "commands" in parts:
            found += _shown(commands.measure(helm, EXAMPLE, scratch, 2 * rounds))
        if "charts" in parts:
            found += _shown(charts.measure(EXAMPLE, scratch, charts_wanted))
        if {"start", "load", "runtimes"} & set(parts):
            wrk = load.find_wrk()
            found += _serving(scratch, parts, wrk, rounds, seconds)
    about = _about(helm)
    figures.save(RESULT, found, about)
    print(f"\n{figures.table(found)}\n\n{', '.join(f'{key} {value}' for key, value in about.items())}")
    print(f"The same as JSON: {RESULT.relative_to(ROOT)}")


def _serving(scratch: Path, parts: list[str], wrk: str, rounds: int, seconds: int) -> list[figures.Figure]:
    cases = models.cases(EXAMPLE, scratch)
    found: list[figures.Figure] = []
    if "start" in parts:
        found += _shown(servers.measure_start(cases[1], rounds))
    if "load" in parts:
        for case in cases:
            found += _shown(servers.measure_load(case, wrk, rounds, seconds))
    if "runtimes" in parts:
        for case in models.natively(scratch):
            for runtime in runtimes.NATIVE:
                found += _shown(runtimes.measure(runtime, case, wrk, rounds // 2, seconds))
    return found


def _shown(found: list[figures.Figure]) -> list[figures.Figure]:
    for figure in found:
        print(f"{figure.subject}: {figure.ratio:.2f} of {figure.peer} {figure.bar and f'({figure.bar})'}", flush=True)
    return found


def _helm() -> Path:
    pinned = ROOT / ".tools" / "helm4"
    return pinned if pinned.exists() else find_helm()


def _about(helm: Path) -> dict[str, str]:
    said = subprocess.run([str(helm), "version", "--short"], check=True, capture_output=True, text=True).stdout.strip()
    return {
        "CPUs": str(len(os.sched_getaffinity(0))),
        "load": f"{os.getloadavg()[1]:.1f}",  # of the last five minutes; what the bench itself adds is about 1.5
        "Python": platform.python_version(),
        "helm": said,
        **{name: version(name) for name in ("chartgen", "click", "jinja2", "PyYAML", "jsonschema")},
    }


if __name__ == "__main__":
    main()
