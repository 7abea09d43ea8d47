"""What the command line prints: data on standard output, everything else on standard error."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from chartgen.cli import live
from chartgen.errors import ChartgenError, HelmError, ModelUnsafeError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

API_VERSION = "chartgen/v1"


def data(kind: str, content: Mapping[str, Any], form: str) -> None:
    """Print a document as JSON or YAML.

    Args:
        kind: What it is, such as `ModelFacts`.
        content: The document.
        form: `json` or `yaml`.
    """
    document = {"apiVersion": API_VERSION, "kind": kind, **content}
    if form == "json":
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    from chartgen.chart.yaml_dump import to_yaml

    click.echo(to_yaml(document), nl=False)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, headers: bool = True) -> None:
    """Print rows in columns.

    Args:
        header: The names of the columns.
        rows: The cells.
        headers: Whether the names are printed.
    """
    # What others wrote, such as helm's descriptions, may hold line breaks.
    cells = [[" ".join(cell.split()) for cell in row] for row in rows]
    lines = [[name.upper() for name in header], *cells] if headers else cells
    widths = [max((len(line[column]) for line in lines), default=0) for column in range(len(header))]
    for line in lines:
        click.echo("   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def pairs(rows: Sequence[tuple[str, str]]) -> None:
    """Print facts, one a line, as `name: value` with the values in a column."""
    width = max((len(name) for name, _ in rows), default=0) + 1
    for name, value in rows:
        click.echo(f"{name + ':':<{width}} {value}")


def is_quiet() -> bool:
    """Whether `--quiet` was given."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get("chartgen.quiet"))


def say(message: str) -> None:
    """Tell a person something on standard error, unless `--quiet` was given."""
    if is_quiet():
        return
    if line := live.current():
        line.say(message)
    else:
        click.echo(message, err=True, color=_coloured())


def warn(message: str) -> None:
    """Tell a person something that may be wrong."""
    say(f"{_styled('warning:', fg='yellow')} {message}")


def _styled(text: str, **style: Any) -> str:
    return click.style(text, bold=True, **style) if _coloured() else text


def _coloured() -> bool:
    """Colour follows --color, then NO_COLOR, FORCE_COLOR, a dumb terminal, and whether standard error is one at all."""
    context = click.get_current_context(silent=True)
    chosen = context.meta.get("chartgen.color", "auto") if context else "auto"
    if chosen != "auto":
        return bool(chosen == "always")
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return os.environ.get("TERM") != "dumb" and sys.stderr.isatty()


def report(error: ChartgenError, form: str | None) -> None:
    """Print an error: what, where, what was allowed, what to do next.

    Args:
        error: The error.
        form: `json` or `yaml` for programs, anything else for people.
    """
    if form in ("json", "yaml"):
        click.echo(
            json.dumps(
                {"apiVersion": API_VERSION, "kind": "Error", "error": _document(error)}, indent=2, ensure_ascii=False
            ),
            err=True,
        )
        return
    label = _styled("error:", fg="red")
    if isinstance(error, SchemaError):
        for violation in error.violations:
            click.echo(f"{label} {violation}", err=True, color=_coloured())
            _more(violation.expected, violation.hint)
        return
    click.echo(f"{label} {error}", err=True, color=_coloured())
    if isinstance(error, ModelUnsafeError) and error.shortened:
        for name in error.imports:
            click.echo(f"  {name}", err=True)
    _more(error.expected, error.hint)


def _more(expected: str | None, hint: str | None) -> None:
    if expected:
        click.echo(f"  expected: {expected}", err=True)
    if hint:
        click.echo(f"  hint: {hint}", err=True)


def _document(error: ChartgenError) -> dict[str, Any]:
    document: dict[str, Any] = {"type": type(error).__name__.removesuffix("Error"), "message": error.message}
    extra = {"where": error.where, "expected": error.expected, "hint": error.hint}
    document |= {name: value for name, value in extra.items() if value}
    if isinstance(error, SchemaError):
        document["violations"] = [
            {name: value for name, value in vars(violation).items() if value is not None}
            for violation in error.violations
        ]
    if isinstance(error, ModelUnsafeError):
        document["imports"] = list(error.imports)
    if isinstance(error, HelmError) and error.stderr:
        document["helm"] = {"exitCode": error.returncode, "stderr": error.stderr}
    return document
