"""`--bump`: a new version of the service on the way to its chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chartgen.cli import output as out

if TYPE_CHECKING:
    from collections.abc import Callable

    from chartgen.chart.build import Built
    from chartgen.cli.options import ServiceArguments


def bump_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--bump`: which part of the version is raised."""
    decorated: Callable[..., Any] = click.option(
        "--bump",
        type=click.Choice(["patch", "minor", "major"]),
        help="Raise the version in the service file first; nothing else in it changes.",
    )(function)
    return decorated


def build_bumped(arguments: ServiceArguments, bump: str | None, *, keep: bool = True) -> Built:
    """Make the chart; with `bump` the version is raised, and written when the chart is made.

    Args:
        arguments: The service file, and what changes it.
        bump: The part of the version to raise; None leaves the version alone.
        keep: Whether the raised version is written to the service file; off for a dry run.

    Raises:
        ChartgenError: See `ServiceArguments.build`.
        ServiceFileError: The version cannot be raised.
    """
    if bump is None:
        return arguments.build()
    from chartgen.service.bump import plan_bump

    planned = plan_bump(arguments.files, bump)
    if (given := arguments.load().version) != planned.old:
        raise click.UsageError(f"--bump raises {planned.old} of {planned.file}, but --set makes it {given}")
    built = arguments.build(version=planned.new)
    if keep:
        planned.write()
    out.say(f"{planned.file}: version {planned.old} {'is now' if keep else 'would become'} {planned.new}")
    return built
