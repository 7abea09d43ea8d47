"""`chartgen schema`: the JSON Schemas, for editors and other programs."""

from __future__ import annotations

import click

from chartgen.cli.options import ServiceArguments, service_options
from chartgen.cli.verb import verb


@verb(
    "schema",
    examples="""
    chartgen schema > service.schema.json
    chartgen schema values -f service.yaml
    """,
)
@click.argument("which", type=click.Choice(["service", "values"]), default="service")
@service_options
def command(which: str, arguments: ServiceArguments) -> None:
    """Print the JSON Schema of the service file, or that of the values of the chart that a service file makes.

    A line `# yaml-language-server: $schema=service.schema.json` at the top of a service file tells an editor of it.
    """
    if which == "service":
        from chartgen.starter import schema_text

        click.echo(schema_text(), nl=False)
        return
    click.echo(arguments.build(warn=False).chart.files["values.schema.json"].decode(), nl=False)
