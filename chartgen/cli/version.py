"""`chartgen version`: the versions of all that takes part."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from typing import Any

import click

from chartgen import __version__
from chartgen.cli import output as out
from chartgen.cli.options import output_option
from chartgen.cli.verb import verb
from chartgen.errors import HelmError

_SECONDS = 10


@verb(
    "version",
    examples="""
    chartgen version
    chartgen version -o json
    """,
)
@click.option(
    "--helm",
    metavar="PATH",
    type=click.Path(),
    help="The helm program (else $CHARTGEN_HELM, PATH, $XDG_DATA_HOME/chartgen/bin).",
)
@output_option("table", "json", "yaml")
def command(helm: str | None, output: str) -> None:
    """Say the versions of chartgen, Python, helm and kubectl, and of the service files that this chartgen reads.

    A program that is missing is said to be missing, and is no error.
    """
    found = _helm(helm)
    content: dict[str, Any] = {
        "chartgen": __version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}".lower(),
        "helm": found,
        "kubectl": _kubectl(),
        "serviceFile": out.API_VERSION,
    }
    if output != "table":
        out.data("Version", content, output)
        return
    rows = [("chartgen", content["chartgen"]), ("python", f"{content['python']} ({content['platform']})")]
    rows += [(name, _shown(content[name])) for name in ("helm", "kubectl")]
    out.pairs([*rows, ("service file", content["serviceFile"])])


def _shown(program: dict[str, str]) -> str:
    if "path" not in program:
        return f"none: {program['problem']}"
    return f"{program.get('version') or program['problem']} ({program['path']})"


def _helm(named: str | None) -> dict[str, str]:
    """Where helm is and its version, or what is wrong with it."""
    from chartgen.helm.find import find_helm
    from chartgen.helm.runner import SubprocessRunner
    from chartgen.helm.version import detect

    try:
        path = find_helm(named)
    except HelmError as error:
        return {"problem": str(error)}
    try:
        return {"path": str(path), "version": str(detect(path, SubprocessRunner()))}
    except HelmError as error:
        return {"path": str(path), "problem": error.message}


def _kubectl() -> dict[str, str]:
    """Where kubectl is and its version; chartgen itself does without it."""
    path = shutil.which("kubectl")
    if path is None:
        return {"problem": "not on PATH, and not needed"}
    try:
        command = [path, "version", "--client", "--output=json"]
        done = subprocess.run(command, capture_output=True, check=True, timeout=_SECONDS, stdin=subprocess.DEVNULL)
        return {"path": path, "version": json.loads(done.stdout)["clientVersion"]["gitVersion"].removeprefix("v")}
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return {"path": path, "problem": "does not say its version"}
