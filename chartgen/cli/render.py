"""`chartgen render`: the chart as a folder."""

from __future__ import annotations

from pathlib import Path

import click

from chartgen.cli import output as out
from chartgen.cli.bumping import bump_option, bumped
from chartgen.cli.options import ServiceArguments, output_option, service_options
from chartgen.cli.verb import verb


@verb(
    "render",
    examples="""
    chartgen render -f service.yaml --output-dir charts
    chartgen render -f service.yaml -f production.yaml --output-dir charts --force
    """,
)
@service_options
@bump_option
@click.option(
    "-d",
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    show_default=True,
    help="The folder that gets the chart's folder.",
)
@click.option("--force", is_flag=True, help="Replace a folder that chartgen did not write, or that was changed since.")
@output_option("name", "json", "yaml")
def command(arguments: ServiceArguments, bump: str | None, output_dir: Path, force: bool, output: str) -> None:
    """Write the chart of a service as the folder OUTPUT_DIR/NAME, and print its path.

    The folder that an earlier call wrote is replaced as a whole; the same input gives the same bytes.
    """
    from chartgen.chart.write import write

    with bumped(arguments, bump) as built:
        folder = write(built.chart, output_dir, force=force)
    if output == "name":
        click.echo(str(folder))
        return
    chart = built.chart
    content = {"path": str(folder), "name": chart.name, "version": chart.version, "digest": chart.digest}
    out.data("RenderedChart", content, output)
