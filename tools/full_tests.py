"""Runs every test, the long forms included, and writes what came out, with date and versions, to docs/test-results.md.

usage: python tools/full_tests.py
"""

from __future__ import annotations

import datetime
import platform
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "docs" / "test-results.md"
LIBRARIES = ["scikit-learn", "onnx", "onnxruntime", "skl2onnx", "joblib", "cloudpickle", "numpy", "fastapi", "uvicorn"]


def main() -> int:
    """Run the tests; the exit status is pytest's."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-n",
            "2",
            "--dist",
            "worksteal",
            "-m",
            "full or not full",
            f"--junit-xml={report}",
        ]
        done = subprocess.run(command, cwd=ROOT, check=False)
        # The file is our own test runner's.
        cases = list(ET.parse(report).getroot().iter("testcase"))  # noqa: S314
    RESULT.write_text(_document(cases), encoding="utf-8")
    return done.returncode


def _document(cases: list[ET.Element]) -> str:
    outcomes: dict[str, Counter[str]] = {}
    for case in cases:
        outcomes.setdefault(_place(case), Counter())[_outcome(case)] += 1
    rows = [
        f"| `{place}` | {count['passed']} | {count['failed']} | {count['skipped']} |"
        for place, count in sorted(outcomes.items())
    ]
    total: Counter[str] = sum(outcomes.values(), Counter())
    seconds = sum(float(case.get("time", 0)) for case in cases)
    lines = [
        "# Results of the full tests",
        "",
        "Written by `make test-full`: every test, the long forms included, with a cluster.",
        "",
        f"On {datetime.datetime.now(datetime.UTC).date()}: **{total['passed']} passed, {total['failed']} failed, "
        f"{total['skipped']} skipped**, {seconds / 60:.0f} minutes of tests on two cores.",
        "",
        "| tests | passed | failed | skipped |",
        "| --- | --- | --- | --- |",
        *rows,
        "",
        "| with | version |",
        "| --- | --- |",
        *(f"| {name} | {text} |" for name, text in _versions()),
        "",
    ]
    return "\n".join(lines)


def _place(case: ET.Element) -> str:
    """The folder of a test, or its file where that lies in `tests` itself."""
    path = "/".join(case.get("classname", "").split(".")[:2])
    return path if (ROOT / path).is_dir() else f"{path}.py"


def _outcome(case: ET.Element) -> str:
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "skipped" if case.find("skipped") is not None else "passed"


def _versions() -> list[tuple[str, str]]:
    commit = _said("git", "rev-parse", "--short", "HEAD")
    found = [("chartgen", f"{version('chartgen')} at {commit}"), ("Python", platform.python_version())]
    found += [(f"Helm {major}", _said(f".tools/helm{major}", "version", "--short")) for major in (3, 4)]
    server = _said("kubectl", "version").splitlines()
    found.append(("Kubernetes", next((line.split()[-1] for line in server if line.startswith("Server")), "none")))
    return found + [(name, version(name)) for name in LIBRARIES]


def _said(*argv: str) -> str:
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
