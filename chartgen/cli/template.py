"""`chartgen template`: the manifests, as `helm template` prints them."""

from __future__ import annotations

import click

from chartgen.cli.options import HelmArguments, ServiceArguments, helm_options, service_options
from chartgen.cli.release_options import ValuesArguments, release_values_options
from chartgen.cli.verb import verb


@verb(
    "template",
    examples="""
    chartgen template -f service.yaml
    chartgen template -f service.yaml -n models | kubectl apply --server-side -f -
    """,
)
@service_options
@release_values_options
@helm_options
@click.option("--release", metavar="NAME", help="The release's name (else the service's).")
@click.option("--kube-version", metavar="VERSION", help="The Kubernetes version to render for.")
@click.option(
    "--include-tests", is_flag=True, help="Print the pods of `helm test` too; `kubectl apply` would run them."
)
def command(
    arguments: ServiceArguments,
    values: ValuesArguments,
    where: HelmArguments,
    release: str | None,
    kube_version: str | None,
    include_tests: bool,
) -> None:
    """Print the manifests of a service, without test hooks."""
    from chartgen import lifecycle

    built = arguments.build()
    manifests = lifecycle.template(
        where.target(built.spec.namespace),
        built.chart,
        release or built.spec.name,
        values.values(),
        include_tests=include_tests,
        kube_version=kube_version,
    )
    click.echo(manifests, nl=False)
