"""`chartgen list`: the releases."""

from __future__ import annotations

import click

from chartgen.cli.options import HelmArguments, helm_options, output_option
from chartgen.cli.releases import show_list
from chartgen.cli.verb import verb


@verb(
    "list",
    examples="""
    chartgen list -n models
    chartgen list --all-namespaces -o json
    """,
)
@helm_options
@click.option("-A", "--all-namespaces", is_flag=True, help="In every namespace.")
@click.option("--no-headers", is_flag=True, help="A table without the names of its columns.")
@output_option("table", "json", "yaml", "name")
def command(where: HelmArguments, all_namespaces: bool, no_headers: bool, output: str) -> None:
    """List the releases, whatever their status."""
    releases = where.target().helm.list(all_namespaces=all_namespaces)
    show_list(releases, output, headers=not no_headers)
