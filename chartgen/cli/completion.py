"""`chartgen completion`: the script that completes commands in a shell."""

from __future__ import annotations

import click

from chartgen.cli.verb import verb

VARIABLE = "_CHARTGEN_COMPLETE"


@verb(
    "completion",
    examples="""
    chartgen completion bash > ~/.local/share/bash-completion/completions/chartgen
    chartgen completion zsh > "${fpath[1]}/_chartgen"
    chartgen completion fish > ~/.config/fish/completions/chartgen.fish
    """,
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the script that completes verbs, options, releases, namespaces and files in SHELL.

    For one session: `source <(chartgen completion bash)`, the same in zsh, `chartgen completion fish | source`. Bash
    has to be 4.4 or newer. For PowerShell there is none.
    """
    from click.shell_completion import get_completion_class

    from chartgen.cli import root

    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"this click has no completion for {shell}")
    click.echo(made(root, {}, "chartgen", VARIABLE).source())
