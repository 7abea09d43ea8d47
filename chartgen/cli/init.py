"""`chartgen init`: the first service file of a model."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import click

from chartgen.atomic import write_whole
from chartgen.cli import output as out
from chartgen.cli.verb import verb
from chartgen.errors import ChartgenError, OutputExistsError, SchemaError, ServiceFileError
from chartgen.names import is_release_name

_FORMS = ("table", "json", "yaml", "name")
_STDOUT = "-"


def _checked_name(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not is_release_name(value):
        raise click.BadParameter(
            "lower-case letters, digits and `-`, a letter first, no `-` at the end, at most 53 characters"
        )
    return value


def _checked_path(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """A path; the name of a form, which `-o` takes elsewhere, is none."""
    if value in _FORMS:
        raise click.BadParameter(
            f"here it is the path of the service file, not a form of the output: such as `-o service.yaml`, or "
            f"`-o ./{value}` for a file of that name"
        )
    return value


@verb(
    "init",
    examples="""
    chartgen init iris.pkl
    chartgen init models/iris.onnx --name iris --output services/iris.yaml
    """,
)
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "file",
    type=click.Path(dir_okay=False, allow_dash=True),
    default="service.yaml",
    show_default=True,
    callback=_checked_path,
    metavar="PATH",
    help="The service file; - is standard output.",
)
@click.option("--name", metavar="NAME", callback=_checked_name, help="The service's name (else the model file's).")
@click.option("--trusted", is_flag=True, help="Accept a pickle whose imports are not on the allow-list.")
@click.option("--schema/--no-schema", default=True, show_default=True, help="Write the schema for editors beside it.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def command(model: Path, file: str, name: str | None, trusted: bool, schema: bool, force: bool) -> None:
    """Write a commented service file for MODEL, and print its path. MODEL is read and never executed.

    To standard output goes the file alone, without the schema; the model's path is then as seen from here.

    The file is valid as it is, or what it lacks is told, such as the handler of weights alone; take the `#` away before
    the keys that you want. The schema beside it lets an editor check and complete the keys.
    """
    from chartgen import starter
    from chartgen.inspect import inspect_model

    facts = inspect_model(model, trusted=trusted)
    to_file = file != _STDOUT
    target = Path(file if to_file else "service.yaml").absolute()
    inside = os.path.relpath(model.absolute(), target.parent)
    chosen = name or starter.service_name(model.stem)
    text = starter.service_text(inside, facts, chosen, trusted=bool(facts.untrusted), schema=schema and to_file)
    if to_file:
        _write_both(target, Path(file), text, schema=schema, force=force)
        click.echo(str(Path(file)))
    else:
        click.echo(text, nl=False)
    if starter.is_guess(facts):
        out.warn("the model does not say what goes into it: replace the `sample` by a request that it can answer")
    _say_whether_it_is_valid(target if to_file else text)


def _write_both(target: Path, file: Path, text: str, *, schema: bool, force: bool) -> None:
    """The service file, and beside it the schema if there is to be one."""
    from chartgen import starter

    schema_file = target.with_name(starter.SCHEMA_FILE)
    _refuse_what_is_there(file, schema_file if schema else None, force=force)
    if schema:
        _write(schema_file, starter.schema_text(), replace=True)
    _write(file, text, replace=force)


def _refuse_what_is_there(file: Path, schema_file: Path | None, *, force: bool) -> None:
    """Raise where something would be lost; a schema that chartgen wrote is none."""
    if force:
        return
    if os.path.lexists(file):
        raise OutputExistsError(
            "there is a file already", where=str(file), hint="choose another --output, or pass --force to replace it"
        )
    if schema_file is not None and os.path.lexists(schema_file) and not _is_ours(schema_file):
        raise OutputExistsError(
            "there is a file that is not chartgen's schema",
            where=str(schema_file),
            hint="move it away, pass --no-schema, or pass --force to replace it",
        )


def _is_ours(schema_file: Path) -> bool:
    try:
        return str(json.loads(schema_file.read_bytes()).get("$id")).startswith("urn:chartgen:service:")
    except (OSError, ValueError, AttributeError):
        return False


def _write(path: Path, text: str, *, replace: bool) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode(), replace=replace)
    except FileExistsError as error:
        raise OutputExistsError(
            "there is a file already", where=str(path), hint="pass --force to replace it"
        ) from error
    except OSError as error:
        raise ServiceFileError(f"cannot be written: {error.strerror or error}", where=str(path)) from error


def _say_whether_it_is_valid(file: Path | str) -> None:
    """A model that cannot be served yet is told of now, not at the next verb."""
    from chartgen.chart.build import build
    from chartgen.service.load import load

    try:
        build(load([file]) if isinstance(file, Path) else load(["-"], stdin=io.BytesIO(file.encode())))
    except ChartgenError as error:
        for part in error.violations if isinstance(error, SchemaError) else (error,):
            out.warn(f"the service file is written, and not valid yet: {part}")
            if part.hint:
                out.say(f"  hint: {part.hint}")
