"""`chartgen uninstall`: a release goes, with all that it made."""

from __future__ import annotations

import sys

import click

from chartgen.cli import output as out
from chartgen.cli.live import working
from chartgen.cli.options import HelmArguments, helm_options, release_argument
from chartgen.cli.release_options import duration_option
from chartgen.cli.verb import verb


@verb(
    "uninstall",
    examples="""
    chartgen uninstall iris -n models
    chartgen uninstall iris --yes --no-wait
    """,
)
@release_argument
@helm_options
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until everything is gone.")
@duration_option
@click.option("-y", "--yes", is_flag=True, help="Do not ask on a terminal.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def command(name: str, where: HelmArguments, wait: bool, timeout: str, yes: bool, dry_run: bool) -> None:
    """Remove the release NAME with its history."""
    from chartgen import lifecycle
    from chartgen.helm.options import WaitOptions

    target = where.target()
    if sys.stdin.isatty() and not (yes or dry_run):
        click.confirm(f"Remove {name} from namespace {target.namespace}, with its history?", abort=True, err=True)
    with working():
        said = lifecycle.uninstall(target, name, wait=WaitOptions(wait=wait, timeout=timeout), dry_run=dry_run)
    out.say(f"{name} {'would be' if dry_run else 'is'} uninstalled from namespace {target.namespace}")
    # Helm's own first line says the same; what follows names the objects that stay by their resource policy.
    for line in said.splitlines():
        if not line.startswith("release "):
            out.say(line)
