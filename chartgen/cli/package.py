"""`chartgen package`: the chart as an archive."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from chartgen.cli import output as out
from chartgen.cli.bumping import bump_option, bumped
from chartgen.cli.options import ServiceArguments, output_option, service_options
from chartgen.cli.verb import verb


@verb(
    "package",
    examples="""
    chartgen package -f service.yaml --destination dist
    helm install iris "$(chartgen package -f service.yaml)"
    """,
)
@service_options
@bump_option
@click.option(
    "-d",
    "--destination",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    show_default=True,
    help="The folder that gets the archive.",
)
@output_option("name", "json", "yaml")
def command(arguments: ServiceArguments, bump: str | None, destination: Path, output: str) -> None:
    """Write the chart of a service as NAME-VERSION.tgz, and print its path.

    The same input gives the same bytes. A version is written once: with other content it is refused.
    """
    from chartgen.chart.archive import write_archive

    with bumped(arguments, bump) as built:
        path = write_archive(built.chart, destination)
    if output == "name":
        click.echo(str(path))
        return
    chart = built.chart
    content = {
        "path": str(path),
        "name": chart.name,
        "version": chart.version,
        "digest": chart.digest,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    out.data("PackagedChart", content, output)
