"""Writes the generated documents: docs/reference-service-file.md, docs/reference-cli.md, the table of docs/chart.md.

usage: python tools/make_reference.py [--check]

They come from the schema, from the commands themselves and from a rendered chart, so they cannot say anything else.
The same sources give the same bytes. With --check nothing is written; the exit status is 1 when a document is stale.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chartgen import errors
from chartgen.chart.build import build
from chartgen.cli import VERBS, exit_codes, options, release_options
from chartgen.cli.verb import Verb
from chartgen.service.load import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "schemas" / "service" / "v1.schema.json"
EXAMPLE = ROOT / "examples" / "iris-sklearn" / "service.yaml"
NOTICE = "<!-- Written by tools/make_reference.py; do not edit. -->"
BEGIN, END = "<!-- values: written by tools/make_reference.py -->", "<!-- end of values -->"

Schema = dict[str, Any]

# The sections of the service file, in the order in which a reader meets them: the heading, and where it is defined.
SECTIONS = (
    ("The file", ()),
    ("model", ("$defs", "model")),
    ("runtime", ("$defs", "runtime")),
    ("runtime.packages", ("$defs", "packages")),
    ("cpu and memory", ("$defs", "resource")),
    ("hpa", ("properties", "hpa")),
    ("hpa.behavior", ("properties", "hpa", "properties", "behavior")),
    ("hpa.behavior.scaleUp, hpa.behavior.scaleDown", ("$defs", "scalingRules")),
    (
        "hpa.behavior.scaleUp.policies[], hpa.behavior.scaleDown.policies[]",
        ("$defs", "scalingRules", "properties", "policies", "items"),
    ),
    ("service", ("properties", "service")),
    ("ingress", ("properties", "ingress")),
    ("ingress.tls", ("properties", "ingress", "properties", "tls")),
    ("env.NAME", ("$defs", "variable")),
    ("env.NAME.secretKeyRef, env.NAME.configMapKeyRef", ("$defs", "keyReference")),
    ("sample", ("$defs", "sample")),
    ("pod", ("$defs", "pod")),
    ("pod.tolerations[]", ("$defs", "pod", "properties", "tolerations", "items")),
    ("pod.affinity", ("$defs", "pod", "properties", "affinity")),
    ("pod.topologySpreadConstraints[]", ("$defs", "pod", "properties", "topologySpreadConstraints", "items")),
)
PLANNED = "x-chartgen-status"
PLANNED_VALUES = "x-chartgen-planned"

SERVICE_FILE_INTRO = """\
Every key of the [service file](guide.md#the-service-file). The types and sentences are those of the schema,
[`schemas/service/v1.schema.json`](../schemas/service/v1.schema.json); an editor that knows YAML schemas checks
against it while you write. What a key means beyond its type is checked by `chartgen validate`.

An unknown key is an error. A key marked *not supported yet* is known, and refused.
"""

CLI_INTRO = """\
`chartgen VERB --help` says the same. Data goes to standard output, everything else to standard error.

Verbs that make something read a service file; verbs on a running release take its NAME.
"""

ENVIRONMENT = """\
| variable | what it does |
| --- | --- |
| `CHARTGEN_HELM` | the helm program, where `--helm` is not given |
| `CHARTGEN_DEBUG` | as `--debug` |
| `KUBECONFIG` | the kubeconfig, where `--kubeconfig` is not given |
| `HELM_KUBECONTEXT` | the context, where `--kube-context` is not given |
| `HELM_NAMESPACE` | the namespace, where `--namespace` is not given |
| `CHARTGEN_VERB_OPTION` | any option of any verb, such as `CHARTGEN_INSTALL_TIMEOUT=10m` |
| `NO_COLOR`, `FORCE_COLOR` | never colour messages; always colour them |
| `XDG_DATA_HOME` | where `chartgen helm install-binary` puts helm (else `~/.local/share`) |
| `XDG_CACHE_HOME` | where the libraries of `chartgen run` and compiled templates are kept (else `~/.cache`) |

Everything that begins with `HELM_` reaches helm as it is.
"""

# The codes that no error of chartgen's own stands behind.
OTHER_CODES = {
    exit_codes.OK: "It worked.",
    exit_codes.USAGE: "The command line is wrong: an unknown verb or option, a value of the wrong form.",
    130: "Ctrl-C.",
    143: "SIGTERM.",
}


def main() -> int:
    """Writes or checks; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a document is stale")
    check = parser.parse_args().check
    stale = [path for path, text in documents().items() if _differs(path, text)]
    for path in stale:
        if not check:
            path.write_text(documents()[path], encoding="utf-8")
        print(f"{path.relative_to(ROOT)} {'is stale: run python tools/make_reference.py' if check else 'written'}")
    return 1 if check and stale else 0


def documents() -> dict[Path, str]:
    """Every generated document, whole."""
    chart = ROOT / "docs" / "chart.md"
    return {
        ROOT / "docs" / "reference-service-file.md": service_file_reference(),
        ROOT / "docs" / "reference-cli.md": cli_reference(),
        chart: with_values(chart.read_text(encoding="utf-8")),
    }


def _differs(path: Path, text: str) -> bool:
    return not path.exists() or path.read_text(encoding="utf-8") != text


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; a cell's line ends and bars are made harmless."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in line) + " |" for line in lines
    )


# The service file.


def service_file_reference() -> str:
    """The reference of the service file."""
    schema: Schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    parts = [NOTICE, "# Service file", SERVICE_FILE_INTRO.rstrip()]
    for heading, path in SECTIONS:
        parts += [f"## {heading}", _section(schema, path)]
    parts += [
        "## Not supported yet",
        "These keys are declared, so that they are recognised, and refused.",
        _planned(schema),
    ]
    return "\n\n".join(parts) + "\n"


def _section(schema: Schema, path: tuple[str, ...]) -> str:
    node = schema
    for step in path:
        node = node[step]
    required = {*node.get("required", ()), *node.get("then", {}).get("required", ())}
    rows = [
        _row(name, _resolved(schema, each), required=name in required)
        for name, each in node["properties"].items()
        if each.get(PLANNED) != "planned"
    ]
    return table(["key", "type", "default", "meaning"], rows)


def _planned(schema: Schema) -> str:
    rows = []
    for prefix, node in (("", schema), ("model.", schema["$defs"]["model"]), ("runtime.", schema["$defs"]["runtime"])):
        for name, each in node["properties"].items():
            if each.get(PLANNED) == "planned":
                rows.append([f"`{prefix}{name}`", each["description"]])
            rows += [
                [f"`{prefix}{name}: {value}`", "Another value of this key."] for value in each.get(PLANNED_VALUES, ())
            ]
    return table(["key", "what it will be"], rows)


def _resolved(schema: Schema, node: Schema) -> Schema:
    """The node with what it refers to; its own words go before."""
    reference = node.get("$ref", "")
    return {**schema["$defs"][reference.rpartition("/")[2]], **node} if reference else node


def _row(name: str, node: Schema, *, required: bool) -> list[str]:
    default = "required" if required else f"`{_json(node['default'])}`" if "default" in node else ""
    sentences = [node.get("description", ""), _allowed(node), _examples(node)]
    return [f"`{name}`", _type(node), default, " ".join(sentence for sentence in sentences if sentence)]


def _type(node: Schema) -> str:
    kinds = node.get("type", "any")
    words = {
        "object": "mapping",
        "array": "list",
        "string": "text",
        "integer": "whole number",
        "boolean": "true or false",
    }
    return ", ".join(words.get(kind, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _allowed(node: Schema) -> str:
    if "enum" in node:
        planned = node.get(PLANNED_VALUES, [])
        said = "One of " + ", ".join(f"`{value}`" for value in node["enum"] if value not in planned) + "."
        return said + (f" Not supported yet: {', '.join(f'`{value}`' for value in planned)}." if planned else "")
    if "x-chartgen-expected" in node:
        return f"Form: {node['x-chartgen-expected']}."
    bounds = {"minimum": "at least", "maximum": "at most"}
    found = [f"{word} {node[key]}" for key, word in bounds.items() if key in node]
    return f"{' and '.join(found).capitalize()}." if found else ""


def _examples(node: Schema) -> str:
    examples = [example for example in node.get("examples", ()) if example not in ({}, {"nodeAffinity": {}})]
    return "Example: " + ", ".join(f"`{_json(example)}`" for example in examples) + "." if examples else ""


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


# The command line.


def cli_reference() -> str:
    """The reference of the command line."""
    parts = [NOTICE, "# Command line", CLI_INTRO.rstrip()]
    parts += [table(["verb", "what it does"], [[f"[`{verb}`](#{verb})", said] for verb, said in VERBS.items()])]
    groups = _groups()
    for name in VERBS:
        parts += _verb(name, groups)
    parts += ["## Options that several verbs share"]
    for heading, parameters in groups.items():
        parts += [f"### {heading}", _options(parameters)]
    parts += ["## Environment", ENVIRONMENT.rstrip(), "## Exit codes", _exit_codes()]
    return "\n\n".join(parts) + "\n"


def _groups() -> dict[str, list[click.Option]]:
    """The shared options, taken from the very decorators that the verbs use."""
    return {
        "Service file": _given_by(options.service_options),
        "Cluster": _given_by(options.helm_options),
        "Values": _given_by(release_options.release_values_options),
        "Waiting": _given_by(release_options.wait_options),
        "Messages": [each for each in Verb("any").params if isinstance(each, click.Option)],
    }


def _given_by(decorator: Callable[[Callable[..., Any]], Callable[..., Any]]) -> list[click.Option]:
    def nothing(**_options: object) -> None:
        """Carries the options."""

    return [each for each in click.command(decorator(nothing)).params if isinstance(each, click.Option)]


def _verb(name: str, groups: dict[str, list[click.Option]]) -> Iterator[str]:
    command: click.Command = importlib.import_module(f"chartgen.cli.{name}").command
    yield from _command(name, command, groups)
    if isinstance(command, click.Group):
        for inner in command.commands:
            yield from _command(f"{name} {inner}", command.commands[inner], groups)


def _command(name: str, command: click.Command, groups: dict[str, list[click.Option]]) -> Iterator[str]:
    context = click.Context(command, info_name=f"chartgen {name}")
    yield f"{'###' if ' ' in name else '##'} {name}"
    yield "\n\n".join(" ".join(paragraph.split()) for paragraph in (command.help or "").split("\n\n"))
    yield f"```text\n{' '.join([f'chartgen {name}', *command.collect_usage_pieces(context)])}\n```"
    own = [each for each in command.params if isinstance(each, click.Option)]
    shared = [heading for heading, group in groups.items() if all(_in(each, own) for each in group)]
    own = [each for each in own if not any(_in(each, groups[heading]) for heading in shared)]
    if own:
        yield _options(own)
    links = ", ".join(f"[{heading.lower()}](#{heading.lower().replace(' ', '-')})" for heading in shared)
    if links:
        yield f"{'Also' if own else 'Options'}: {links}."
    lines = (command.epilog or "").partition("Examples:\n")[2].splitlines()
    examples = "\n".join(line.strip() for line in lines)
    yield f"Examples:\n\n```sh\n{examples}\n```"


def _in(option: click.Option, group: list[click.Option]) -> bool:
    return any(option.opts == each.opts and option.help == each.help for each in group)


def _options(parameters: list[click.Option]) -> str:
    return table(["option", "default", "what it does"], [_option(each) for each in parameters])


def _option(option: click.Option) -> list[str]:
    context = click.Context(click.Command("any"))
    names, text = option.get_help_record(context) or ("", "")
    default = option.get_help_extra(context).get("default", "")
    return [f"`{names}`", f"`{default}`" if default else "", text.partition("  [")[0]]


def _exit_codes() -> str:
    causes: dict[int, list[str]] = {code: [said] for code, said in OTHER_CODES.items()}
    for error in _leaves(errors.ChartgenError):
        causes.setdefault(_code(error), []).append((error.__doc__ or "").partition("\n")[0])
    return table(["code", "when"], [[f"`{code}`", " ".join(causes[code])] for code in sorted(causes)])


def _code(error: type[errors.ChartgenError]) -> int:
    return next(code for kind, code in exit_codes._TABLE if issubclass(error, kind))


def _leaves(error: type[errors.ChartgenError]) -> Iterator[type[errors.ChartgenError]]:
    """The errors that have no more special one, in the order in which they are written down."""
    below = error.__subclasses__()
    if not below or error is errors.ClusterError:
        yield error
    for each in below:
        yield from _leaves(each)


# The values of a chart.


def with_values(text: str) -> str:
    """docs/chart.md with the table of the values of the iris example's chart.

    Args:
        text: The document as it is, with the two comments between which the table stands.

    Raises:
        ValueError: The comments are not there.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"docs/chart.md has no place for the values: {BEGIN} … {END}")
    readme = build(load([EXAMPLE])).chart.files["README.md"].decode()
    return f"{before}{BEGIN}\n\n{readme[readme.index('| value |') :].rstrip()}\n\n{END}{after}"


if __name__ == "__main__":
    sys.exit(main())
