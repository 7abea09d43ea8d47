"""`chartgen lock`: the versions and hashes of a model's libraries."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

import click

from chartgen.atomic import write_whole
from chartgen.cli import output as out
from chartgen.cli.live import working
from chartgen.cli.options import ServiceArguments, service_options
from chartgen.cli.verb import verb
from chartgen.errors import LockError, OutputExistsError

if TYPE_CHECKING:
    from pathlib import Path

    from chartgen.pins.uv import Index
    from chartgen.service.model import Packages


@verb(
    "lock",
    examples="""
    chartgen lock
    chartgen lock -f service.yaml --package pandas --package 'xgboost==2.1.4'
    chartgen lock --index-url https://pypi.example.com/simple --cert company-ca.pem
    """,
)
@service_options
@click.option(
    "--package", "packages", multiple=True, metavar="REQUIREMENT", help="Lock this too, or in this version; repeat it."
)
@click.option(
    "--machine",
    "machines",
    type=click.Choice(["amd64", "arm64"]),
    multiple=True,
    default=("amd64", "arm64"),
    show_default=True,
    help="What the pods run on; repeat it.",
)
@click.option("--index-url", metavar="URL", help="The package index (else the service file's, else $PIP_INDEX_URL).")
@click.option(
    "--extra-index-url",
    "extra_index_urls",
    multiple=True,
    metavar="URL",
    help="A further one (else the service file's, else $PIP_EXTRA_INDEX_URL); repeat it.",
)
@click.option(
    "--cert", type=click.Path(exists=True, dir_okay=False), help="The certificates to trust (else $PIP_CERT)."
)
@click.option("--force", is_flag=True, help="Replace a file that `chartgen lock` did not write.")
def command(
    arguments: ServiceArguments,
    packages: tuple[str, ...],
    machines: tuple[str, ...],
    index_url: str | None,
    extra_index_urls: tuple[str, ...],
    cert: str | None,
    force: bool,
) -> None:
    """Ask the package index for the libraries of a model, and write requirements.lock beside the service file.

    Needed only for models whose libraries chartgen has no versions for, and for what a handler imports: what
    `runtime.requirements` says is locked together with the rest. Wheels only, for the pod's Python. The file's first
    line is the command that makes it again, with each --package. Every verb that makes a chart reads the file, and none
    of them asks the index.
    """
    from chartgen.chart.build import LOCK_FILE
    from chartgen.chart.on_gpu import uses_gpu
    from chartgen.chart.runtimes import load_runtime
    from chartgen.inspect import inspect_model
    from chartgen.pins.locking import dropped, lock
    from chartgen.pins.resolve import resolve

    spec = arguments.load()
    if spec.source is None:
        raise click.UsageError("the lock file lies beside the service file, so that cannot come from standard input")
    target = spec.source.parent / LOCK_FILE
    _refuse_another(target, force=force)
    more = [*packages, *spec.runtime.requirements]
    gone = dropped(target, more)
    model = spec.model
    facts = inspect_model(model.file, format=model.format, trusted=model.trusted, sha256=model.sha256)
    runtime = load_runtime(spec.runtime.name, spec.runtime.folder)
    roots = runtime.requirements if spec.runtime.folder else None
    gpu = uses_gpu(spec, facts)
    with working("asking the package index"):
        locked = lock(
            facts,
            spec.runtime.name,
            python=runtime.python,
            roots=roots,
            more=more,
            machines=list(dict.fromkeys(machines)),
            command=_command_line(arguments, target.parent, packages, machines),
            index=_index(spec.runtime.packages, index_url, extra_index_urls, cert),
            gpu=gpu,
        )
    try:
        write_whole(target, locked.text.encode())
    except OSError as error:
        raise LockError(f"cannot be written: {error.strerror or error}", where=str(target)) from error
    again = resolve(facts, spec.runtime.name, target, roots=roots, gpu=gpu)
    for warning in dict.fromkeys((*locked.warnings, *again.warnings)):
        out.warn(warning)
    for each in gone:
        out.warn(f"{each} was asked for before, and is not now: --package {shlex.quote(each)} keeps it")
    out.say(f"{locked.packages} packages are locked")
    click.echo(os.path.relpath(target))


def _command_line(
    arguments: ServiceArguments, folder: Path, packages: tuple[str, ...], machines: tuple[str, ...]
) -> str:
    """What makes the same lock again in its folder; the index, whose address may hold credentials, is left out."""
    words = ["chartgen", "lock"]
    files = [os.path.relpath(file, folder) for file in arguments.files]
    words += [word for file in files for word in ("-f", file)] if files != ["service.yaml"] else []
    words += ["--runtimes", os.path.relpath(arguments.runtimes, folder)] if arguments.runtimes else []
    words += [word for each in packages for word in ("--package", each)]
    words += [word for each in sorted(set(machines)) for word in ("--machine", each)] if len(set(machines)) == 1 else []
    line = shlex.join(words)
    return line if line.isprintable() else "chartgen lock"


def _refuse_another(target: Path, *, force: bool) -> None:
    """Raise where the file is somebody's own."""
    from chartgen.pins.locking import is_ours

    if target.exists() and not force and not is_ours(target):
        raise OutputExistsError(
            "the file was not written by `chartgen lock`", where=str(target), hint="pass --force to replace it"
        )


def _index(packages: Packages, url: str | None, extra_urls: tuple[str, ...], cert: str | None) -> Index:
    """The index: the command line goes before the service file, and that before pip's environment."""
    from chartgen.pins.uv import Index

    environment = os.environ.get
    return Index(
        url=url or packages.index_url or environment("PIP_INDEX_URL", ""),
        extra_urls=extra_urls or packages.extra_index_urls or tuple(environment("PIP_EXTRA_INDEX_URL", "").split()),
        certificates=os.path.abspath(cert) if cert else environment("PIP_CERT", ""),  # noqa: PTH100  # text for uv
    )
