"""`chartgen upgrade`: a release gets a new model or new settings."""

from __future__ import annotations

import click

from chartgen.cli.bumping import bump_option, bumped, in_history
from chartgen.cli.live import working
from chartgen.cli.options import HelmArguments, ServiceArguments, output_option
from chartgen.cli.release_options import ValuesArguments, WaitArguments, deploy_options, dry_run_of
from chartgen.cli.releases import show_change
from chartgen.cli.verb import verb


@verb(
    "upgrade",
    examples="""
    chartgen upgrade -f service.yaml --set version=1.1.0
    chartgen upgrade -f service.yaml --install --rollback-on-failure
    chartgen upgrade -f service.yaml --set-values replicaCount=2
    """,
)
@deploy_options
@bump_option
@click.option("--install", is_flag=True, help="Install the release if there is none.")
@click.option("--create-namespace", is_flag=True, help="With --install: make the namespace if it is missing.")
@click.option("--reset-values", is_flag=True, help="Forget the values that were set on the release before.")
@click.option("--force-conflicts", is_flag=True, help="Take over fields that another program has set (Helm 4).")
@output_option("table", "json", "yaml", "name")
def command(
    arguments: ServiceArguments,
    bump: str | None,
    values: ValuesArguments,
    where: HelmArguments,
    waiting: WaitArguments,
    dry_run: str | None,
    release: str | None,
    install: bool,
    create_namespace: bool,
    reset_values: bool,
    force_conflicts: bool,
    output: str,
) -> None:
    """Upgrade a release to what the service file says now, and wait until its pods have made a prediction.

    Values that were set with --set-values or --values-file before stay set, until they are set anew or reset.
    """
    from chartgen import lifecycle

    used = in_history(where, release)
    with bumped(arguments, bump, keep=not dry_run, is_used=used) as built, working():
        made = lifecycle.upgrade(
            where.target(built.spec.namespace),
            built.chart,
            release or built.spec.name,
            values.values(),
            install=install,
            reset_values=reset_values,
            force_conflicts=force_conflicts,
            wait=waiting.options(),
            dry_run=dry_run_of(dry_run),
            create_namespace=create_namespace,
        )
    show_change("upgraded", made, output, dry_run=bool(dry_run))
