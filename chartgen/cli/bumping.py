"""`--bump`: a new version of the service on the way to its chart."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from chartgen.cli import output as out
from chartgen.errors import ChartgenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chartgen.chart.build import Built
    from chartgen.cli.options import HelmArguments, ServiceArguments
    from chartgen.service.bump import Bump


def bump_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--bump`: which part of the version is raised."""
    decorated: Callable[..., Any] = click.option(
        "--bump",
        type=click.Choice(["patch", "minor", "major"]),
        help="Raise the version; it is written to the service file once it is used, and nothing else in it changes.",
    )(function)
    return decorated


@contextmanager
def bumped(
    arguments: ServiceArguments,
    bump: str | None,
    *,
    keep: bool = True,
    is_used: Callable[[Built], bool] = lambda _built: False,
) -> Iterator[Built]:
    """Make the chart, with `bump` under a raised version; what is done with it happens inside the block.

    The raised version is written to the service file when the block has ended. After an error in it the file stays as
    it was, unless the version is used all the same: a version names one content, so it must not be made again.

    Args:
        arguments: The service file, and what changes it.
        bump: The part of the version to raise; None leaves the version alone.
        keep: Whether the raised version is written to the service file; off for a dry run.
        is_used: Asked after an error in the block: whether the chart is in use nevertheless.

    Raises:
        ChartgenError: See `ServiceArguments.build`.
        ServiceFileError: The version cannot be raised, or the file cannot be written.
    """
    if bump is None:
        yield arguments.build()
        return
    planned = _planned(arguments, bump, keep=keep)
    built = arguments.build(version=planned.new)
    try:
        yield built
    except BaseException:
        if keep and is_used(built):
            _keep(planned)
        raise
    if keep:
        _keep(planned)
    else:
        out.say(f"{planned.file}: version {planned.old} would become {planned.new}")


def in_history(where: HelmArguments, release: str | None) -> Callable[[Built], bool]:
    """Whether the history of the release holds a chart, for `bumped`: also a revision that failed was deployed.

    Args:
        where: Where the release is.
        release: Its name; None for the service's.
    """

    def asked(built: Built) -> bool:
        from chartgen import lifecycle

        try:
            return lifecycle.holds(where.target(built.spec.namespace), release or built.spec.name, built.chart)
        except ChartgenError:
            return False  # the error that is told already says why the cluster, or helm, cannot be asked

    return asked


def _planned(arguments: ServiceArguments, bump: str, *, keep: bool) -> Bump:
    from chartgen.service.bump import plan_bump

    given = arguments.load().version  # first of all: it says what is wrong with a file, and where
    planned = plan_bump(arguments.files, bump)
    if given != planned.old:
        raise click.UsageError(f"--bump raises {planned.old} of {planned.file}, but --set makes it {given}")
    if keep:
        planned.check()
    return planned


def _keep(planned: Bump) -> None:
    planned.write()
    out.say(f"{planned.file}: version {planned.old} is now {planned.new}")
