"""Runs every test, the long forms included, and writes what came out, with date and versions, to docs/test-results.md.

A tier that has passed at this commit already is not run again, so that a run of hours can be taken up where it ended.

usage: python tools/full_tests.py
"""

from __future__ import annotations

import datetime
import platform
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "docs" / "test-results.md"
REPORTS = ROOT / "build" / "reports"
TIERS = ("test", "test-pairs", "test-cluster", "test-long")
LIBRARIES = ["scikit-learn", "onnx", "onnxruntime", "skl2onnx", "joblib", "cloudpickle", "numpy", "fastapi", "uvicorn"]


@dataclass(frozen=True)
class Report:
    """What pytest wrote about a tier.

    Attributes:
        tier: The target of the Makefile.
        commit: The commit it ran at.
        date: When it began, as YYYY-MM-DD.
        minutes: How long it took.
        cases: The tests.
    """

    tier: str
    commit: str
    date: str
    minutes: float
    cases: list[ET.Element]

    @property
    def count(self) -> Counter[str]:
        """How many passed, failed and were skipped."""
        return Counter(map(_outcome, self.cases))


def main() -> int:
    """Run the tiers; the exit status is 1 where a test failed."""
    commit = _said("git", "describe", "--always", "--exclude", "*", "--dirty")
    reports = []
    for tier in TIERS:
        report = _report(tier)
        if report is None or report.commit != commit or report.count["failed"] or "dirty" in commit:
            subprocess.run(["make", tier], cwd=ROOT, check=False)  # noqa: S607 - it runs under make itself
            report = _report(tier)
        if report is None or report.commit != commit:
            raise SystemExit(f"make {tier} left no report")
        reports.append(report)
    RESULT.write_text(_document(reports), encoding="utf-8")
    return 1 if any(report.count["failed"] for report in reports) else 0


def _report(tier: str) -> Report | None:
    path = REPORTS / f"{tier}.xml"
    if not path.exists():
        return None
    suite = next(ET.parse(path).getroot().iter("testsuite"))  # noqa: S314 - our own test runner wrote it
    cases = list(suite.iter("testcase"))
    return Report(tier, suite.get("name", ""), suite.get("timestamp", "")[:10], float(suite.get("time", 0)) / 60, cases)


def _document(reports: list[Report]) -> str:
    total = sum((report.count for report in reports), Counter[str]())
    places: dict[str, Counter[str]] = {}
    for report in reports:
        for case in report.cases:
            places.setdefault(_place(case), Counter())[_outcome(case)] += 1
    lines = [
        "# Results of the full tests",
        "",
        "Written by `make test-full`: every test, the long forms included, with a cluster.",
        "",
        f"On {datetime.datetime.now(datetime.UTC).date()}, on two cores: **{_counts(total)}**.",
        "",
        "| tier | at | on | passed | failed | skipped | minutes |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *map(_row, reports),
        "",
        "| tests | passed | failed | skipped |",
        "| --- | --- | --- | --- |",
        *(f"| `{place}` | {_cells(count)} |" for place, count in sorted(places.items())),
        "",
        *_failures(reports),
        "| with | version |",
        "| --- | --- |",
        *(f"| {name} | {text} |" for name, text in _versions()),
        "",
    ]
    return "\n".join(lines)


def _row(report: Report) -> str:
    when = f"{report.commit} | {report.date}"
    return f"| `make {report.tier}` | {when} | {_cells(report.count)} | {report.minutes:.1f} |"


def _failures(reports: list[Report]) -> list[str]:
    failed = [case for report in reports for case in report.cases if _outcome(case) == "failed"]
    lines = [f"- `{case.get('classname', '')}`: `{case.get('name', '')}`" for case in failed]
    return ["What failed:", "", *lines, ""] if lines else []


def _counts(count: Counter[str]) -> str:
    return ", ".join(f"{count[name]} {name}" for name in ("passed", "failed", "skipped"))


def _cells(count: Counter[str]) -> str:
    return " | ".join(str(count[name]) for name in ("passed", "failed", "skipped"))


def _place(case: ET.Element) -> str:
    """The folder of a test, or its file where that lies in `tests` itself."""
    path = "/".join(case.get("classname", "").split(".")[:2])
    return path if (ROOT / path).is_dir() else f"{path}.py"


def _outcome(case: ET.Element) -> str:
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "skipped" if case.find("skipped") is not None else "passed"


def _versions() -> list[tuple[str, str]]:
    found = [("chartgen", version("chartgen")), ("Python", platform.python_version())]
    found += [(f"Helm {major}", _said(f".tools/helm{major}", "version", "--short")) for major in (3, 4)]
    server = _said("kubectl", "version").splitlines()
    found.append(("Kubernetes", next((line.split()[-1] for line in server if line.startswith("Server")), "none")))
    return found + [(name, version(name)) for name in LIBRARIES]


def _said(*argv: str) -> str:
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
