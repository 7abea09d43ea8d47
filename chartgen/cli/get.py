"""`chartgen get`: what a release was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chartgen.cli import output as out
from chartgen.cli.options import HelmArguments, helm_options, output_option, release_argument
from chartgen.cli.verb import verb

if TYPE_CHECKING:
    from chartgen.helm.release import Release

_PARTS = ("all", "values", "manifest", "notes")


@verb(
    "get",
    examples="""
    chartgen get iris -n models
    chartgen get iris values -n models --all-values
    chartgen get iris manifest --revision 3
    """,
)
@release_argument
@click.argument("part", type=click.Choice(_PARTS), default="all")
@click.option("--revision", type=click.IntRange(min=1), help="Of this revision (else of the newest).")
@click.option("--all-values", is_flag=True, help="Print the chart's own values too, not only those that were set.")
@helm_options
@output_option("table", "json", "yaml")
def command(name: str, part: str, revision: int | None, all_values: bool, where: HelmArguments, output: str) -> None:
    """Print PART of the release NAME: the values that were set on it, its manifest, its notes, or all of them.

    The values are what --set-values and --values-file gave. The service file itself is not kept in the cluster.
    """
    from chartgen.chart.yaml_dump import to_yaml

    helm = where.target().helm
    release = helm.status(name, revision)
    values = helm.get_values(name, release.revision, computed=True) if all_values else dict(release.values)
    content = {"values": values, "manifest": release.manifest, "notes": release.notes}
    shown = content if part == "all" else {part: content[part]}
    if output != "table":
        head = {"name": release.name, "namespace": release.namespace, "revision": release.revision}
        out.data("ReleaseContent", head | shown, output)
        return
    texts = {"values": to_yaml(values), "manifest": release.manifest, "notes": release.notes}
    for each in shown:
        if part == "all":
            click.echo(f"{each.upper()}:" if each != "values" else _head(release, all_values=all_values))
        click.echo(texts[each].removeprefix("---\n").strip("\n"))
        if part == "all":
            click.echo()


def _head(release: Release, *, all_values: bool) -> str:
    facts: dict[str, Any] = {
        "NAME": release.name,
        "NAMESPACE": release.namespace,
        "REVISION": release.revision,
        "STATUS": release.status,
        "CHART": f"{release.chart.name} {release.chart.version}",
    }
    lines = [f"{name}: {value}" for name, value in facts.items()]
    return "\n".join([*lines, "", "ALL VALUES:" if all_values else "VALUES THAT WERE SET:"])
