"""`chartgen validate`: the service file, the model, and whether the two fit."""

from __future__ import annotations

import os

from chartgen.cli import output as out
from chartgen.cli.options import ServiceArguments, output_option, service_options
from chartgen.cli.verb import verb


@verb(
    "validate",
    examples="""
    chartgen validate
    chartgen validate -f service.yaml -f production.yaml
    chartgen validate -f service.yaml --set replicas=2 -o json
    """,
)
@service_options
@output_option("table", "json", "yaml")
def command(arguments: ServiceArguments, output: str) -> None:
    """Check a service file and its model, and say everything that is wrong.

    What passes here can be rendered; only the cluster is not asked.
    """
    from chartgen.inspect.printable import listed
    from chartgen.pins.gpu import GPU_PACKAGES
    from chartgen.pins.xgboost import CPU_BUILD

    built = arguments.build(warn=output == "table")
    if output != "table":
        content = {
            "valid": True,
            "name": built.spec.name,
            "version": built.spec.version,
            "model": {"format": built.facts.format, "size": built.facts.size, "sha256": built.facts.sha256},
            "libraries": dict(sorted(built.requirements.versions.items())),
            "lock": os.path.relpath(built.lock) if built.lock else None,
            "trustedImports": list(built.facts.untrusted),
            "warnings": list(built.warnings),
        }
        out.data("Validation", content, output)
        return
    has = built.requirements.versions
    # A build for GPUs, and one without the code for them, may be a package of another name.
    builds = {**GPU_PACKAGES, "xgboost": CPU_BUILD}
    names = [each.name if each.name in has else builds.get(each.name, "") for each in built.facts.libraries]
    # A runtime of the user's own need not be a package.
    shown = [name for name in [built.spec.runtime.name, *names] if name in has]
    versions = [f"{name} {has[name]}" for name in shown]
    name, version = built.spec.name, built.spec.version
    out.say(f"{name} {version} is valid: a model of the format {built.facts.format}, served with {', '.join(versions)}")
    if built.facts.untrusted:
        out.say(f"its pods run what the pickle imports, as `model.trusted` allows: {listed(built.facts.untrusted)}")
    if built.lock:
        out.say(f"the libraries are those of {os.path.relpath(built.lock)}, which lies beside the service file")
