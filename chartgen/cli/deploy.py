"""`chartgen deploy`: a release becomes what the service file says, whether it is there already or not."""

from __future__ import annotations

from chartgen.cli.deployment import Deployment, deploy_options, upgrade_options
from chartgen.cli.verb import verb


@verb(
    "deploy",
    examples="""
    chartgen deploy -f service.yaml -n models --create-namespace
    chartgen deploy -f service.yaml --bump patch --rollback-on-failure
    """,
)
@deploy_options
@upgrade_options
def command(deployment: Deployment, reset_values: bool, force_conflicts: bool) -> None:
    """Install a service, or upgrade it where it is installed, and wait until its pods have made a prediction.

    It is `chartgen upgrade --install`: for pipelines, which do not know whether they come first.
    """
    made = deployment.upgrade(install=True, reset_values=reset_values, force_conflicts=force_conflicts)
    deployment.show("installed" if made.revision == 1 else "upgraded", made)
