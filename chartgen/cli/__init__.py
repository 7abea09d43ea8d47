"""The command line: one file per verb, imported when the verb is called."""

from __future__ import annotations

import errno
import gc
import importlib
import os
import re
import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from chartgen import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from click.shell_completion import CompletionItem

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
GARBAGE_THRESHOLD = 100_000  # objects; Python's own is 700

# Verb -> what it does. The listing is written here so that `--help` need not import every verb.
VERBS = {
    "init": "Write a service file for a model",
    "validate": "Check a service file and its model, and say everything that is wrong",
    "inspect": "Say what a model file is, without executing it",
    "lock": "Write the versions and hashes of a model's libraries, for those that chartgen does not know",
    "lint": "Check the chart of a service with helm",
    "render": "Write the chart of a service as a folder",
    "template": "Print the manifests of a service",
    "package": "Write the chart of a service as an archive",
    "run": "Serve a model on this computer, with the pod's own code",
    "install": "Install a service",
    "upgrade": "Upgrade a service to a new version of its model or settings",
    "deploy": "Install a service, or upgrade it where it is installed",
    "rollback": "Take a release back to an earlier revision",
    "uninstall": "Remove a release",
    "list": "List the releases",
    "status": "Say how a release is, and why",
    "history": "List the revisions of a release",
    "get": "Print what a release was made of: values, manifest, notes",
    "predict": "Send a request to a deployed model",
    "test": "Send the recorded sample to a deployed model and compare the answer",
    "schema": "Print the JSON Schema of service files, or of a chart's values",
    "completion": "Print the script that completes commands in a shell",
    "helm": "Get the helm program",
    "version": "Say the versions of all that takes part",
}

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class _Root(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's form
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's form
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"chartgen.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in VERBS:
            import difflib

            meant = difflib.get_close_matches(name, VERBS, 1)
            hint = f"; did you mean `{meant[0]}`?" if meant else ""
            ctx.fail(f"no such verb: {name}{hint}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The verbs that begin so, without importing any, and the options."""
        from click.shell_completion import CompletionItem

        verbs = [CompletionItem(name, help=said) for name, said in VERBS.items() if name.startswith(incomplete)]
        return verbs + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's form
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


# A verb's options take their defaults from CHARTGEN_<VERB>_<OPTION>.
@click.group(cls=_Root, context_settings={**CONTEXT, "auto_envvar_prefix": "CHARTGEN"})
@click.version_option(__version__, prog_name="chartgen", message="%(prog)s %(version)s")
def root() -> None:
    """Turn a model file and a small service file into a versioned Helm chart whose pods answer POST /predict.

    \b
    Start with:
      chartgen init model.onnx
      chartgen validate -f service.yaml
      chartgen install -f service.yaml
    """


def _terminated(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signal.SIGTERM)


def _meant_as_option(error: click.ClickException) -> str:
    """A hint where the service file was given as a bare argument."""
    found = re.fullmatch(r"Got unexpected extra argument \((.+\.ya?ml)\)", error.format_message())
    return f"\nhint: the service file is given with `-f {found[1]}`" if found else ""


def _refuse_other_encodings(arguments: Sequence[str]) -> None:
    """Refuses arguments that are not UTF-8, as charts, answers and messages are.

    Raises:
        UsageError: There is one.
    """
    for argument in arguments:
        if any("\ud800" <= character <= "\udfff" for character in argument):  # Python's stand-ins for such bytes
            shown = argument.encode(errors="backslashreplace").decode()
            raise click.UsageError(f"the argument {shown} is not UTF-8; rename the file, or write the text in UTF-8")


def _write_no_more() -> None:
    """What is left of the output is dropped: Python would try it once more at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(argv: list[str] | None = None) -> Any:
    """Run the command line and end the process with its exit code.

    Args:
        argv: The arguments; None means the process's own.
    """
    signal.signal(signal.SIGTERM, _terminated)
    # Modules and charts are hardly ever garbage: to look for it as often as Python does takes a twentieth of the time.
    gc.set_threshold(GARBAGE_THRESHOLD)
    try:
        _refuse_other_encodings(sys.argv[1:] if argv is None else argv)
        code = root.main(args=argv, prog_name="chartgen", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        click.echo("Interrupted", err=True)
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and error.ctx is not None:
            click.echo(f"{error.ctx.get_usage()}\nTry `{error.ctx.command_path} --help`\n", err=True)
        click.echo(f"error: {error.format_message()}{_meant_as_option(error)}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output went away (`| head`): what a pipe's end means is not an error.
        _write_no_more()
        sys.exit(1)
    except OSError as error:
        if error.errno not in DISK_ERRORS or error.filename is not None:
            raise
        _write_no_more()
        click.echo(f"error: the output cannot be written: {error.strerror}", err=True)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
