"""The form of a verb: the options that all have, and chartgen's errors turned into messages and exit codes."""

from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING, Any

import click

from chartgen.cli import CONTEXT, output
from chartgen.cli.exit_codes import exit_code
from chartgen.errors import ChartgenError, HelmError

if TYPE_CHECKING:
    from collections.abc import Callable


def _remember(ctx: click.Context, param: click.Parameter, value: object) -> None:
    ctx.meta[f"chartgen.{param.name}"] = value


class Verb(click.Command):
    """A verb of the command line."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        flags = {
            ("-v", "--verbose"): "Say more, such as the helm commands.",
            ("-q", "--quiet"): "Say nothing but data and errors.",
            ("--debug",): "Show tracebacks, and helm's own debug output.",
        }
        self.params += [
            click.Option(names, is_flag=True, expose_value=False, callback=_remember, help=text)
            for names, text in flags.items()
        ]
        self.params.append(
            click.Option(
                ["--color"],
                type=click.Choice(["auto", "always", "never"]),
                default="auto",
                show_default=True,
                expose_value=False,
                callback=_remember,
                help="When to colour messages.",
            )
        )

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; an error of chartgen ends it with its message and its exit code."""
        try:
            return super().invoke(ctx)
        except ChartgenError as error:
            if debugging():
                click.echo("".join(traceback.format_exception(error)), err=True)
                if isinstance(error, HelmError) and error.stderr:
                    click.echo(error.stderr, err=True)
            output.report(error, ctx.params.get("output"))
            ctx.exit(exit_code(error))


def verb(name: str, *, examples: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a function a verb, with examples under its help.

    Args:
        name: The verb.
        examples: One command a line.
    """
    lines = "\n".join(f"  {line.strip()}" for line in examples.strip().splitlines())
    prefix = name.upper().replace("-", "_").replace(" ", "_")
    variables = f"Every option can be set in the environment, as CHARTGEN_{prefix}_<OPTION>."
    return click.command(name, cls=Verb, context_settings=CONTEXT, epilog=f"{variables}\n\n\b\nExamples:\n{lines}")


def debugging() -> bool:
    """Whether `--debug` was given, or $CHARTGEN_DEBUG is set."""
    return bool(click.get_current_context().meta.get("chartgen.debug") or os.environ.get("CHARTGEN_DEBUG"))


def command_log() -> Callable[[str], None] | None:
    """What shows each helm command as it runs; None unless `-v` or `--debug` was given."""
    if not (click.get_current_context().meta.get("chartgen.verbose") or debugging()):
        return None
    return lambda line: click.echo(line, err=True)
