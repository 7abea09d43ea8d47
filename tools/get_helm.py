"""Puts the pinned Helm programs, one of each major version, into `.tools/`, as `chartgen.helm.pinned` gets them.

Run by `make tools`, before anything is installed.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from chartgen.errors import HelmInstallError  # noqa: E402  # the checkout's, installed or not
from chartgen.helm.pinned import PINS, Pin, get, runs_here  # noqa: E402

TOOLS = ROOT / ".tools"


def main(arguments: list[str] | None = None) -> int:
    """Get the programs that are asked for.

    Args:
        arguments: The command line; None for the real one.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(description="Put the pinned Helm programs into .tools/.")
    parser.add_argument("--only", type=int, choices=[pin.major for pin in PINS], help="only this major version")
    parser.add_argument("--destination", type=Path, default=TOOLS, help="where to put them (default: .tools/)")
    options = parser.parse_args(arguments)
    pins = [pin for pin in PINS if options.only in {None, pin.major}]
    if not runs_here():
        return _tell_of_path(pins)
    for pin in pins:
        target = options.destination / f"helm{pin.major}"
        try:
            get(pin, target)
            print(f"{target}: Helm {pin.version}")
        except HelmInstallError as error:
            print(f"Helm {pin.version}: {error}", file=sys.stderr)
            return 1
    return 0


def _tell_of_path(pins: list[Pin]) -> int:
    """Say which helm the tests will find on PATH, on a platform that the pinned programs do not run on."""
    system = f"{platform.system()} on {platform.machine()}"
    print(f"The pinned Helm programs are for Linux on x86_64; on {system} Helm has to come from PATH.")
    for pin in pins:
        setting = f"CHARTGEN_TEST_HELM{pin.major}"
        own, plain = shutil.which(f"helm{pin.major}"), _plain_helm(pin.major)
        if own or plain:
            print(f"Helm {pin.major}: {own or f'{plain} (for the tests, set {setting}={plain})'}")
        else:
            print(f"Helm {pin.major}: not found; its tests are skipped ({setting} names a program)")
    return 0


def _plain_helm(major: int) -> str | None:
    """The `helm` on PATH, when it is of that major version."""
    helm = shutil.which("helm")
    if helm is None:
        return None
    command = [helm, "version", "--template", "{{.Version}}"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return helm if done.stdout.startswith(f"v{major}.") else None


if __name__ == "__main__":
    sys.exit(main())
