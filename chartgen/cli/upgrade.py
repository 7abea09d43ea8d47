"""`chartgen upgrade`: a release gets a new model or new settings."""

from __future__ import annotations

import click

from chartgen.cli.deployment import Deployment, deploy_options, upgrade_options
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
@click.option("--install", is_flag=True, help="Install the release if there is none.")
@upgrade_options
def command(deployment: Deployment, install: bool, reset_values: bool, force_conflicts: bool) -> None:
    """Upgrade a release to what the service file says now, and wait until its pods have made a prediction.

    Values that were set with --set-values or --values-file before stay set, until they are set anew or reset.
    """
    made = deployment.upgrade(install=install, reset_values=reset_values, force_conflicts=force_conflicts)
    deployment.show("upgraded", made)
