"""`chartgen lint`: the chart, as helm judges it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from chartgen.cli import output as out
from chartgen.cli.options import HelmArguments, ServiceArguments, helm_options, output_option, service_options
from chartgen.cli.release_options import ValuesArguments, release_values_options
from chartgen.cli.verb import verb
from chartgen.errors import InvalidManifestError


@verb(
    "lint",
    examples="""
    chartgen lint
    chartgen lint -f service.yaml --values-file production-values.yaml
    chartgen lint -f service.yaml --helm ~/bin/helm3 -o json
    """,
)
@service_options
@release_values_options
@helm_options
@output_option("table", "json", "yaml")
def command(arguments: ServiceArguments, values: ValuesArguments, where: HelmArguments, output: str) -> None:
    """Check the chart of a service with `helm lint --strict`, and its values with their schema and its own rules.

    Nothing is written. The cluster is not asked: `chartgen install --dry-run=server` does that.
    """
    from chartgen.chart.write import write
    from chartgen.lifecycle.assignments import assigned
    from chartgen.lifecycle.origins import blaming_givers

    built = arguments.build()
    name, version = built.chart.name, built.chart.version
    helm = where.target(built.spec.namespace).helm
    with tempfile.TemporaryDirectory(prefix="chartgen-") as scratch:
        folder = write(built.chart, Path(scratch))
        try:
            setting = assigned(values.values())
            with blaming_givers(values.values(), "values.yaml"):
                helm.lint(folder, values_files=values.values_files, values=setting)
                # Helm's lint passes over the chart's own `fail`.
                helm.template(built.spec.name, folder, values.values_files, setting, include_tests=True)
        except InvalidManifestError as error:
            if str(folder) in (error.where or ""):
                error.where = f"{name} {version}"  # its folder is gone when this is read
            raise
    if output == "table":
        out.say(f"{name} {version} passes `helm lint --strict` of Helm {helm.version}")
    else:
        out.data("Lint", {"valid": True, "name": name, "version": version, "helm": str(helm.version)}, output)
