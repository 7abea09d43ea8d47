"""`chartgen rollback`: a release as it was."""

from __future__ import annotations

import click

from chartgen.cli.live import working
from chartgen.cli.options import HelmArguments, helm_options, output_option, release_argument
from chartgen.cli.release_options import (
    WaitArguments,
    dry_run_of,
    dry_run_option,
    force_conflicts_option,
    wait_options,
)
from chartgen.cli.releases import show_change
from chartgen.cli.verb import verb


@verb(
    "rollback",
    examples="""
    chartgen rollback iris
    chartgen rollback iris 3 -n models
    """,
)
@release_argument
@click.argument("revision", type=click.IntRange(min=1), required=False)
@helm_options
@wait_options
@dry_run_option
@force_conflicts_option
@output_option("table", "json", "yaml", "name")
def command(
    name: str,
    revision: int | None,
    where: HelmArguments,
    waiting: WaitArguments,
    dry_run: str | None,
    force_conflicts: bool,
    output: str,
) -> None:
    """Take the release NAME back to REVISION, as a new revision, and wait for its pods.

    Without REVISION it goes to the newest one before the last that was deployed with success.
    """
    from chartgen import lifecycle

    with working():
        made = lifecycle.rollback(
            where.target(),
            name,
            revision,
            wait=waiting.options(),
            dry_run=dry_run_of(dry_run),
            force_conflicts=force_conflicts,
        )
    show_change("rolled back", made, output, dry_run=bool(dry_run), notes=False)
