"""`chartgen install`: a service becomes a release."""

from __future__ import annotations

from chartgen.cli.deployment import Deployment, deploy_options
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
def command(deployment: Deployment) -> None:
    """Install a service as a new release, and wait until its pods have made a prediction."""
    from chartgen import lifecycle

    with deployment.chart() as built:
        made = lifecycle.install(
            deployment.target(built),
            built.chart,
            deployment.name(built),
            deployment.values.values(),
            wait=deployment.wait(built),
            dry_run=deployment.how_far,
            create_namespace=deployment.create_namespace,
        )
    deployment.show("installed", made)
