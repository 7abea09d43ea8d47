"""`chartgen status`: how a release is, and why."""

from __future__ import annotations

from chartgen.cli.options import HelmArguments, helm_options, output_option, release_argument
from chartgen.cli.releases import show_status
from chartgen.cli.verb import verb


@verb(
    "status",
    examples="""
    chartgen status iris -n models
    chartgen status iris -o json
    """,
)
@release_argument
@helm_options
@output_option("table", "json", "yaml")
def command(name: str, where: HelmArguments, output: str) -> None:
    """Say whether the release NAME is Running, Pending or Failed, why, and where it answers."""
    from chartgen import lifecycle

    show_status(lifecycle.status(where.target(), name), output)
