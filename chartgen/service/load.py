"""From service files to a `ServiceSpec`: read, merge, override, check, complete. Nothing but the order is here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from chartgen.errors import SchemaError, ServiceFileError
from chartgen.service import advice, rules, schema
from chartgen.service import overrides as setting
from chartgen.service.build import build
from chartgen.service.file import STDIN, read
from chartgen.service.merge import merge, overlay
from chartgen.service.node import Mapping, Position, Source, from_data
from chartgen.service.overrides import NO_OVERRIDES, Overrides
from chartgen.service.own_runtimes import own_runtimes
from chartgen.service.view import View

if TYPE_CHECKING:
    from collections.abc import Mapping as AnyMapping
    from collections.abc import Sequence

    from chartgen.service.model import ServiceSpec


def load(
    files: Sequence[Path | Literal["-"]],
    overrides: Overrides = NO_OVERRIDES,
    *,
    stdin: IO[bytes] | None = None,
    runtimes: Path | None = None,
) -> ServiceSpec:
    """The service that the files describe together.

    Args:
        files: The service files, the last one winning; `-` is standard input.
        overrides: What the `--set` family of options changes.
        stdin: What `-` reads; None means the process's standard input.
        runtimes: A folder with serving runtimes of the user's own; None for none.

    Returns:
        The service, complete and checked; its paths are absolute.

    Raises:
        ServiceFileError: A file cannot be read, or an override cannot be understood.
        SchemaError: The service breaks its schema or a rule; it carries every violation, in the order of the files.
    """
    if not files:
        raise ServiceFileError("no service file is given", hint="give one with -f FILE")
    if [str(file) for file in files].count(STDIN) > 1:
        raise ServiceFileError("standard input can be read only once", where="-f -", hint="give - once")
    document = merge([read(file, order, stdin) for order, file in enumerate(files)])
    document = setting.apply(document, overrides, len(files))
    first = str(files[0])
    return complete(document, None if first == STDIN else Path(first).absolute(), runtimes)


def parse_mapping(
    document: AnyMapping[str, object],
    *,
    name: str = "service",
    base: Path | None = None,
    runtimes: Path | None = None,
) -> ServiceSpec:
    """The service that a mapping describes, such as the body of a request.

    Args:
        document: The keys and values of a service file; paths may be text or `pathlib.Path`.
        name: What messages call the mapping.
        base: The folder that relative paths start from; None means the current one.
        runtimes: A folder with serving runtimes of the user's own; None for none.

    Returns:
        The service, complete and checked; its paths are absolute.

    Raises:
        ServiceFileError: The mapping holds what a service file cannot.
        SchemaError: The service breaks its schema or a rule.
    """
    where = Position(Source(name, 0, (base or Path.cwd()).absolute()))
    node = from_data(document, where)
    if not isinstance(node, Mapping):
        raise ServiceFileError(f"a {type(document).__name__} is no service", where=name, expected="a mapping")
    return complete(overlay(Mapping({}, where), node), None, runtimes)


def complete(document: Mapping, source: Path | None, runtimes: Path | None = None) -> ServiceSpec:
    """Checks a merged document and completes it.

    Args:
        document: The document.
        source: The first service file, absolute, if it is a file.
        runtimes: A folder with serving runtimes of the user's own.

    Raises:
        ServiceFileError: The folder of runtimes cannot be used.
        SchemaError: The service breaks its schema or a rule.
    """
    own = own_runtimes(runtimes)
    findings = schema.check(document, tuple(own))
    told = {finding.path for finding in findings}
    judged = rules.check(View(document, [finding.path for finding in findings if finding.blocks]))
    findings += [finding for finding in judged if finding.path not in told]
    if findings:
        ordered = sorted(findings, key=lambda finding: (finding.position.rank, finding.violation().path))
        raise SchemaError([finding.violation() for finding in ordered])
    spec = build(document, source)
    runtime = replace(spec.runtime, folder=own.get(spec.runtime.name))
    return replace(spec, runtime=runtime, warnings=advice.warnings(document, spec))
