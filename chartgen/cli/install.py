"""`chartgen install`: a service becomes a release."""

from __future__ import annotations

import click

from chartgen.cli.bumping import bump_option, bumped, in_history
from chartgen.cli.live import working
from chartgen.cli.options import HelmArguments, ServiceArguments, output_option
from chartgen.cli.release_options import ValuesArguments, WaitArguments, deploy_options, dry_run_of
from chartgen.cli.releases import show_change
from chartgen.cli.verb import verb


@verb(
    "install",
    examples="""
    chartgen install -f service.yaml -n models
    chartgen install -f service.yaml -n models --create-namespace --rollback-on-failure
    chartgen install -f service.yaml --set-values packages.indexUrl=https://pypi.example.com/simple
    chartgen install -f service.yaml --dry-run=server -o json
    """,
)
@deploy_options
@bump_option
@click.option("--create-namespace", is_flag=True, help="Make the namespace if it is missing.")
@output_option("table", "json", "yaml", "name")
def command(
    arguments: ServiceArguments,
    bump: str | None,
    values: ValuesArguments,
    where: HelmArguments,
    waiting: WaitArguments,
    dry_run: str | None,
    release: str | None,
    create_namespace: bool,
    output: str,
) -> None:
    """Install a service as a new release, and wait until its pods have made a prediction."""
    from chartgen import lifecycle

    used = in_history(where, release)
    with bumped(arguments, bump, keep=not dry_run, is_used=used) as built, working():
        made = lifecycle.install(
            where.target(built.spec.namespace),
            built.chart,
            release or built.spec.name,
            values.values(),
            wait=waiting.options(),
            dry_run=dry_run_of(dry_run),
            create_namespace=create_namespace,
        )
    show_change("installed", made, output, dry_run=bool(dry_run))
