"""Options of the verbs that hand a chart to helm: its values, how long to wait, and whether to change anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chartgen.cli.options import Function, gather

if TYPE_CHECKING:
    from collections.abc import Callable

    from chartgen.helm.options import WaitOptions
    from chartgen.helm.version import DryRun
    from chartgen.lifecycle.target import ReleaseValues

TIMEOUT = "5m"


@dataclass(frozen=True)
class ValuesArguments:
    """Values of a release over the chart's own."""

    values_files: tuple[Path, ...]
    set_values: tuple[str, ...]
    set_values_string: tuple[str, ...]

    def values(self) -> ReleaseValues:
        """The same for the lifecycle."""
        from chartgen.lifecycle.target import ReleaseValues

        return ReleaseValues(self.values_files, self.set_values, self.set_values_string)


def release_values_options(function: Function) -> Function:
    """Values of the release over the chart's own, as `values`."""
    return gather(
        function,
        "values",
        ValuesArguments,
        click.option(
            "--values-file",
            "values_files",
            multiple=True,
            metavar="FILE",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="A file with values of the chart; repeat it, the last one wins.",
        ),
        click.option("--set-values", multiple=True, metavar="KEY=VALUE", help="A value of the chart (replicaCount=2)."),
        click.option("--set-values-string", multiple=True, metavar="KEY=TEXT", help="The same, always as text."),
    )


def duration_option(function: Function) -> Function:
    """`--timeout`, as Go writes durations."""
    return _duration(TIMEOUT, show_default=True)(function)


def _duration(default: str | None, show_default: str | bool) -> Callable[[Function], Function]:
    def checked(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
        from chartgen.helm.duration import parse_duration

        try:
            parse_duration(TIMEOUT if value is None else value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
        return value

    return click.option(
        "--timeout",
        default=default,
        show_default=show_default,
        metavar="DURATION",
        callback=checked,
        help="How long to wait, as 90s or 5m30s.",
    )


@dataclass(frozen=True)
class WaitArguments:
    """Whether and how long to wait, and what to do when it fails."""

    wait: bool
    timeout: str | None
    rollback_on_failure: bool

    def options(self, timeout: str = TIMEOUT) -> WaitOptions:
        """The same for the helm driver.

        Args:
            timeout: How long to wait where nothing was said of it.
        """
        from chartgen.helm.options import WaitOptions

        return WaitOptions(
            wait=self.wait, timeout=self.timeout or timeout, rollback_on_failure=self.rollback_on_failure
        )


def wait_options(function: Function, default: str = TIMEOUT) -> Function:
    """Whether and how long to wait, as `waiting`.

    Args:
        function: The verb's function.
        default: What is said of how long it waits where nothing is asked for.
    """
    return gather(
        function,
        "waiting",
        WaitArguments,
        click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until the pods are ready."),
        _duration(None, default),
        click.option(
            "--rollback-on-failure",
            "--atomic",
            is_flag=True,
            help="Undo the operation when it fails; it then waits in any case.",
        ),
    )


def dry_run_option(function: Function) -> Function:
    """`--dry-run`, alone or with how far to go."""
    decorated: Function = click.option(
        "--dry-run",
        is_flag=False,
        flag_value="client",
        type=click.Choice(["client", "server"]),
        help="Change nothing; with `server` the API server checks the objects.",
    )(function)
    return decorated


def force_conflicts_option(function: Function) -> Function:
    """`--force-conflicts`."""
    decorated: Function = click.option(
        "--force-conflicts", is_flag=True, help="Take over fields that another program has set (Helm 4)."
    )(function)
    return decorated


def dry_run_of(chosen: str | None) -> DryRun:
    """The choice of `--dry-run` for the lifecycle."""
    from chartgen.helm.version import DryRun

    return DryRun(chosen) if chosen else DryRun.NONE
