"""`chartgen predict`: a request to a deployed model."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from chartgen.cli import output as out
from chartgen.cli.options import HelmArguments, helm_options, output_option, release_argument
from chartgen.cli.verb import verb


def _body(text: str) -> bytes:
    """The request: JSON as given, of a file (`@FILE`), or of standard input (`@-`)."""
    if not text.startswith("@"):
        return text.encode()
    if text == "@-":
        return sys.stdin.buffer.read()
    try:
        return Path(text[1:]).read_bytes()
    except OSError as error:
        raise click.BadParameter(f"{text[1:]} cannot be read: {error.strerror}", param_hint="--data") from error


@verb(
    "predict",
    examples="""
    chartgen predict iris -d '{"input": [5.1, 3.5, 1.4, 0.2]}'
    chartgen predict iris -d @request.json -o json
    cat request.json | chartgen predict iris -d @-
    """,
)
@release_argument
@click.option("-d", "--data", required=True, metavar="JSON|@FILE", help="The request's body; @- is standard input.")
@click.option("--timeout", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Seconds to wait.")
@helm_options
@output_option("table", "json", "yaml")
def command(name: str, data: str, timeout: float, where: HelmArguments, output: str) -> None:
    """Send a request to the release NAME through the API server, and print the answer; the latency goes to stderr."""
    from chartgen import lifecycle

    body = _body(data)
    try:
        json.loads(body)
    except ValueError as error:
        raise click.BadParameter(f"the request is not JSON: {error}", param_hint="--data") from error
    answer = lifecycle.predict(where.place(), name, body, timeout=timeout)
    if output == "table":
        click.echo(json.dumps(answer.response, ensure_ascii=False))
        out.say(f"answered in {answer.milliseconds:.1f} ms, through the API server")
    else:
        out.data("Prediction", {"response": answer.response, "milliseconds": round(answer.milliseconds, 3)}, output)
