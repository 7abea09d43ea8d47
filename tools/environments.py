"""The same question to several environments: a tool that calls itself with the Python of each."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def answers(tool: str, doc: str | None, collect: Callable[[], dict[str, Any]]) -> list[dict[str, Any]]:
    """What this environment and those that the command line names answer.

    Args:
        tool: The tool's file.
        doc: What the tool's help says.
        collect: Answers for the environment that it is called in.

    Raises:
        SystemExit: This is one of the calls for another environment, and its answer is written.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--also", action="append", default=[], metavar="PYTHON", help="another environment's Python")
    parser.add_argument("--collect", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.collect:
        json.dump(collect(), sys.stdout)
        sys.exit()
    found = [collect()]
    for python in options.also:
        done = subprocess.run([python, tool, "--collect"], stdout=subprocess.PIPE, check=True)
        found.append(json.loads(done.stdout))
    return found
