"""What `install`, `upgrade` and `deploy` share: a service on its way to a release."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import click

from chartgen.cli.bumping import bump_option, bumped, in_history
from chartgen.cli.live import working
from chartgen.cli.options import (
    Function,
    HelmArguments,
    ServiceArguments,
    gather,
    helm_options,
    output_option,
    service_options,
)
from chartgen.cli.release_options import (
    TIMEOUT,
    ValuesArguments,
    WaitArguments,
    dry_run_of,
    dry_run_option,
    force_conflicts_option,
    release_values_options,
    wait_options,
)
from chartgen.cli.releases import show_change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chartgen.chart.build import Built
    from chartgen.helm.options import WaitOptions
    from chartgen.helm.release import Release
    from chartgen.helm.version import DryRun
    from chartgen.lifecycle.target import Target


@dataclass(frozen=True)
class Deployment:
    """A service, values over those of its chart, a place, how to wait, a release's name, and how to tell of it."""

    arguments: ServiceArguments
    values: ValuesArguments
    where: HelmArguments
    waiting: WaitArguments
    dry_run: str | None
    release: str | None
    bump: str | None
    create_namespace: bool
    output: str

    @contextmanager
    def chart(self) -> Iterator[Built]:
        """Makes the chart; what is done with it happens inside the block. See `bumped`."""
        used = in_history(self.where, self.release)
        with bumped(self.arguments, self.bump, keep=not self.dry_run, is_used=used) as built, working():
            yield built

    def target(self, built: Built) -> Target:
        """Where the release is."""
        return self.where.target(built.spec.namespace)

    def wait(self, built: Built) -> WaitOptions:
        """How to wait: unless it was said, a little longer than a rollout of this chart may go without progress."""
        seconds = built.plan.values["progressDeadlineSeconds"] + 30
        return self.waiting.options(f"{seconds // 60}m")

    def name(self, built: Built) -> str:
        """The release's name."""
        return self.release or built.spec.name

    @property
    def how_far(self) -> DryRun:
        """Whether anything is changed."""
        return dry_run_of(self.dry_run)

    def upgrade(self, *, install: bool, reset_values: bool, force_conflicts: bool) -> Release:
        """Bring the release to what the service file says; see `lifecycle.upgrade`.

        Args:
            install: Install it when there is none.
            reset_values: Forget the values that were set before.
            force_conflicts: Take over fields that another program has set.
        """
        from chartgen import lifecycle

        with self.chart() as built:
            return lifecycle.upgrade(
                self.target(built),
                built.chart,
                self.name(built),
                self.values.values(),
                install=install,
                reset_values=reset_values,
                force_conflicts=force_conflicts,
                wait=self.wait(built),
                dry_run=self.how_far,
                create_namespace=self.create_namespace,
            )

    def show(self, what: str, made: Release) -> None:
        """Tell what was done."""
        show_change(what, made, self.output, dry_run=bool(self.dry_run))


def deploy_options(function: Function) -> Function:
    """All of it, as `deployment`."""
    return gather(
        function,
        "deployment",
        Deployment,
        service_options,
        release_values_options,
        helm_options,
        partial(wait_options, default=f"{TIMEOUT}; 20m where the pods install libraries of CUDA"),
        dry_run_option,
        click.option("--release", metavar="NAME", help="The release's name (else the service's)."),
        bump_option,
        click.option(
            "--create-namespace", is_flag=True, help="Make the namespace if it is missing when the release is new."
        ),
        output_option("table", "json", "yaml", "name"),
    )


def upgrade_options(function: Function) -> Function:
    """What only an upgrade can do."""
    for option in (
        force_conflicts_option,
        click.option("--reset-values", is_flag=True, help="Forget the values that were set on the release before."),
    ):
        function = option(function)
    return function
