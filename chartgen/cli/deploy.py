"""`chartgen deploy`: a release becomes what the service file says, whether it is there already or not."""

from __future__ import annotations

import click

from chartgen.cli.bumping import bump_option, bumped, in_history
from chartgen.cli.live import working
from chartgen.cli.options import HelmArguments, ServiceArguments, output_option
from chartgen.cli.release_options import ValuesArguments, WaitArguments, deploy_options, dry_run_of
from chartgen.cli.releases import show_change
from chartgen.cli.verb import verb


@verb(
    "deploy",
    examples="""
    chartgen deploy -f service.yaml -n models --create-namespace
    chartgen deploy -f service.yaml --bump patch --rollback-on-failure
    """,
)
@deploy_options
@bump_option
@click.option("--create-namespace", is_flag=True, help="Make the namespace if it is missing.")
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
    create_namespace: bool,
    reset_values: bool,
    force_conflicts: bool,
    output: str,
) -> None:
    """Install a service, or upgrade it where it is installed, and wait until its pods have made a prediction.

    It is `chartgen upgrade --install`: for pipelines, which do not know whether they come first.
    """
    from chartgen import lifecycle

    used = in_history(where, release)
    with bumped(arguments, bump, keep=not dry_run, is_used=used) as built, working():
        made = lifecycle.upgrade(
            where.target(built.spec.namespace),
            built.chart,
            release or built.spec.name,
            values.values(),
            install=True,
            reset_values=reset_values,
            force_conflicts=force_conflicts,
            wait=waiting.options(),
            dry_run=dry_run_of(dry_run),
            create_namespace=create_namespace,
        )
    show_change("installed" if made.revision == 1 else "upgraded", made, output, dry_run=bool(dry_run))
