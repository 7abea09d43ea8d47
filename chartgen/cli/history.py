"""`chartgen history`: the revisions of a release."""

from __future__ import annotations

import click

from chartgen.cli.options import HelmArguments, helm_options, output_option, release_argument
from chartgen.cli.releases import show_history
from chartgen.cli.verb import verb


@verb(
    "history",
    examples="""
    chartgen history iris -n models
    chartgen history iris -o json
    """,
)
@release_argument
@helm_options
@click.option("--no-headers", is_flag=True, help="A table without the names of its columns.")
@output_option("table", "json", "yaml")
def command(name: str, where: HelmArguments, no_headers: bool, output: str) -> None:
    """List the revisions of the release NAME, the oldest first."""
    show_history(where.target().helm.history(name), output, headers=not no_headers)
