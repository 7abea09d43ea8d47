"""`chartgen test`: the recorded sample against the deployed model."""

from __future__ import annotations

from chartgen.cli import output as out
from chartgen.cli.live import working
from chartgen.cli.options import HelmArguments, helm_options, release_argument
from chartgen.cli.release_options import duration_option
from chartgen.cli.verb import verb


@verb(
    "test",
    examples="""
    chartgen test iris -n models
    """,
)
@release_argument
@helm_options
@duration_option
def command(name: str, where: HelmArguments, timeout: str) -> None:
    """Send the recorded sample to the release NAME inside the cluster, and compare the answer, as `helm test` does."""
    target = where.target()
    with working("the test's pod asks the model"):
        target.helm.test(name, logs=False, timeout=timeout)
    out.say(f"the test of {name} passed")
