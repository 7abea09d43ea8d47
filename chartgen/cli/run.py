"""`chartgen run`: the model served on this computer."""

from __future__ import annotations

import json
import shlex
import time
import urllib.error
import urllib.request

import click

from chartgen.cli import output as out
from chartgen.cli.live import working
from chartgen.cli.options import ServiceArguments, service_options
from chartgen.cli.verb import verb
from chartgen.errors import PredictionError

# Of a recorded sample, in the line that shows how to ask.
LONGEST_SHOWN = 500


@verb(
    "run",
    examples="""
    chartgen run -f service.yaml
    chartgen run -f service.yaml --port 0 --sample
    """,
)
@service_options
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port; 0 takes a free one."
)
@click.option(
    "--sample",
    is_flag=True,
    help="Send the recorded sample once, print the answer, compare it with the recorded one, and stop.",
)
@click.option(
    "--python", metavar="PATH", type=click.Path(), help="Serve with this Python, whatever its version (else the pod's)."
)
def command(arguments: ServiceArguments, host: str, port: int, sample: bool, python: str | None) -> None:
    """Serve a model on this computer, with the chart's own files and libraries, until Ctrl-C.

    The libraries are installed once, into ~/.cache/chartgen/environments; what was not used for 30 days is removed.
    """
    from chartgen.local.serve import prepare, serve

    built = arguments.build()
    spec = built.spec
    if sample and spec.sample is None:
        raise click.UsageError("--sample needs a `sample` in the service file")
    with working():
        served_by = prepare(built, out.say, python=python)
    with serve(built, served_by, host=host, port=port, say=out.say, quiet=out.is_quiet()) as server:
        out.say(f"{spec.name} answers at {server.url}/predict")
        if sample:
            recorded = built.plan.values["sample"]
            _send(server.url, recorded["request"])
            if recorded["response"]:
                server.smoke_test(recorded["tolerance"])
                out.say("the answer is the recorded one")
            return
        if out.is_quiet():
            click.echo(f"{server.url}/predict")
        recorded = built.plan.values.get("sample", {}).get("request", "")
        body = recorded if 0 < len(recorded) <= LONGEST_SHOWN else '{"input": …}'
        out.say(f"  curl {server.url}/predict --data {shlex.quote(body)}   (Ctrl-C stops it)")
        server.wait()


def _send(url: str, body: str) -> None:
    """Post the sample; the request, the answer and the latency are printed."""
    request = urllib.request.Request(f"{url}/predict", data=body.encode(), headers={"Content-Type": "application/json"})  # noqa: S310  # our own server
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    started = time.perf_counter()
    try:
        with opener.open(request) as response:
            answer = response.read().decode()
    except urllib.error.HTTPError as error:
        content = error.read().decode(errors="replace")
        raise PredictionError(f"the model refused the sample: {content}", status=error.code, body=content) from error
    milliseconds = (time.perf_counter() - started) * 1000
    out.say(f"POST /predict {body if len(body) <= 100 else body[:97] + '…'}")  # noqa: PLR2004  # a line of a terminal
    click.echo(json.dumps(json.loads(answer), ensure_ascii=False))
    out.say(f"answered in {milliseconds:.1f} ms")
